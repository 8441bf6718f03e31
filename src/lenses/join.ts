// Joining: from statements on assertions to ballots on clusters.
// Rule: one agent, one ballot: per cluster its strongest statement; what it gives all clusters together is
// one at most.
// Source: docs/lenses.md#ballots

import { Q } from '../base/index.js'
import type { Statement } from './ballots.js'
import type { Clusters } from './clusters.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'

/** Ballots as columns: row r is what agent `voice[r]` gives cluster `cluster[r]`. */
export interface Ballots {
  readonly voice: readonly number[]
  readonly cluster: readonly number[]
  /** Strongest statement of the agent in the cluster. */
  readonly held: readonly number[]
  /** The same, made smaller so that an agent's clusters sum to one at most. */
  readonly weight: readonly number[]
  /** When that statement was made; of equally strong ones the latest. */
  readonly timeMs: readonly number[]
  /** Agents with a ballot. */
  readonly voices: number
}

/** Joins statements: per agent and cluster the maximum, then each agent's clusters are scaled to one. */
export function* joinSteps(
  list: readonly Statement[], clusters: Clusters, voices: number
): Steps<Ballots> {
  const ballots = { voice: zeros(0), cluster: zeros(0), held: zeros(0), timeMs: zeros(0) }
  const rowOf = rowFinder(ballots.cluster, clusters.list.length, voices)
  for (const [at, { voice, candidate, weightQ, timestampMs }] of list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (weightQ === 0) continue
    const cluster = clusters.ofCandidate[candidate] ?? 0
    const row = rowOf(voice, cluster)
    if (row === ballots.voice.length) {
      ballots.voice.push(voice)
      ballots.cluster.push(cluster)
      ballots.held.push(weightQ)
      ballots.timeMs.push(timestampMs)
    } else {
      const difference = weightQ - (ballots.held[row] ?? 0) || timestampMs - (ballots.timeMs[row] ?? 0)
      if (difference <= 0) continue
      ballots.held[row] = weightQ
      ballots.timeMs[row] = timestampMs
    }
  }
  const sums = zeros(voices)
  ballots.voice.forEach((voice, row) => {
    sums[voice] = (sums[voice] ?? 0) + (ballots.held[row] ?? 0)
  })
  const weight = ballots.held.map((heldQ, row) => {
    const sum = sums[ballots.voice[row] ?? 0] ?? 0
    return sum > Q ? Math.floor((heldQ * Q) / sum) : heldQ
  })
  return { weight, voices: sums.reduce((count, sum) => count + (sum > 0 ? 1 : 0), 0), ...ballots }
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

/** Plain arrays: for the usual few entries they cost far less than typed ones. */
function zeros(length: number): number[] {
  return new Array<number>(length).fill(0)
}
