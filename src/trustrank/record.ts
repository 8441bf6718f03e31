// Track records: how often an agent's ballots agree with what the fixed point believes.

import { Q, timesQ } from '../base/index.js'
import type { Beliefs } from './beliefs.js'
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

/** Records without a ballot. */
export function emptyRecords(field: Field): Records {
  return { plain: emptyTally(field), audited: emptyTally(field) }
}

/**
 * Hits and ballots over the items that are known. Cost: O(rows).
 * @param records what they are written into: there may be nearly as many slots as ballots
 */
export function recordsOf(
  field: Field, { p, known }: Beliefs, records: Records = emptyRecords(field)
): Records {
  const { columns: { rowFrom, agentOf, clusterOf }, recordOf, auditedOf, slots: { ofRow } } = field
  clear(records.plain)
  clear(records.audited)
  for (let item = 0; item < known.length; item += 1) {
    if (known[item] === 0) continue
    const { hits, ballots, slotHits, slotBallots } = auditedOf[item] === 1 ? records.audited : records.plain
    for (let row = rowFrom[item] ?? 0; row < (rowFrom[item + 1] ?? 0); row += 1) {
      const weight = recordOf[row] ?? 0
      const hit = timesQ(p[clusterOf[row] ?? 0] ?? 0, weight)
      const [agent, slot] = [agentOf[row] ?? 0, ofRow[row] ?? 0]
      hits[agent] = (hits[agent] ?? 0) + hit
      ballots[agent] = (ballots[agent] ?? 0) + weight
      slotHits[slot] = (slotHits[slot] ?? 0) + hit
      slotBallots[slot] = (slotBallots[slot] ?? 0) + weight
    }
  }
  return records
}

function clear({ hits, ballots, slotHits, slotBallots }: Tally): void {
  for (const column of [hits, ballots, slotHits, slotBallots]) column.fill(0)
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
  const { priorBallots, auditPriorBallots } = field.constants
  const mean = meanAccuracy(field, records, groups)
  const ofAgent = new Uint32Array(field.seeds.length)
  for (let agent = 0; agent < ofAgent.length; agent += 1) {
    const [hits, ballots] = [audited.hits[agent] ?? 0, audited.ballots[agent] ?? 0]
    if (field.seeds[agent] === 1) {
      ofAgent[agent] = clamped(field, seedAccuracy(field, hits, ballots))
      continue
    }
    const confirmed = shrunk(plain.hits[agent] ?? 0, plain.ballots[agent] ?? 0, mean, priorBallots)
    ofAgent[agent] = clamped(field, shrunk(hits, ballots, confirmed, auditPriorBallots))
  }
  const ofSlot = apart ? slotAccuracies(field, records, ofAgent, mean) : spreadOver(field, ofAgent)
  return { ofAgent, ofSlot }
}

/** By slot the accuracy of its agent. */
function spreadOver({ slots }: Field, ofAgent: Uint32Array): Uint32Array {
  const ofSlot = new Uint32Array(slots.agentOf.length)
  for (let slot = 0; slot < ofSlot.length; slot += 1) ofSlot[slot] = ofAgent[slots.agentOf[slot] ?? 0] ?? 0
  return ofSlot
}

/** Plain numbers in a plain loop: there may be nearly as many slots as ballots, and every round asks. */
function slotAccuracies(
  field: Field, { plain, audited }: Records, ofAgent: Uint32Array, mean: number
): Uint32Array {
  const { seeds, slots, constants: { priorBallots, auditPriorBallots } } = field
  const ofSlot = new Uint32Array(slots.agentOf.length)
  for (let slot = 0; slot < ofSlot.length; slot += 1) {
    const agent = slots.agentOf[slot] ?? 0
    if (seeds[agent] === 1) {
      ofSlot[slot] = ofAgent[agent] ?? 0
      continue
    }
    const [hits, ballots] = [plain.slotHits[slot] ?? 0, plain.slotBallots[slot] ?? 0]
    const [right, judged] = [audited.slotHits[slot] ?? 0, audited.slotBallots[slot] ?? 0]
    const confirmed = shrunk(
      (plain.hits[agent] ?? 0) - hits, (plain.ballots[agent] ?? 0) - ballots, mean, priorBallots)
    const elsewhere = shrunk((audited.hits[agent] ?? 0) - right, (audited.ballots[agent] ?? 0) - judged,
      confirmed, auditPriorBallots)
    const here = shrunk(hits, ballots, elsewhere, priorBallots)
    ofSlot[slot] = clamped(field, shrunk(right, judged, here, auditPriorBallots))
  }
  return ofSlot
}

/** Mean accuracy of the population in Q16, within the bounds of a prior: what is believed of a newcomer. */
export function meanAccuracy({ constants, mass }: Field, records: Records, groups: Uint32Array): number {
  const counts = (agent: number): boolean => groups[agent] === agent && mass?.[agent] !== 0
  const plain = sumOf(records.plain, counts)
  const audited = sumOf(records.audited, counts)
  const prior = plain.ballots === 0 ? constants.priorMin : ratioQ(plain.hits, plain.ballots)
  const mean = shrunk(audited.hits, audited.ballots, prior, constants.auditPriorBallots)
  return Math.min(Math.max(mean, constants.priorMin), constants.priorMax)
}

function sumOf(
  { hits, ballots }: Tally, counts: (agent: number) => boolean
): { readonly hits: number; readonly ballots: number } {
  const sum = { hits: 0, ballots: 0 }
  for (let agent = 0; agent < hits.length; agent += 1) {
    if (!counts(agent)) continue
    sum.hits += hits[agent] ?? 0
    sum.ballots += ballots[agent] ?? 0
  }
  return sum
}

/** (hits + prior) / (ballots + its strength), Q16; without ballots the prior. */
function shrunk(hits: number, ballots: number, prior: number, strength: number): number {
  return ballots === 0 ? prior : ratioQ(hits + strength * prior, ballots + strength * Q)
}

/** A seed's ballots are all on items that a seed has judged. */
function seedAccuracy({ constants }: Field, hits: number, ballots: number): number {
  return shrunk(hits, ballots, constants.seedPrior, constants.seedPriorBallots)
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
