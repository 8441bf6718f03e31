// Explanations: what an agent's published values were computed from.

import { type PublicKey, Q } from '../base/index.js'
import { eachRow } from './columns.js'
import type { Field } from './field.js'
import type { FixedPoint } from './fixed-point.js'
import { wholeRecord } from './record.js'

/** Items that an explanation names at most, on each side. */
export const MOVERS_MAX = 10

/** One ballot that moved an agent's accuracy. */
export interface Mover {
  /** Index of the item in the columns. */
  readonly item: number
  /** Q16: how probable the answer is that the agent backs. */
  readonly p: number
  /** What the ballot counts in the track record, Q16. */
  readonly weight: number
  /** A seed has judged the item. */
  readonly audited: boolean
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
  /** Ballots in the track record, Q16, each counted once. */
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
  /** Ballots that cost most: those on audited items first, then by falling loss. */
  readonly lost: readonly Mover[]
  /** Ballots that gained most, in the same order. */
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
    const judged = field.auditedOf[item] === 1
    if (judged) audited += 1
    const p = point.beliefs.p[columns.clusterOf[row] ?? 0] ?? 0
    movers.push({ item, p, weight: field.recordOf[row] ?? 0, audited: judged })
  })
  const group = point.groups[agent]
  return {
    ...wholeRecord(point.records, agent), audited,
    accuracy: point.accuracy.ofAgent[agent] ?? 0, predicates: predicatesOf(field, point, agent),
    seed: field.seeds[agent] === 1, mass: field.mass?.[agent],
    clones: columns.agents.filter((_, other) => other !== agent && point.groups[other] === group),
    lost: most(movers, (mover) => (Q - mover.p) * mover.weight),
    gained: most(movers, (mover) => mover.p * mover.weight)
  }
}

function predicatesOf(
  { columns, slots }: Field, { records: { plain, audited }, accuracy }: FixedPoint, agent: number
): readonly PredicateRecord[] {
  const own = [...slots.agentOf.keys()].filter((slot) => slots.agentOf[slot] === agent)
  return own.sort((a, b) => (slots.predicateOf[a] ?? 0) - (slots.predicateOf[b] ?? 0)).map((slot) => ({
    predicate: columns.predicates[slots.predicateOf[slot] ?? 0] ?? '',
    ballots: (plain.slotBallots[slot] ?? 0) + (audited.slotBallots[slot] ?? 0),
    hits: (plain.slotHits[slot] ?? 0) + (audited.slotHits[slot] ?? 0),
    accuracy: accuracy.ofSlot[slot] ?? 0
  }))
}

/** Of those that count half at least the audited ones, then the heaviest by a measure; ties by item. */
function most(movers: readonly Mover[], measure: (mover: Mover) => number): readonly Mover[] {
  const order = (a: Mover, b: Mover): number =>
    Number(b.audited) - Number(a.audited) || measure(b) - measure(a) || a.item - b.item
  return movers.filter((mover) => measure(mover) >= Q * Q / 2).sort(order).slice(0, MOVERS_MAX)
}
