// Density: ballots joined by cluster and weighed by trust, and the probability of each cluster.
// Rule: every number is whole, every sum exact, so neither the order of records nor the engine shows in it.
// Source: docs/lenses.md#consensus

import { EXP2_ONE, halfPower, Q, timesQ } from '../base/index.js'
import { stateSteps, type BallotFilter, type Statements } from './ballots.js'
import { clusterSteps, type Clusters } from './clusters.js'
import type { Judging } from './epochs.js'
import { type Ballots, joinSteps } from './join.js'
import type { NumberedKey } from './numbers.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import { tallySteps } from './tally.js'
import type { ClosedView, TrustView } from './types.js'
import { voiceTrustSteps } from './voice-trust.js'

/** What all agents together say about one (subject, predicate). Arrays by cluster unless said otherwise. */
export interface Density {
  readonly predicate: string
  readonly statements: Statements
  readonly clusters: Clusters
  /** Q16 bits: trust-weighted ballots. */
  readonly scores: readonly number[]
  /** Distinct agents whose ballot has weight there. */
  readonly agents: readonly number[]
  /** Q16: probability against all other clusters, or against "not this" with cardinality many. */
  readonly share: (cluster: number) => number
  /** As scores, from ballots that are not scaled to one: with cardinality many, clusters do not compete. */
  readonly held: readonly number[]
  /** What each agent gives each cluster. */
  readonly rows: Ballots
  /** By voice: Q16 bits that trust gives its ballots here. */
  readonly weights: readonly number[]
  /** By voice: its clone group; undefined = it stands alone. */
  readonly groups: readonly (number | undefined)[]
  /** By row: Q16 share of its weight that the ballot keeps. */
  readonly gates: readonly number[]
  /** Rows that count, where clone groups speak with one voice; undefined = all do. */
  readonly spoken: ReadonlySet<number> | undefined
  /** Present where it counts which value an agent says when another is true. */
  readonly closed: ClosedView | undefined
  /** Cardinality many: Q16 bits for the cluster less those against it; undefined with cardinality one. */
  readonly margins: readonly number[] | undefined
  /** By candidate: trust-weighted statements on it alone. Empty where each cluster has one. */
  readonly backing: readonly number[]
  /** Agents whose ballot has weight. */
  readonly ballots: number
  /** True when every score is 0. */
  readonly undecided: boolean
}

/** Ballots, clusters and scores of a key, over what the filter lets through. Cost: O(n log n). */
export function* densitySteps(
  key: NumberedKey, judging: Judging, trust: TrustView, filter: BallotFilter
): Steps<Density> {
  const statements = yield* stateSteps(key.candidates, key.votes, judging, filter, key.numbers)
  const clusters = yield* clusterSteps(statements, judging.tolerance)
  const ballots = yield* joinSteps(statements.list, clusters, statements.voices.length)
  const many = judging.cardinality === 'many'
  // Where many answers hold, each is one of two: this or not this.
  const count = many ? 2 : clusters.list.length
  const closed = many || judging.tolerance !== undefined ? undefined : trust.closedWorth(key.predicate)
  const { voices } = statements
  const { predicate } = key
  // A value that is on no list is weighed as one of all that are.
  const answers = closed?.baseBits.length ?? count
  const { weights, groups, gates } = yield* voiceTrustSteps(voices, ballots, trust, answers, predicate)
  const weighing = { predicate, many, ballots, clusters, voices, trust, weights, groups, gates, closed }
  const tally = yield* tallySteps(weighing)
  const repeated = clusters.list.length < statements.candidates.length
  const backing = repeated ? yield* backingSteps(statements, weights, trust) : []
  const margins = many ? tally.held.map((held) => 2 * held - tally.heldMost) : undefined
  return {
    predicate, statements, clusters, backing, margins, weights, groups, gates, closed, rows: ballots,
    scores: tally.scores, held: tally.held, agents: tally.agents, spoken: tally.spoken,
    ballots: ballots.voices, undecided: tally.scores.every((score) => score <= 0),
    share: margins === undefined ? sharesOfOne(tally.scores) : sharesOfMany(margins)
  }
}

function* backingSteps(
  statements: Statements, weights: readonly number[], trust: TrustView
): Steps<readonly number[]> {
  const backing = new Array<number>(statements.candidates.length).fill(0)
  for (const [at, { candidate, voice, weightQ, timestampMs }] of statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const agent = statements.voices[voice]
    const gate = agent === undefined ? 0 : trust.gateQ(agent, timestampMs)
    backing[candidate] = (backing[candidate] ?? 0) + timesQ(timesQ(weightQ, gate), weights[voice] ?? 0)
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
