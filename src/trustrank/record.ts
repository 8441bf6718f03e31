// Track records: how often an agent's ballots agree with what the fixed point believes.

import { Q } from '../base/index.js'
import type { Beliefs } from './beliefs.js'
import { eachRow } from './columns.js'
import type { Field } from './field.js'
import { mulDiv, ratioQ } from './ratio.js'

/** Sums by agent, in Q16 ballots. */
export interface Records {
  readonly hits: Float64Array
  readonly ballots: Float64Array
}

/** Hits and ballots of each agent over the items that are known. Cost: O(rows). */
export function recordsOf(field: Field, { p, known }: Beliefs): Records {
  const { columns, recordOf, anchorOf, seeds } = field
  const hits = new Float64Array(seeds.length)
  const ballots = new Float64Array(seeds.length)
  eachRow(columns, (row, item) => {
    if (known[item] === 0) return
    const agent = columns.agentOf[row] ?? 0
    const weight = (recordOf[row] ?? 0) * (anchorOf[item] ?? 1)
    hits[agent] = (hits[agent] ?? 0) + Math.floor(((p[columns.clusterOf[row] ?? 0] ?? 0) * weight) / Q)
    ballots[agent] = (ballots[agent] ?? 0) + weight
  })
  return { hits, ballots }
}

/**
 * Accuracies in Q16: (hits + prior) / (ballots + prior), the prior's mean being that of the population.
 * @param groups by agent the first agent of its clone group: a group counts once in the mean
 */
export function accuraciesOf(field: Field, records: Records, groups: Uint32Array): Uint32Array {
  const { constants, seeds } = field
  const mean = meanAccuracy(field, records, groups)
  return Uint32Array.from(seeds, (seed, agent) => {
    const weight = (seed === 1 ? constants.seedPriorBallots : constants.priorBallots)
    const prior = weight * (seed === 1 ? constants.seedPrior : mean)
    const all = (records.ballots[agent] ?? 0) + weight * Q
    const accuracy = ratioQ((records.hits[agent] ?? 0) + prior, all)
    return Math.min(Math.max(accuracy, constants.accuracyMin), constants.accuracyMax)
  })
}

/** Mean accuracy of the population in Q16, within the bounds of a prior: what is believed of a newcomer. */
export function meanAccuracy(field: Field, records: Records, groups: Uint32Array): number {
  const { constants, mass } = field
  let hits = 0
  let ballots = 0
  for (const [agent, first] of groups.entries()) {
    if (first !== agent || mass?.[agent] === 0) continue
    hits += records.hits[agent] ?? 0
    ballots += records.ballots[agent] ?? 0
  }
  const mean = mulDiv(hits, Q, Math.max(ballots, 1))
  return Math.min(Math.max(mean, constants.priorMin), constants.priorMax)
}
