// Skeptic: not one answer but the whole dispute: every cluster with its support, who backs it and how far
// apart the answers are. For readers; nothing here is hashed or kept in views.
// Source: docs/lenses.md#skeptic

import { type Hash, log2Q, type PublicKey, Q, timesQ } from '../base/index.js'
import { type Backer, backersSteps } from './backers.js'
import type { Cluster } from './clusters.js'
import type { Density } from './density.js'
import type { LensInput, Standing } from './lens.js'
import { bestCluster, clustersBySupport, standingOf } from './ranking.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { TrustView } from './types.js'

/** Longest list of backers of one cluster in a list of clusters; `agents` tells how many there are. */
export const BACKERS_MAX = 100

/** One side of a dispute. */
export interface DisputedCluster extends Standing {
  /** Assertions that say it. */
  readonly assertions: number
  /** Heaviest first; at most 100, unless the cluster was asked for alone. */
  readonly backers: readonly Backer[]
}

/** Which part of a dispute is listed. All numbers tell of the whole of it. */
export interface DisputePart {
  /** Clusters, or backers of the one cluster, to pass over. @default 0 */
  readonly from?: number
  /** How many to list. @default all */
  readonly count?: number
  /** List the backers of the one cluster that this assertion is in. */
  readonly of?: Hash | undefined
}

/** All that is said about one (subject, predicate), weighed. */
export interface Dispute {
  /** Best supported first. */
  readonly clusters: readonly DisputedCluster[]
  readonly clustersTotal: number
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
 * @returns undefined for no candidates; no clusters when `part.of` is in none
 * Cost: O(n log n) for n statements.
 */
export function* skepticSteps(input: LensInput, part: DisputePart = {}): Steps<Dispute | undefined> {
  const density = yield* input.density()
  const best = yield* bestCluster(density)
  if (best < 0) return undefined
  const shares = yield* sharesSteps(density)
  return {
    clusters: yield* sidesSteps(density, input.trust, part), clustersTotal: shares.length,
    conflict: Q - (shares[best] ?? 0),
    entropy: density.margins === undefined ? yield* entropySteps(shares) : undefined,
    variance: yield* varianceSteps(density, shares),
    groups: groupsOf(density),
    undecided: density.undecided, ballots: density.ballots
  }
}

/** Q16, by cluster. */
function* sharesSteps(density: Density): Steps<readonly number[]> {
  const shares: number[] = []
  for (let cluster = 0; cluster < density.clusters.list.length; cluster += 1) {
    if (cluster % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    shares.push(density.share(cluster))
  }
  return shares
}

/** Sides of a dispute with their backers, those of one part. */
export function* sidesSteps(
  density: Density, trust: TrustView, part: DisputePart
): Steps<readonly DisputedCluster[]> {
  const { from = 0, count = Infinity, of } = part
  const single = of === undefined ? undefined : clusterWith(density, of)
  const listed = of === undefined ? yield* clustersBySupport(density, from, count)
    : single === undefined ? [] : [single]
  const backers = yield* backersSteps(density, trust, listed)
  return listed.map((cluster) => {
    const all = backers.get(cluster) ?? []
    return {
      ...standingOf(density, cluster),
      assertions: assertionsIn(density, cluster),
      backers: of === undefined ? all.slice(0, BACKERS_MAX) : all.slice(from, from + count)
    }
  })
}

function clusterWith({ statements, clusters }: Density, assertion: Hash): number | undefined {
  const at = statements.candidates.findIndex(({ id }) => id === assertion)
  return at < 0 ? undefined : clusters.ofCandidate[at]
}

function assertionsIn(density: Density, cluster: number): number {
  const members = density.clusters.list[cluster]?.members ?? []
  return members.reduce((sum, distinct) => sum + distinct.candidates.length, 0)
}

/** Sum of p * log2(1 / p). */
function* entropySteps(shares: readonly number[]): Steps<number> {
  let sum = 0
  for (const [at, share] of shares.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (share > 0) sum += timesQ(share, log2Q(Q) - log2Q(share))
  }
  return sum
}

function* varianceSteps(density: Density, shares: readonly number[]): Steps<number | undefined> {
  const points: { readonly x: number, readonly share: number }[] = []
  const { list } = density.clusters
  for (let cluster = 0; cluster < list.length; cluster += 1) {
    if (cluster % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const { first } = (list[cluster] as Cluster).representative
    if (!isNumber(first.objectBytes)) continue
    points.push({ x: Number(first.object), share: shares[cluster] ?? 0 })
  }
  // Sums of floats depend on their order: this one is of the values alone.
  const sorted = yield* sortSteps(points, (a, b) => a.x - b.x || a.share - b.share)
  const total = sorted.reduce((sum, { share }) => sum + share, 0)
  if (sorted.length < 2 || total === 0) return undefined
  const mean = sorted.reduce((sum, { x, share }) => sum + x * (share / total), 0)
  return sorted.reduce((sum, { x, share }) => sum + (x - mean) ** 2 * (share / total), 0)
}

/** True for the canonical DAG-CBOR of a number: an integer of either sign, or a double. */
function isNumber(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0xff
  return first < 0x40 || first === 0xfb
}

/** Clone groups with more than one of these agents. */
export function groupsOf({ groups, statements: { voices } }: Density): Dispute['groups'] {
  const members = new Map<number, PublicKey[]>()
  for (let voice = 0; voice < voices.length; voice += 1) {
    const [group, agent] = [groups[voice], voices[voice]]
    if (group === undefined || agent === undefined) continue
    const known = members.get(group)
    if (known === undefined) members.set(group, [agent])
    else known.push(agent)
  }
  return [...members].filter(([, agents]) => agents.length > 1)
    .map(([group, agents]) => ({ group, agents: agents.sort() }))
    .sort((a, b) => ((a.agents[0] ?? '') < (b.agents[0] ?? '') ? -1 : 1))
}
