// Scores: trust-weighted ballots by cluster, under accuracies and confusion tables.

import { log2Q, timesQ } from '../base/index.js'
import type { Scores } from './beliefs.js'
import { itemCount } from './columns.js'
import type { Table } from './confusion.js'
import type { Field } from './field.js'
import type { Sayings } from './sayings.js'
import { createSupports, type Supports } from './supports.js'
import { bitsOf } from './weight.js'

/** What ballots are worth at present. */
export interface Worth {
  /** By slot. */
  readonly accuracy: Uint32Array
  readonly groups: Uint32Array
  readonly tables: readonly Table[]
  /** By row: 1 = it counts. */
  readonly speaks: Uint8Array
}

/** Scores under what ballots are worth at present. */
export type Scorer = (worth: Worth) => Scores

/**
 * Makes the scorer of a field.
 * Cost of a round: O(rows), times the listed clusters of the item in closed predicates.
 */
export function createScorer(field: Field, sayings: readonly Sayings[]): Scorer {
  const { columns } = field
  const supports = createSupports(field, sayings)
  return (worth) => {
    const of = new Float64Array(columns.classOf.length)
    const reached = new Uint8Array(itemCount(columns))
    const bases = worth.tables.map(({ base }) => baseBits(base))
    supports.compute(worth.tables, worth.accuracy)
    for (let item = 0; item < reached.length; item += 1) {
      const closed = columns.closedOf[item] ?? -1
      if (columns.many[item] === 1) scoreMany(field, worth, item, of)
      else if (worth.tables[closed] === undefined) scoreOpen(field, worth, item, of)
      else scoreClosed(field, worth, item, of, supports)
      if (!isReached(field, item, of)) continue
      reached[item] = 1
      const base = bases[closed]
      if (base !== undefined) addBase(field, item, of, base)
    }
    return { of, reached }
  }
}

/** Bits that a base rate gives each class, Q16: 0 for the rarest. */
export function baseBits(base: Uint32Array): Int32Array {
  const bits = Int32Array.from(base, (share) => log2Q(Math.max(1, share)))
  const least = bits.reduce((min, own) => Math.min(min, own), bits[0] ?? 0)
  return bits.map((own) => own - least)
}

/** With many answers a score can be 0 or less where weight is: then as much is against as for. */
function isReached({ columns }: Field, item: number, of: Float64Array): boolean {
  for (let at = columns.clusterFrom[item] ?? 0; at < (columns.clusterFrom[item + 1] ?? 0); at += 1) {
    const score = of[at] ?? 0
    if (score > 0 || (score !== 0 && columns.many[item] === 1)) return true
  }
  return false
}

function scoreOpen(field: Field, worth: Worth, item: number, of: Float64Array): void {
  const { columns, slots, voiceOf, constants } = field
  const clusters = (columns.clusterFrom[item + 1] ?? 0) - (columns.clusterFrom[item] ?? 0)
  for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
    if (worth.speaks[row] === 0) continue
    const bits = bitsOf(worth.accuracy[slots.ofRow[row] ?? 0] ?? 0, clusters, constants.bitsMax)
    add(of, columns.clusterOf[row] ?? 0, timesQ(bits, voiceOf[row] ?? 0))
  }
}

function scoreClosed(
  field: Field, worth: Worth, item: number, of: Float64Array, supports: Supports
): void {
  const { columns, listed, slots, voiceOf, constants } = field
  const { bits: supported, from: supportFrom } = supports
  const closed = columns.closedOf[item] ?? 0
  const classes = worth.tables[closed]?.classes ?? 0
  const [from, end] = [listed.from[item] ?? 0, listed.from[item + 1] ?? 0]
  for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
    if (worth.speaks[row] === 0) continue
    const cluster = columns.clusterOf[row] ?? 0
    const [said, voice] = [columns.classOf[cluster] ?? -1, voiceOf[row] ?? 0]
    if (said < 0) {
      const bits = bitsOf(worth.accuracy[slots.ofRow[row] ?? 0] ?? 0, classes, constants.bitsMax)
      add(of, cluster, timesQ(bits, voice))
      continue
    }
    const support = supportFrom[row] ?? 0
    for (let at = from; at < end; at += 1) {
      const truth = listed.clusters[at] ?? 0
      add(of, truth, timesQ(supported[support + (columns.classOf[truth] ?? 0)] ?? 0, voice))
    }
  }
}

/** For each answer 2 * held less what every speaker gives its strongest: for it less against it. */
function scoreMany(field: Field, worth: Worth, item: number, of: Float64Array): void {
  const { columns, slots, voiceOf, constants } = field
  const [from, end] = [columns.clusterFrom[item] ?? 0, columns.clusterFrom[item + 1] ?? 0]
  const most = new Map<number, number>()
  for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
    const agent = columns.agentOf[row] ?? 0
    const group = worth.groups[agent] ?? agent
    const bits = bitsOf(worth.accuracy[slots.ofRow[row] ?? 0] ?? 0, 2, constants.bitsMax)
    const held = timesQ(bits, voiceOf[row] ?? 0)
    most.set(group, Math.max(most.get(group) ?? 0, held))
    if (worth.speaks[row] === 1) add(of, columns.clusterOf[row] ?? 0, 2 * held)
  }
  const all = [...most.values()].reduce((sum, held) => sum + held, 0)
  for (let at = from; at < end; at += 1) add(of, at, -all)
}

function addBase({ columns, listed }: Field, item: number, of: Float64Array, bits: Int32Array): void {
  for (let at = listed.from[item] ?? 0; at < (listed.from[item + 1] ?? 0); at += 1) {
    const cluster = listed.clusters[at] ?? 0
    add(of, cluster, bits[columns.classOf[cluster] ?? 0] ?? 0)
  }
}

function add(column: Float64Array, at: number, amount: number): void {
  column[at] = (column[at] ?? 0) + amount
}

