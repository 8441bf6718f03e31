// Dependence: agents of a closed predicate whose answers hang together beyond what the truth explains speak
// with less than a full voice each.
// Rule: on a short list independent errors coincide, so agreement is weak evidence there, and agents that err
// together look like agents that know. Given the truth, independent agents agree by chance alone.

import { Q } from '../base/index.js'
import type { Field } from './field.js'
import { eachContested, type Pairs, pairsOf } from './pairs.js'
import { mulDiv, ratioQ } from './ratio.js'

/** Parts of one in which excess agreement is measured: its square stays exact for 2^16 common items. */
const PARTS = 1_024

/**
 * By closed predicate, by agent: the share of a full voice that it keeps, Q16: one over one plus the sum of
 * its dependence on others (Kish's design effect).
 * Cost: that of pairs, for each closed predicate.
 */
export function sharesOf(
  field: Field, groups: Uint32Array, speaks: Uint8Array
): readonly Uint32Array[] {
  return field.columns.closed.map((_, closed) => {
    const chosen = (item: number): boolean => field.columns.closedOf[item] === closed
    const pairs = pairsOf(field, chosen)
    const accuracy = pluralityAccuracy(field, chosen, speaks)
    const dependence = dependenceOf(field, pairs, accuracy, groups)
    return Uint32Array.from(dependence, (sum) => mulDiv(Q, Q, Q + sum))
  })
}

/** The field with the voices that shares leave: of rows that say a value of a closed predicate. */
export function heardField(field: Field, shares: readonly Uint32Array[]): Field {
  const { columns, voiceOf } = field
  const heard = voiceOf.slice()
  for (const [item, closed] of columns.closedOf.entries()) {
    const share = shares[closed]
    if (share === undefined) continue
    for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
      if ((columns.classOf[columns.clusterOf[row] ?? 0] ?? -1) < 0) continue
      heard[row] = Math.floor(((voiceOf[row] ?? 0) * (share[columns.agentOf[row] ?? 0] ?? Q)) / Q)
    }
  }
  return { ...field, voiceOf: heard }
}

/** By agent, Q16: how often it says what most say, in contested items. */
function pluralityAccuracy(
  field: Field, chosen: (item: number) => boolean, speaks: Uint8Array
): Uint32Array {
  const { columns, constants, seeds, voiceOf } = field
  const hits = new Uint32Array(seeds.length)
  const ballots = new Uint32Array(seeds.length)
  const mass = new Float64Array(columns.classOf.length)
  eachContested(columns, chosen, (from, end, clusters, item) => {
    for (let row = from; row < end; row += 1) {
      const cluster = columns.clusterOf[row] ?? 0
      if (speaks[row] === 1) mass[cluster] = (mass[cluster] ?? 0) + (voiceOf[row] ?? 0)
    }
    let best = columns.clusterFrom[item] ?? 0
    for (let at = best + 1; at < (columns.clusterFrom[item] ?? 0) + clusters; at += 1) {
      if ((mass[at] ?? 0) > (mass[best] ?? 0)) best = at
    }
    if ((mass[best] ?? 0) === 0) return
    for (let row = from; row < end; row += 1) {
      const agent = columns.agentOf[row] ?? 0
      ballots[agent] = (ballots[agent] ?? 0) + 1
      if (columns.clusterOf[row] === best) hits[agent] = (hits[agent] ?? 0) + 1
    }
  })
  const sum = (of: Uint32Array): number => of.reduce((all, one) => all + one, 0)
  const mean = ratioQ(sum(hits), Math.max(1, sum(ballots)))
  const { priorBallots, accuracyMin, accuracyMax } = constants
  return hits.map((right, agent) => {
    const accuracy = Math.floor((right * Q + priorBallots * mean) / ((ballots[agent] ?? 0) + priorBallots))
    return Math.min(Math.max(accuracy, accuracyMin), accuracyMax)
  })
}

/** By agent, Q16: how much it depends on others in sum. Seeds depend on nobody, and nobody on them. */
function dependenceOf(
  field: Field, pairs: Pairs, accuracy: Uint32Array, groups: Uint32Array
): Float64Array {
  const { constants, mass, seeds } = field
  const sum = new Float64Array(seeds.length)
  pairs.each((x, y, common, agreed, room) => {
    const [a, b] = [pairs.agents[x] ?? 0, pairs.agents[y] ?? 0]
    if (common < constants.pairItemsMin || groups[a] === groups[b] || seeds[a] === 1 || seeds[b] === 1) return
    const [right, other] = [accuracy[a] ?? 0, accuracy[b] ?? 0]
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
    sum[a] = (sum[a] ?? 0) + mulDiv(dependence, Math.min(own, its), own)
    sum[b] = (sum[b] ?? 0) + mulDiv(dependence, Math.min(own, its), its)
  })
  return sum
}
