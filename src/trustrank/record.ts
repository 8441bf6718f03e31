// Track records: how often an agent's ballots agree with what the fixed point believes.

import { Q } from '../base/index.js'
import type { Beliefs } from './beliefs.js'
import { eachRow } from './columns.js'
import type { Field } from './field.js'
import { ratioQ } from './ratio.js'

/** Sums in Q16 ballots. */
export interface Tally {
  /** By agent. */
  readonly hits: Float64Array
  readonly ballots: Float64Array
  /** By slot: under one predicate alone. */
  readonly slotHits: Float64Array
  readonly slotBallots: Float64Array
}

/** Track records, apart by what checked them. */
export interface Records {
  /** Over items that no seed has judged: what the crowd confirms. */
  readonly plain: Tally
  /** Over items that a seed has judged. */
  readonly audited: Tally
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
  const { columns, recordOf, auditedOf, slots } = field
  const records = { plain: emptyTally(field), audited: emptyTally(field) }
  eachRow(columns, (row, item) => {
    if (known[item] === 0) return
    const weight = recordOf[row] ?? 0
    const hit = Math.floor(((p[columns.clusterOf[row] ?? 0] ?? 0) * weight) / Q)
    const { hits, ballots, slotHits, slotBallots } = auditedOf[item] === 1 ? records.audited : records.plain
    const [agent, slot] = [columns.agentOf[row] ?? 0, slots.ofRow[row] ?? 0]
    hits[agent] = (hits[agent] ?? 0) + hit
    ballots[agent] = (ballots[agent] ?? 0) + weight
    slotHits[slot] = (slotHits[slot] ?? 0) + hit
    slotBallots[slot] = (slotBallots[slot] ?? 0) + weight
  })
  return records
}

/** An agent's whole record, every ballot counted once. Q16. */
export function wholeRecord(
  { plain, audited }: Records, agent: number
): { readonly ballots: number; readonly hits: number } {
  return {
    ballots: (plain.ballots[agent] ?? 0) + (audited.ballots[agent] ?? 0),
    hits: (plain.hits[agent] ?? 0) + (audited.hits[agent] ?? 0)
  }
}

/**
 * Accuracies, in two steps: what the crowd confirms, shrunk to a prior, is itself the prior of what seeds
 * have checked, and worth few ballots there. The first prior is the mean of the population; under one
 * predicate it is the agent's own accuracy under all others. Seeds have one accuracy for all.
 * @param groups by agent the first agent of its clone group: a group counts once in the mean
 * @param apart false: one accuracy for all predicates
 */
export function accuraciesOf(
  field: Field, records: Records, groups: Uint32Array, apart: boolean
): Accuracies {
  const { plain, audited } = records
  const mean = meanAccuracy(field, records, groups)
  const ofAgent = Uint32Array.from(field.seeds, (seed, agent) => clamped(field, seed === 1
    ? seedAccuracy(field, audited, agent)
    : shrunkTwice(field, partOf(plain, agent), partOf(audited, agent), mean)))
  // A plain loop: there may be nearly as many slots as ballots, and this is asked for in every round.
  const { agentOf } = field.slots
  const ofSlot = new Uint32Array(agentOf.length)
  for (let slot = 0; slot < agentOf.length; slot += 1) {
    const agent = agentOf[slot] ?? 0
    if (!apart || field.seeds[agent] === 1) {
      ofSlot[slot] = ofAgent[agent] ?? 0
      continue
    }
    const elsewhere = shrunkTwice(field, partOf(plain, agent, slot), partOf(audited, agent, slot), mean)
    const here = shrunkTwice(field, slotPart(plain, slot), slotPart(audited, slot), elsewhere)
    ofSlot[slot] = clamped(field, here)
  }
  return { ofAgent, ofSlot }
}

/** Mean accuracy of the population in Q16, within the bounds of a prior: what is believed of a newcomer. */
export function meanAccuracy({ constants, mass }: Field, records: Records, groups: Uint32Array): number {
  const sumOf = ({ hits, ballots }: Tally): Part => {
    const sum = { hits: 0, ballots: 0 }
    for (const [agent, first] of groups.entries()) {
      if (first !== agent || mass?.[agent] === 0) continue
      sum.hits += hits[agent] ?? 0
      sum.ballots += ballots[agent] ?? 0
    }
    return sum
  }
  const plain = sumOf(records.plain)
  const prior = plain.ballots === 0 ? constants.priorMin : ratioQ(plain.hits, plain.ballots)
  const mean = shrunk(sumOf(records.audited), prior, constants.auditPriorBallots)
  return Math.min(Math.max(mean, constants.priorMin), constants.priorMax)
}

/** A part of a track record, Q16. */
interface Part {
  readonly hits: number
  readonly ballots: number
}

function partOf({ hits, ballots, slotHits, slotBallots }: Tally, agent: number, without?: number): Part {
  const [lessHits, lessBallots] = without === undefined ? [0, 0]
    : [slotHits[without] ?? 0, slotBallots[without] ?? 0]
  return { hits: (hits[agent] ?? 0) - lessHits, ballots: (ballots[agent] ?? 0) - lessBallots }
}

function slotPart({ slotHits, slotBallots }: Tally, slot: number): Part {
  return { hits: slotHits[slot] ?? 0, ballots: slotBallots[slot] ?? 0 }
}

function shrunkTwice({ constants }: Field, plain: Part, audited: Part, prior: number): number {
  return shrunk(audited, shrunk(plain, prior, constants.priorBallots), constants.auditPriorBallots)
}

/** (hits + prior) / (ballots + its strength), Q16. */
function shrunk({ hits, ballots }: Part, prior: number, strength: number): number {
  return ratioQ(hits + strength * prior, ballots + strength * Q)
}

/** A seed's ballots are all on items that a seed has judged. */
function seedAccuracy({ constants }: Field, audited: Tally, agent: number): number {
  return shrunk(partOf(audited, agent), constants.seedPrior, constants.seedPriorBallots)
}

function clamped({ constants }: Field, accuracy: number): number {
  return Math.min(Math.max(accuracy, constants.accuracyMin), constants.accuracyMax)
}

function emptyTally({ seeds, slots }: Field): Tally {
  const of = (length: number): Float64Array => new Float64Array(length)
  return {
    hits: of(seeds.length), ballots: of(seeds.length),
    slotHits: of(slots.agentOf.length), slotBallots: of(slots.agentOf.length)
  }
}
