// Closed predicates: those whose answers come from a short list, so that it makes sense to ask which value an
// agent says when another is true.
// Rule: the epoch's vocabulary decides; without one, short values that recur over agents and items do.

import { type PublicKey, TRUST_LIMITS } from '../base/index.js'
import type { KeyBallots } from './key-ballots.js'
import type { ClosedPredicate } from './columns.js'
import { TRUST_CONSTANTS } from './parameters.js'

/** Agents that a value needs to count as one of a list. */
const AGENTS_MIN = 3
/** Items for each value: answers that belong to one item each are no list. */
const ITEMS_PER_VALUE = 3
/** Tenths of the rows that the values of the list must hold. */
const TENTHS_MIN = 9

/** What was said under one predicate. */
class Tally {
  readonly agents = new Map<string, Set<PublicKey>>()
  readonly rows = new Map<string, number>()
  items = 0
  rowsTotal = 0
  vocabulary: readonly string[] | undefined
}

/** The closed predicates of keys, by rising name. Cost: O(rows). */
export function closedPredicates(keys: readonly KeyBallots[]): readonly ClosedPredicate[] {
  const tallies = new Map<string, Tally>()
  for (const key of keys) {
    if (!key.exact || key.cardinality === 'many') continue
    let tally = tallies.get(key.predicate)
    if (tally === undefined) tallies.set(key.predicate, tally = new Tally())
    count(tally, key)
  }
  const closed: ClosedPredicate[] = []
  for (const [predicate, tally] of tallies) {
    const values = tally.vocabulary ?? recurring(tally)
    if (values.length < 2 || values.length > TRUST_CONSTANTS.classesMax) continue
    closed.push({ predicate, values: [...values].sort() })
  }
  return closed.sort((a, b) => (a.predicate < b.predicate ? -1 : 1))
}

function count(tally: Tally, { clusters, rows, vocabulary }: KeyBallots): void {
  tally.items += 1
  tally.vocabulary = vocabulary
  tally.rowsTotal += rows.length
  for (const { agent, cluster } of rows) {
    const value = clusters[cluster]?.value
    if (value === undefined || value.length > 2 * TRUST_LIMITS.classBytesMax) continue
    tally.rows.set(value, (tally.rows.get(value) ?? 0) + 1)
    let agents = tally.agents.get(value)
    if (agents === undefined) tally.agents.set(value, agents = new Set<PublicKey>())
    if (agents.size < AGENTS_MIN) agents.add(agent)
  }
}

function recurring({ agents, rows, items, rowsTotal }: Tally): readonly string[] {
  const values = [...agents].filter(([, by]) => by.size >= AGENTS_MIN).map(([value]) => value)
  const held = values.reduce((sum, value) => sum + (rows.get(value) ?? 0), 0)
  return items >= ITEMS_PER_VALUE * values.length && 10 * held >= TENTHS_MIN * rowsTotal ? values : []
}
