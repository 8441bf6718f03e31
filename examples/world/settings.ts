// How the network of this example judges its predicates: what its founder's epoch says.

import type { PredicateSettings } from '../../src/record/index.js'
import type { WorldPredicate } from './statements.js'

const PREDICATES: readonly WorldPredicate[] = [
  'area', 'calling_code', 'capital', 'currency', 'name', 'population'
]
/** A year of 365.25 days: packages do not take back what they said, and most are released every year. */
const HALF_LIFE_MS = 31_557_600_000

/** Of every predicate: one answer; a ballot a year older than the newest on its fact counts half. */
export function worldSettings(): ReadonlyMap<string, PredicateSettings> {
  return new Map(PREDICATES.map((name) => [name, { cardinality: 'one', halfLifeMs: HALF_LIFE_MS }]))
}
