// Skeptic: not one answer but the whole dispute: every cluster with its support, who backs it and how far
// apart the answers are. For readers; nothing here is hashed or kept in views.
// Source: docs/lenses.md#skeptic

import { type Hash, log2Q, type PublicKey, Q, timesQ } from '../base/index.js'
import type { Density } from './density.js'
import type { LensInput, Standing } from './lens.js'
import { clustersBySupport, standingOf } from './ranking.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { TrustView } from './types.js'

/** Longest list of backers of one cluster; how many there are is told by `agents`. */
export const BACKERS_MAX = 100

/** An agent behind a cluster. */
export interface Backer {
  readonly agentId: PublicKey
  /** Its strongest statement there, an assertion or a vote. */
  readonly statement: Hash
  /** Q16: how strongly it says so. */
  readonly weight: number
  /** Q16 bits: what trust gives its ballot here. */
  readonly trust: number
  /** Agents of one number are one voice. */
  readonly group?: number | undefined
}

/** One side of a dispute. */
export interface DisputedCluster extends Standing {
  /** Assertions that say it. */
  readonly assertions: number
  /** Strongest first, at most 100. */
  readonly backers: readonly Backer[]
}

/** All that is said about one (subject, predicate), weighed. */
export interface Dispute {
  /** Best supported first; none is left out. */
  readonly clusters: readonly DisputedCluster[]
  /** Q16: 1 - share of the first cluster. */
  readonly conflict: number
  /** Q16 bits: 0 = settled, log2(clusters) = nobody knows. Absent with cardinality many. */
  readonly entropy?: number | undefined
  /** Of answers that are numbers, weighted by share: an IEEE double, for people. Absent below two. */
  readonly variance?: number | undefined
  /** Clone groups with more than one agent here. */
  readonly groups: readonly { readonly group: number, readonly agents: readonly PublicKey[] }[]
  readonly undecided: boolean
  readonly ballots: number
}

/**
 * Weighs a dispute.
 * @returns undefined for no candidates
 * Cost: O(n log n) for n statements.
 */
export function* skepticSteps(input: LensInput): Steps<Dispute | undefined> {
  const density = yield* input.density()
  const order = yield* clustersBySupport(density)
  if (order.length === 0) return undefined
  const backers = yield* backersSteps(density, input.trust)
  const clusters = order.map((cluster): DisputedCluster => ({
    ...standingOf(density, cluster),
    assertions: assertionsIn(density, cluster),
    backers: (backers[cluster] ?? []).slice(0, BACKERS_MAX)
  }))
  return {
    clusters, conflict: Q - (clusters[0]?.share ?? 0),
    entropy: density.margins === undefined ? entropyOf(clusters) : undefined,
    variance: varianceOf(clusters),
    groups: groupsOf(density.statements.voices, input.trust),
    undecided: density.undecided, ballots: density.ballots
  }
}

function assertionsIn(density: Density, cluster: number): number {
  const members = density.clusters.list[cluster]?.members ?? []
  return members.reduce((sum, distinct) => sum + distinct.candidates.length, 0)
}

/** By cluster, its agents with the strongest statement of each; the most trusted weight first. */
function* backersSteps(density: Density, trust: TrustView): Steps<readonly (readonly Backer[])[]> {
  const { voices, list } = density.statements
  const count = density.clusters.list.length
  const strongest = Array.from({ length: count }, () => new Map<number, Backer>())
  for (const [at, { voice, candidate, weightQ, id }] of list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const agentId = voices[voice]
    const side = strongest[density.clusters.ofCandidate[candidate] ?? 0]
    const before = side?.get(voice)
    if (side === undefined || agentId === undefined || weightQ === 0) continue
    const stronger = before === undefined ? 1 : weightQ - before.weight
    if (before !== undefined && (stronger < 0 || (stronger === 0 && before.statement < id))) continue
    const [bits, group] = [trust.weightQ(agentId, count), trust.groupOf(agentId)]
    side.set(voice, { agentId, statement: id, weight: weightQ, trust: bits, group })
  }
  return strongest.map((side) => [...side.values()].sort(byStrength))
}

function byStrength(a: Backer, b: Backer): number {
  const difference = timesQ(b.weight, b.trust) - timesQ(a.weight, a.trust)
  return difference === 0 ? (a.agentId < b.agentId ? -1 : 1) : difference
}

/** Sum of p * log2(1 / p). */
function entropyOf(clusters: readonly Standing[]): number {
  const surprise = (share: number): number => (share === 0 ? 0 : timesQ(share, log2Q(Q) - log2Q(share)))
  return clusters.reduce((sum, { share }) => sum + surprise(share), 0)
}

function varianceOf(clusters: readonly Standing[]): number | undefined {
  const points = clusters.flatMap(({ candidate, share }) => {
    const { object } = candidate
    return typeof object === 'number' || typeof object === 'bigint' ? [{ x: Number(object), share }] : []
  })
  const total = points.reduce((sum, { share }) => sum + share, 0)
  if (points.length < 2 || total === 0) return undefined
  const mean = points.reduce((sum, { x, share }) => sum + x * (share / total), 0)
  return points.reduce((sum, { x, share }) => sum + (x - mean) ** 2 * (share / total), 0)
}

function groupsOf(voices: readonly PublicKey[], trust: TrustView): Dispute['groups'] {
  const members = new Map<number, PublicKey[]>()
  for (const agent of voices) {
    const group = trust.groupOf(agent)
    if (group !== undefined) members.set(group, [...members.get(group) ?? [], agent])
  }
  return [...members].filter(([, agents]) => agents.length > 1)
    .map(([group, agents]) => ({ group, agents: agents.sort() }))
    .sort((a, b) => ((a.agents[0] ?? '') < (b.agents[0] ?? '') ? -1 : 1))
}
