// Density: ballots joined by cluster, weighted by trust, and the probability of each cluster.
// Rule: every number is whole, every sum exact, so neither the order of records nor the engine shows in it.
// Source: docs/lenses.md#consensus

import { EXP2_ONE, halfPower, type PublicKey, Q, timesQ } from '../base/index.js'
import { stateSteps, type BallotFilter, type Statement, type Statements } from './ballots.js'
import { clusterSteps, type Clusters } from './clusters.js'
import type { Judging } from './epochs.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { KeyRecords, TrustView } from './types.js'

/** What all agents together say about one (subject, predicate). Arrays by cluster unless said otherwise. */
export interface Density {
  readonly statements: Statements
  readonly clusters: Clusters
  /** Q16 bits: trust-weighted ballots. */
  readonly scores: readonly number[]
  /** Distinct agents whose ballot has weight there. */
  readonly agents: readonly number[]
  /** Q16: probability against all other clusters, or against "not this" with cardinality many. */
  readonly share: (cluster: number) => number
  /** Cardinality many: Q16 bits for the cluster less those against it; undefined with cardinality one. */
  readonly margins: readonly number[] | undefined
  /** By candidate: trust-weighted statements on it alone. */
  readonly backing: readonly number[]
  /** Agents whose ballot has weight. */
  readonly ballots: number
  /** True when every score is 0. */
  readonly undecided: boolean
}

/** Ballots, clusters and scores of a key, over what the filter lets through. Cost: O(n log n). */
export function* densitySteps(
  key: KeyRecords, judging: Judging, trust: TrustView, filter: BallotFilter
): Steps<Density> {
  const statements = yield* stateSteps(key.candidates, key.votes, judging, filter)
  const clusters = yield* clusterSteps(statements, judging.tolerance)
  const ballots = yield* joinSteps(statements.list, clusters, statements.voices.length)
  const count = clusters.list.length
  const weights = statements.voices.map((agent) => trust.weightQ(agent, count))
  const speakers = speakersOf(statements.voices, trust)
  const tally = yield* tallySteps(ballots, count, weights, speakers)
  const backing = yield* backingSteps(statements, weights)
  const many = judging.cardinality === 'many'
  const margins = many ? tally.held.map((held) => 2 * held - tally.heldMost) : undefined
  return {
    statements, clusters, backing, margins, scores: tally.scores, agents: tally.agents,
    ballots: ballots.voices, undecided: tally.scores.every((score) => score <= 0),
    share: margins === undefined ? sharesOfOne(tally.scores) : sharesOfMany(margins)
  }
}

/** Ballots as columns: row r is what agent `voice[r]` gives cluster `cluster[r]`. */
interface Ballots {
  readonly voice: readonly number[]
  readonly cluster: readonly number[]
  /** Strongest statement of the agent in the cluster. */
  readonly held: readonly number[]
  /** The same, made smaller so that an agent's clusters sum to one at most. */
  readonly weight: readonly number[]
  readonly voices: number
}

/** Joins statements: per agent and cluster the maximum, then each agent's clusters are scaled to one. */
function* joinSteps(list: readonly Statement[], clusters: Clusters, voices: number): Steps<Ballots> {
  const ballots = { voice: zeros(0), cluster: zeros(0), held: zeros(0) }
  const rowOf = rowFinder(ballots.cluster, clusters.list.length, voices)
  for (const [at, { voice, candidate, weightQ }] of list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (weightQ === 0) continue
    const cluster = clusters.ofCandidate[candidate] ?? 0
    const row = rowOf(voice, cluster)
    if (row === ballots.voice.length) {
      ballots.voice.push(voice)
      ballots.cluster.push(cluster)
      ballots.held.push(weightQ)
    } else if (weightQ > (ballots.held[row] ?? 0)) ballots.held[row] = weightQ
  }
  const sums = zeros(voices)
  ballots.voice.forEach((voice, row) => {
    sums[voice] = (sums[voice] ?? 0) + (ballots.held[row] ?? 0)
  })
  const weight = ballots.held.map((heldQ, row) => {
    const sum = sums[ballots.voice[row] ?? 0] ?? 0
    return sum > Q ? Math.floor((heldQ * Q) / sum) : heldQ
  })
  return { ...ballots, weight, voices: sums.reduce((count, sum) => count + (sum > 0 ? 1 : 0), 0) }
}

/**
 * Finds the row of a ballot in a cluster, or the next free row. Most agents back one cluster: only further
 * ones go through a map.
 */
function rowFinder(
  cluster: readonly number[], clusters: number, voices: number
): (voice: number, where: number) => number {
  const first = new Array<number>(voices).fill(-1)
  const further = new Map<number, number>()
  return (voice, where) => {
    const known = first[voice] ?? -1
    if (known < 0) return first[voice] = cluster.length
    if (cluster[known] === where) return known
    const key = voice * clusters + where
    const row = further.get(key) ?? cluster.length
    further.set(key, row)
    return row
  }
}

/** By voice, the voice that speaks for its clone group: the first of it. Undefined when all stand alone. */
function speakersOf(voices: readonly PublicKey[], trust: TrustView): readonly number[] | undefined {
  const first = new Map<number, number>()
  const speakers = voices.map((agent, voice) => {
    const group = trust.groupOf(agent)
    if (group === undefined) return voice
    const speaker = first.get(group) ?? voice
    first.set(group, speaker)
    return speaker
  })
  return first.size === 0 ? undefined : speakers
}

interface Tally {
  readonly scores: readonly number[]
  /** As scores, from ballots that are not scaled: with cardinality many, clusters do not compete. */
  readonly held: readonly number[]
  /** What every cluster would hold if each speaker gave it its most. */
  readonly heldMost: number
  readonly agents: readonly number[]
}

/** Sums by cluster; of agents in one clone group the strongest speaks for all. */
function* tallySteps(
  ballots: Ballots, clusters: number, weights: readonly number[], speakers: readonly number[] | undefined
): Steps<Tally> {
  const [scores, held, agents] = [zeros(clusters), zeros(clusters), zeros(clusters)]
  const most = zeros(weights.length)
  const spoken = new Map<number, { score: number; held: number }>()
  for (const [row, voice] of ballots.voice.entries()) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const cluster = ballots.cluster[row] ?? 0
    const speaker = speakers?.[voice] ?? voice
    let score = timesQ(ballots.weight[row] ?? 0, weights[voice] ?? 0)
    let heldQ = timesQ(ballots.held[row] ?? 0, weights[voice] ?? 0)
    most[speaker] = Math.max(most[speaker] ?? 0, heldQ)
    if (speakers !== undefined) {
      const before = spoken.get(speaker * clusters + cluster) ?? { score: 0, held: 0 }
      const after = { score: Math.max(score, before.score), held: Math.max(heldQ, before.held) }
      spoken.set(speaker * clusters + cluster, after)
      score = after.score - before.score
      heldQ = after.held - before.held
    }
    scores[cluster] = (scores[cluster] ?? 0) + score
    held[cluster] = (held[cluster] ?? 0) + heldQ
    agents[cluster] = (agents[cluster] ?? 0) + 1
  }
  return { scores, held, agents, heldMost: most.reduce((sum, heldQ) => sum + heldQ, 0) }
}

function* backingSteps(statements: Statements, weights: readonly number[]): Steps<readonly number[]> {
  const backing = zeros(statements.candidates.length)
  for (const [at, { candidate, voice, weightQ }] of statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    backing[candidate] = (backing[candidate] ?? 0) + timesQ(weightQ, weights[voice] ?? 0)
  }
  return backing
}

/** p = floor(Q * 2^(score - max) / sum). */
function sharesOfOne(scores: readonly number[]): (cluster: number) => number {
  const max = scores.reduce((most, score) => Math.max(most, score), 0)
  const sum = scores.reduce((total, score) => total + halfPower(max - score), 0)
  return (cluster) => Math.floor((Q * halfPower(max - (scores[cluster] ?? 0))) / sum)
}

/** p of "this" against "not this". */
function sharesOfMany(margins: readonly number[]): (cluster: number) => number {
  return (cluster) => {
    const margin = margins[cluster] ?? 0
    const lesser = halfPower(Math.abs(margin))
    return Math.floor((Q * (margin >= 0 ? EXP2_ONE : lesser)) / (EXP2_ONE + lesser))
  }
}

/** Plain arrays: for the usual few entries they cost far less than typed ones. */
function zeros(length: number): number[] {
  return new Array<number>(length).fill(0)
}
