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

/** Before any track record: shares of ballots, of those of seeds alone where there are seeds. */
export function firstBeliefs(field: Field, speaks: Uint8Array): Beliefs {
  const { columns, seeds, seeded, voiceOf } = field
  const mass = new Float64Array(columns.classOf.length)
  for (const [row, cluster] of columns.clusterOf.entries()) {
    if (speaks[row] === 0) continue
    const weight = !seeded ? 1 : seeds[columns.agentOf[row] ?? 0] === 1 ? SEED_WEIGHT : 0
    mass[cluster] = (mass[cluster] ?? 0) + (voiceOf[row] ?? 0) * weight
  }
  return eachItem(field, (from, end, p) => {
    let sum = 0
    for (let at = from; at < end; at += 1) sum += mass[at] ?? 0
    if (sum === 0) return false
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
    for (let at = from; at < end; at += 1) sum += halfPower(most - (scores.of[at] ?? 0))
    for (let at = from; at < end; at += 1) {
      p[at] = Math.floor((Q * halfPower(most - (scores.of[at] ?? 0))) / sum)
    }
    return true
  })
}

/** By item the cluster of the greatest score, the first of equal ones. */
export function winnersOf(field: Field, scores: Scores): Uint32Array {
  const { clusterFrom } = field.columns
  return Uint32Array.from(field.anchorOf, (_, item) => {
    const from = clusterFrom[item] ?? 0
    let best = from
    for (let at = from + 1; at < (clusterFrom[item + 1] ?? 0); at += 1) {
      if ((scores.of[at] ?? 0) > (scores.of[best] ?? 0)) best = at
    }
    return best
  })
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
