// Track records: how often an agent's ballots agree with what the fixed point believes.

import { Q } from '../base/index.js'
import type { Beliefs } from './beliefs.js'
import { eachRow } from './columns.js'
import type { Field } from './field.js'
import { mulDiv, ratioQ } from './ratio.js'

/** Sums in Q16 ballots. */
export interface Records {
  /** By agent. */
  readonly hits: Float64Array
  readonly ballots: Float64Array
  /** By slot: under one predicate alone. */
  readonly slotHits: Float64Array
  readonly slotBallots: Float64Array
}

/** Accuracies in Q16. */
export interface Accuracies {
  /** By agent, over all that it says. */
  readonly ofAgent: Uint32Array
  /** By slot, under one predicate: what its ballots there are weighed by. */
  readonly ofSlot: Uint32Array
}

/** Hits and ballots over the items that are known. Cost: O(rows). */
export function recordsOf(field: Field, { p, known }: Beliefs): Records {
  const { columns, recordOf, anchorOf, seeds, slots } = field
  const slotHits = new Float64Array(slots.agentOf.length)
  const slotBallots = new Float64Array(slots.agentOf.length)
  const hits = new Float64Array(seeds.length)
  const ballots = new Float64Array(seeds.length)
  eachRow(columns, (row, item) => {
    if (known[item] === 0) return
    const agent = columns.agentOf[row] ?? 0
    const weight = (recordOf[row] ?? 0) * (anchorOf[item] ?? 1)
    const hit = Math.floor(((p[columns.clusterOf[row] ?? 0] ?? 0) * weight) / Q)
    const slot = slots.ofRow[row] ?? 0
    hits[agent] = (hits[agent] ?? 0) + hit
    ballots[agent] = (ballots[agent] ?? 0) + weight
    slotHits[slot] = (slotHits[slot] ?? 0) + hit
    slotBallots[slot] = (slotBallots[slot] ?? 0) + weight
  })
  return { hits, ballots, slotHits, slotBallots }
}

/**
 * Accuracies: (hits + prior) / (ballots + prior). The prior's mean is that of the population; under one
 * predicate it is the agent's own accuracy under all others. Seeds have one accuracy for all.
 * @param groups by agent the first agent of its clone group: a group counts once in the mean
 * @param apart false: one accuracy for all predicates
 */
export function accuraciesOf(
  field: Field, records: Records, groups: Uint32Array, apart: boolean
): Accuracies {
  const { priorBallots } = field.constants
  const mean = meanAccuracy(field, records, groups)
  const ofAgent = agentAccuracies(field, records, mean)
  const ofSlot = Uint32Array.from(field.slots.agentOf, (agent, slot) => {
    if (!apart || field.seeds[agent] === 1) return ofAgent[agent] ?? 0
    const [hits, ballots] = [records.slotHits[slot] ?? 0, records.slotBallots[slot] ?? 0]
    const elsewhere = (records.hits[agent] ?? 0) - hits + priorBallots * mean
    const own = ratioQ(elsewhere, (records.ballots[agent] ?? 0) - ballots + priorBallots * Q)
    return clamped(field, ratioQ(hits + priorBallots * own, ballots + priorBallots * Q))
  })
  return { ofAgent, ofSlot }
}

function clamped({ constants }: Field, accuracy: number): number {
  return Math.min(Math.max(accuracy, constants.accuracyMin), constants.accuracyMax)
}

function agentAccuracies(field: Field, records: Records, mean: number): Uint32Array {
  const { constants, seeds } = field
  return Uint32Array.from(seeds, (seed, agent) => {
    const weight = (seed === 1 ? constants.seedPriorBallots : constants.priorBallots)
    const prior = weight * (seed === 1 ? constants.seedPrior : mean)
    const all = (records.ballots[agent] ?? 0) + weight * Q
    return clamped(field, ratioQ((records.hits[agent] ?? 0) + prior, all))
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
