// Beliefs: how probable each cluster of each item is.

import { EXP2_ONE, halfPower, Q } from '../base/index.js'
import { itemCount } from './columns.js'
import type { Field } from './field.js'

/** What is believed of the items. */
export interface Beliefs {
  /** By cluster, Q16: probability; 0 in items that no weight has reached. */
  readonly p: Uint32Array
  /** By item: 1 = some weight has reached it. */
  readonly known: Uint8Array
}

/** Scores of clusters; with many answers, what is for each less what is against it. */
export interface Scores {
  /** By cluster, Q16 bits. */
  readonly of: Float64Array
  /** By item: 1 = some score is above 0. */
  readonly reached: Uint8Array
}

/** Weight of a seed's ballot at the start, all others having none. */
const SEED_WEIGHT = 3

/**
 * Before any track record: shares of ballots, of those of seeds alone where there are seeds. With many
 * answers each ballot is one bit for its answer, or against those that it does not name.
 */
export function firstBeliefs(field: Field, speaks: Uint8Array): Beliefs {
  const { columns } = field
  const weights = Float64Array.from(speaks, (counts, row) => (counts === 0 ? 0 : firstWeight(field, row)))
  const mass = new Float64Array(columns.classOf.length)
  for (const [row, cluster] of columns.clusterOf.entries()) {
    mass[cluster] = (mass[cluster] ?? 0) + (weights[row] ?? 0)
  }
  return eachItem(field, (from, end, p, item) => {
    let sum = 0
    for (let at = from; at < end; at += 1) sum += mass[at] ?? 0
    if (sum === 0) return false
    if (columns.many[item] === 1) {
      const most = mostOf(field, item, weights)
      for (let at = from; at < end; at += 1) p[at] = againstNot(2 * (mass[at] ?? 0) - most)
      return true
    }
    for (let at = from; at < end; at += 1) p[at] = Math.floor(((mass[at] ?? 0) * Q) / sum)
    return true
  })
}

/** p = floor(Q * 2^(score - max) / sum); with many answers that of "this" against "not this". */
export function beliefsOf(field: Field, scores: Scores): Beliefs {
  return eachItem(field, (from, end, p, item) => {
    if (scores.reached[item] === 0) return false
    if (field.columns.many[item] === 1) {
      for (let at = from; at < end; at += 1) p[at] = againstNot(scores.of[at] ?? 0)
      return true
    }
    let most = 0
    for (let at = from; at < end; at += 1) most = Math.max(most, scores.of[at] ?? 0)
    let sum = 0
    for (let at = from; at < end; at += 1) {
      const part = halfPower(most - (scores.of[at] ?? 0))
      p[at] = part
      sum += part
    }
    for (let at = from; at < end; at += 1) p[at] = Math.floor((Q * (p[at] ?? 0)) / sum)
    return true
  })
}

/** By item the cluster of the greatest score, the first of equal ones. */
export function winnersOf(field: Field, scores: Scores): Uint32Array {
  const { clusterFrom } = field.columns
  const winners = new Uint32Array(itemCount(field.columns))
  for (let item = 0; item < winners.length; item += 1) {
    let best = clusterFrom[item] ?? 0
    for (let at = best + 1; at < (clusterFrom[item + 1] ?? 0); at += 1) {
      if ((scores.of[at] ?? 0) > (scores.of[best] ?? 0)) best = at
    }
    winners[item] = best
  }
  return winners
}

function firstWeight({ columns, seeds, seeded, voiceOf }: Field, row: number): number {
  if (!seeded) return voiceOf[row] ?? 0
  return seeds[columns.agentOf[row] ?? 0] === 1 ? SEED_WEIGHT * (voiceOf[row] ?? 0) : 0
}

/** What an answer would hold if each agent of the item gave it its most. */
function mostOf({ columns }: Field, item: number, weights: Float64Array): number {
  const most = new Map<number, number>()
  for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
    const agent = columns.agentOf[row] ?? 0
    most.set(agent, Math.max(most.get(agent) ?? 0, weights[row] ?? 0))
  }
  let sum = 0
  for (const weight of most.values()) sum += weight
  return sum
}

function againstNot(margin: number): number {
  const lesser = halfPower(Math.abs(margin))
  return Math.floor((Q * (margin >= 0 ? EXP2_ONE : lesser)) / (EXP2_ONE + lesser))
}

type Judge = (from: number, end: number, p: Uint32Array, item: number) => boolean

function eachItem({ columns }: Field, judge: Judge): Beliefs {
  const p = new Uint32Array(columns.classOf.length)
  const known = new Uint8Array(itemCount(columns))
  for (let item = 0; item < known.length; item += 1) {
    const [from, end] = [columns.clusterFrom[item] ?? 0, columns.clusterFrom[item + 1] ?? 0]
    if (judge(from, end, p, item)) known[item] = 1
  }
  return { p, known }
}
