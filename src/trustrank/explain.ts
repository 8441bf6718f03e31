// Explanations: what an agent's published values were computed from.

import { type PublicKey, Q } from '../base/index.js'
import { eachRow } from './columns.js'
import type { Field } from './field.js'
import type { FixedPoint } from './fixed-point.js'

/** Items that an explanation names at most, on each side. */
export const MOVERS_MAX = 10

/** One ballot that moved an agent's accuracy. */
export interface Mover {
  /** Index of the item in the columns. */
  readonly item: number
  /** Q16: how probable the answer is that the agent backs. */
  readonly p: number
  /** What the ballot counts in the track record, Q16: 65,536 a plain one, more on an audited item. */
  readonly weight: number
}

/** A track record under one predicate, Q16. */
export interface PredicateRecord {
  readonly predicate: string
  readonly ballots: number
  readonly hits: number
  readonly accuracy: number
}

/** Why an agent's values are what they are. Q16 unless said otherwise. */
export interface Explanation {
  /** Ballots in the track record, Q16, audited items counted as often as they weigh. */
  readonly ballots: number
  readonly hits: number
  /** Plain number of ballots on items that a seed has judged. */
  readonly audited: number
  readonly accuracy: number
  /** Under each predicate that it has ballots under, by rising predicate. */
  readonly predicates: readonly PredicateRecord[]
  readonly seed: boolean
  /** Mass of 2^40 that reached it; absent when all stand alike. */
  readonly mass?: number | undefined
  /** Other agents of its clone group, ascending. */
  readonly clones: readonly PublicKey[]
  /** Ballots that cost most, heaviest loss first. */
  readonly lost: readonly Mover[]
  /** Ballots that gained most, heaviest gain first. */
  readonly gained: readonly Mover[]
}

/** The explanation of an agent; undefined for one that is neither a seed nor has ballots. */
export function explain(field: Field, point: FixedPoint, key: PublicKey): Explanation | undefined {
  const { columns } = field
  const agent = columns.agents.indexOf(key)
  if (agent < 0) return undefined
  const movers: Mover[] = []
  let audited = 0
  eachRow(columns, (row, item) => {
    if (columns.agentOf[row] !== agent || point.beliefs.known[item] === 0) return
    const anchor = field.anchorOf[item] ?? 1
    if (anchor > 1) audited += 1
    movers.push({
      item, p: point.beliefs.p[columns.clusterOf[row] ?? 0] ?? 0, weight: (field.recordOf[row] ?? 0) * anchor
    })
  })
  const group = point.groups[agent]
  return {
    ballots: point.records.ballots[agent] ?? 0, hits: point.records.hits[agent] ?? 0, audited,
    accuracy: point.accuracy.ofAgent[agent] ?? 0, predicates: predicatesOf(field, point, agent),
    seed: field.seeds[agent] === 1, mass: field.mass?.[agent],
    clones: columns.agents.filter((_, other) => other !== agent && point.groups[other] === group),
    lost: most(movers, (mover) => (Q - mover.p) * mover.weight),
    gained: most(movers, (mover) => mover.p * mover.weight)
  }
}

function predicatesOf(
  { columns, slots }: Field, { records, accuracy }: FixedPoint, agent: number
): readonly PredicateRecord[] {
  const own = [...slots.agentOf.keys()].filter((slot) => slots.agentOf[slot] === agent)
  return own.sort((a, b) => (slots.predicateOf[a] ?? 0) - (slots.predicateOf[b] ?? 0)).map((slot) => ({
    predicate: columns.predicates[slots.predicateOf[slot] ?? 0] ?? '',
    ballots: records.slotBallots[slot] ?? 0, hits: records.slotHits[slot] ?? 0,
    accuracy: accuracy.ofSlot[slot] ?? 0
  }))
}

/** The heaviest by a measure, ties by item. */
function most(movers: readonly Mover[], measure: (mover: Mover) => number): readonly Mover[] {
  return movers.filter((mover) => measure(mover) >= Q * Q / 2)
    .sort((a, b) => measure(b) - measure(a) || a.item - b.item).slice(0, MOVERS_MAX)
}
