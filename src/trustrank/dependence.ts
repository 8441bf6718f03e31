// Dependence: agents of a closed predicate whose answers hang together beyond what the truth explains speak
// with less than a full voice each.
// Rule: on a short list independent errors coincide, so agreement is weak evidence there, and agents that err
// together look like agents that know. Given the truth, independent agents agree by chance alone.

import { Q } from '../base/index.js'
import type { Field } from './field.js'
import { contestedItems, type Pairs, pairsOf } from './pairs.js'
import { mulDiv, ratioQ } from './ratio.js'

/** Parts of one in which excess agreement is measured: its square stays exact for 2^16 common items. */
const PARTS = 1_024

/** By agent, Q16: the share of a full voice that it keeps; absent = all of it. */
export type Shares = ReadonlyMap<number, number>

/**
 * By closed predicate, the shares of its agents: one over one plus the sum of an agent's dependence on others
 * (Kish's design effect).
 * Cost: for each closed predicate that of pairs over its own items.
 */
export function sharesOf(field: Field, groups: Uint32Array, speaks: Uint8Array): readonly Shares[] {
  const { closed, closedOf, classOf } = field.columns
  const contested = contestedItems(field.columns, closed.length, (item) => closedOf[item] ?? -1)
  const mass = new Float64Array(classOf.length)
  return contested.map((items) => {
    const pairs = pairsOf(field, items)
    if (pairs.agents.length < 2) return new Map<number, number>()
    const accuracy = pluralityAccuracy(field, items, speaks, mass)
    const shares = new Map<number, number>()
    for (const [at, sum] of dependenceOf(field, pairs, pairs.agents.map(accuracy), groups).entries()) {
      const agent = pairs.agents[at]
      if (sum > 0 && agent !== undefined) shares.set(agent, mulDiv(Q, Q, Q + sum))
    }
    return shares
  })
}

/** The field with the voices that shares leave: of rows that say a value of a closed predicate. */
export function heardField(field: Field, shares: readonly Shares[]): Field {
  const { columns, voiceOf } = field
  const heard = voiceOf.slice()
  for (const [item, closed] of columns.closedOf.entries()) {
    const share = shares[closed]
    if (share === undefined || share.size === 0) continue
    for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
      if ((columns.classOf[columns.clusterOf[row] ?? 0] ?? -1) < 0) continue
      heard[row] = Math.floor(((voiceOf[row] ?? 0) * (share.get(columns.agentOf[row] ?? 0) ?? Q)) / Q)
    }
  }
  return { ...field, voiceOf: heard }
}

/**
 * Q16 by agent: how often it says what most say, in contested items.
 * @param mass by cluster, 0 in those of these items
 */
function pluralityAccuracy(
  field: Field, contested: readonly number[], speaks: Uint8Array, mass: Float64Array
): (agent: number) => number {
  const { columns, constants } = field
  const [hits, ballots] = [new Map<number, number>(), new Map<number, number>()]
  const all = { hits: 0, ballots: 0 }
  for (const item of contested) {
    const best = pluralityOf(field, item, speaks, mass)
    if (best === undefined) continue
    for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
      const agent = columns.agentOf[row] ?? 0
      ballots.set(agent, (ballots.get(agent) ?? 0) + 1)
      all.ballots += 1
      if (columns.clusterOf[row] !== best) continue
      hits.set(agent, (hits.get(agent) ?? 0) + 1)
      all.hits += 1
    }
  }
  const mean = ratioQ(all.hits, Math.max(1, all.ballots))
  const { priorBallots, accuracyMin, accuracyMax } = constants
  return (agent) => {
    const right = hits.get(agent) ?? 0
    const number = ballots.get(agent) ?? 0
    const accuracy = Math.floor((right * Q + priorBallots * mean) / (number + priorBallots))
    return Math.min(Math.max(accuracy, accuracyMin), accuracyMax)
  }
}

/** The cluster of an item with most voice, the first of equal ones; undefined where nobody has any. */
function pluralityOf(
  { columns, voiceOf }: Field, item: number, speaks: Uint8Array, mass: Float64Array
): number | undefined {
  for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
    const cluster = columns.clusterOf[row] ?? 0
    if (speaks[row] === 1) mass[cluster] = (mass[cluster] ?? 0) + (voiceOf[row] ?? 0)
  }
  let best = columns.clusterFrom[item] ?? 0
  for (let at = best + 1; at < (columns.clusterFrom[item + 1] ?? 0); at += 1) {
    if ((mass[at] ?? 0) > (mass[best] ?? 0)) best = at
  }
  return (mass[best] ?? 0) === 0 ? undefined : best
}

/**
 * By place in the pairs, Q16: how much the agent depends on others in sum. Seeds depend on nobody, and nobody
 * on them.
 * @param accuracy by place
 */
function dependenceOf(
  { constants, mass, seeds }: Field, pairs: Pairs, accuracy: readonly number[], groups: Uint32Array
): Float64Array {
  const sum = new Float64Array(pairs.agents.length)
  pairs.each((x, y, common, agreed, room) => {
    const [a, b] = [pairs.agents[x] ?? 0, pairs.agents[y] ?? 0]
    if (common < constants.pairItemsMin || groups[a] === groups[b] || seeds[a] === 1 || seeds[b] === 1) return
    const [right, other] = [accuracy[x] ?? 0, accuracy[y] ?? 0]
    const both = Math.floor((right * other) / Q)
    const neither = Math.floor(((Q - right) * (Q - other)) / Q)
    const expected = Math.floor((common * both + mulDiv(room, neither, Q)) / (Q / PARTS))
    const excess = agreed * PARTS - expected
    if (excess <= 0) return
    const left = common * PARTS - expected
    const variance = mulDiv(expected, left, common) + PARTS * PARTS
    if (mulDiv(excess, excess, variance) < constants.dependenceMin) return
    // Who has more standing is not silenced by those that copy it.
    const [own, its] = [mass?.[a] ?? 1, mass?.[b] ?? 1]
    const dependence = ratioQ(excess, left)
    sum[x] = (sum[x] ?? 0) + mulDiv(dependence, Math.min(own, its), own)
    sum[y] = (sum[y] ?? 0) + mulDiv(dependence, Math.min(own, its), its)
  })
  return sum
}
