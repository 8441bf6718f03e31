// Density: ballots joined by cluster, weighted by trust, and the probability of each cluster.
// Rule: every number is whole, every sum exact, so neither the order of records nor the engine shows in it.
// Source: docs/lenses.md#consensus

import { stateSteps, type BallotFilter, type Statement, type Statements } from './ballots.js'
import { clusterSteps, type Clusters } from './clusters.js'
import type { Judging } from './epochs.js'
import { EXP2_ONE, halfPower } from './exp2.js'
import { Q, timesQ } from './fixed.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { KeyRecords, TrustView } from './types.js'

/** What all agents together say about one (subject, predicate). Arrays by cluster unless said otherwise. */
export interface Density {
  readonly statements: Statements
  readonly clusters: Clusters
  /** Q16 bits: trust-weighted ballots. */
  readonly scores: Float64Array
  /** Distinct agents whose ballot has weight there. */
  readonly agents: Int32Array
  /** Q16: probability against all other clusters, or against "not this" with cardinality many. */
  readonly share: (cluster: number) => number
  /** Cardinality many: Q16 bits for the cluster less those against it; undefined with cardinality one. */
  readonly margins: Float64Array | undefined
  /** By candidate: trust-weighted statements on it alone. */
  readonly backing: Float64Array
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
  const weights = Float64Array.from(statements.voices, (agent) => trust.weightQ(agent, count))
  const speakers = speakersOf(statements.voices.map((agent) => trust.groupOf(agent)))
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
  const voice: number[] = []
  const cluster: number[] = []
  const held: number[] = []
  const rows = new Map<number, number>()
  for (const [at, statement] of list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (statement.weightQ === 0) continue
    const where = clusters.ofCandidate[statement.candidate] ?? 0
    const key = statement.voice * clusters.list.length + where
    const row = rows.get(key)
    if (row === undefined) {
      rows.set(key, voice.push(statement.voice) - 1)
      cluster.push(where)
      held.push(statement.weightQ)
    } else if (statement.weightQ > (held[row] ?? 0)) held[row] = statement.weightQ
  }
  const sums = new Float64Array(voices)
  for (const [row, who] of voice.entries()) sums[who] = (sums[who] ?? 0) + (held[row] ?? 0)
  const weight = held.map((heldQ, row) => {
    const sum = sums[voice[row] ?? 0] ?? 0
    return sum > Q ? Math.floor((heldQ * Q) / sum) : heldQ
  })
  return { voice, cluster, held, weight, voices: sums.reduce((n, sum) => n + (sum > 0 ? 1 : 0), 0) }
}

/** Numbers the voices that count: agents of one clone group share a number. */
function speakersOf(groups: readonly (number | undefined)[]): Int32Array {
  const first = new Map<number, number>()
  return Int32Array.from(groups, (group, voice) => {
    if (group === undefined) return voice
    const speaker = first.get(group) ?? voice
    first.set(group, speaker)
    return speaker
  })
}

interface Tally {
  readonly scores: Float64Array
  /** As scores, from ballots that are not scaled: with cardinality many, clusters do not compete. */
  readonly held: Float64Array
  /** What every cluster would hold if each speaker gave it its most. */
  readonly heldMost: number
  readonly agents: Int32Array
}

/** Sums by cluster; of agents in one clone group the strongest speaks for all. */
function* tallySteps(
  ballots: Ballots, clusters: number, weights: Float64Array, speakers: Int32Array
): Steps<Tally> {
  const tally = {
    scores: new Float64Array(clusters), held: new Float64Array(clusters), agents: new Int32Array(clusters)
  }
  const scored = new Map<number, readonly [score: number, held: number]>()
  const most = new Float64Array(speakers.length)
  for (const [row, voice] of ballots.voice.entries()) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const cluster = ballots.cluster[row] ?? 0
    const speaker = speakers[voice] ?? voice
    const trustQ = weights[voice] ?? 0
    const key = speaker * clusters + cluster
    const before = scored.get(key) ?? [0, 0]
    const score = Math.max(before[0], timesQ(ballots.weight[row] ?? 0, trustQ))
    const held = Math.max(before[1], timesQ(ballots.held[row] ?? 0, trustQ))
    scored.set(key, [score, held])
    tally.scores[cluster] = (tally.scores[cluster] ?? 0) + score - before[0]
    tally.held[cluster] = (tally.held[cluster] ?? 0) + held - before[1]
    tally.agents[cluster] = (tally.agents[cluster] ?? 0) + 1
    most[speaker] = Math.max(most[speaker] ?? 0, held)
  }
  return { ...tally, heldMost: most.reduce((sum, held) => sum + held, 0) }
}

function* backingSteps(statements: Statements, weights: Float64Array): Steps<Float64Array> {
  const backing = new Float64Array(statements.candidates.length)
  for (const [at, { candidate, voice, weightQ }] of statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    backing[candidate] = (backing[candidate] ?? 0) + timesQ(weightQ, weights[voice] ?? 0)
  }
  return backing
}

/** p = floor(Q * 2^(score - max) / sum). */
function sharesOfOne(scores: Float64Array): (cluster: number) => number {
  const max = scores.reduce((most, score) => Math.max(most, score), 0)
  const sum = scores.reduce((total, score) => total + halfPower(max - score), 0)
  return (cluster) => Math.floor((Q * halfPower(max - (scores[cluster] ?? 0))) / sum)
}

/** p of "this" against "not this". */
function sharesOfMany(margins: Float64Array): (cluster: number) => number {
  return (cluster) => {
    const margin = margins[cluster] ?? 0
    const lesser = halfPower(Math.abs(margin))
    return Math.floor((Q * (margin >= 0 ? EXP2_ONE : lesser)) / (EXP2_ONE + lesser))
  }
}
