// Ranking: from the density of a key to winners, runner-up and the assertions that stand for them.
// Rule: the greater score; on a tie the smaller BLAKE3 of the object bytes. Nothing else decides.

import type { Hash } from '../base/index.js'
import { winsTie } from './clusters.js'
import type { Density } from './density.js'
import { isLater } from './epochs.js'
import type { LensResult, Standing } from './lens.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate } from './types.js'

const NONE: ReadonlySet<number> = new Set()

/** Loops that hash an object in each turn pause sooner. */
const HASHES_PER_STEP = TURNS_PER_STEP / 4

/** Longest list of backing records in one answer; how many agents there are is told by `agents`. */
export const BACKING_MAX = 1_000

/**
 * The winners and the runner-up of a density.
 * @returns undefined for no candidates
 */
export function* rankSteps(density: Density, explain: boolean): Steps<LensResult | undefined> {
  if (density.clusters.list.length === 0) return undefined
  const winning = density.margins === undefined || density.undecided
    ? [yield* bestCluster(density)]
    : yield* clustersThatHold(density, density.margins)
  const runnerUp = yield* bestCluster(density, new Set(winning))
  return {
    winners: winning.map((cluster) => standingOf(density, cluster)),
    runnerUp: runnerUp < 0 ? undefined : standingOf(density, runnerUp),
    undecided: density.undecided,
    clusters: density.clusters.list.length,
    ballots: density.ballots,
    backing: explain ? yield* backingSteps(density, winning[0] ?? 0) : undefined
  }
}

/**
 * Clusters, best supported first: those of one part of the order.
 * Cost: O(n), and O(n log n) for those that tie with one of the part: hashes of others are not computed.
 */
export function* clustersBySupport(
  density: Density, from: number = 0, count: number = Infinity
): Steps<readonly number[]> {
  const support = supportOf(density)
  const equals = new Map<number, number[]>()
  for (let cluster = 0; cluster < density.clusters.list.length; cluster += 1) {
    if (cluster % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const value = support[cluster] ?? 0
    const group = equals.get(value)
    if (group === undefined) equals.set(value, [cluster])
    else group.push(cluster)
  }
  const order: number[] = []
  let before = 0
  for (const [, group] of yield* sortSteps([...equals], ([a], [b]) => b - a)) {
    const [start, end] = [Math.max(0, from - before), Math.min(group.length, from + count - before)]
    if (start < end) {
      const sorted = yield* byHash(density, group)
      for (let at = start; at < end; at += 1) order.push(sorted[at] ?? 0)
    }
    before += group.length
    if (before >= from + count) break
  }
  return order
}

/** Clusters of equal support: the smaller BLAKE3 of the object bytes first. */
function* byHash(density: Density, clusters: readonly number[]): Steps<readonly number[]> {
  if (clusters.length < 2) return clusters
  const named: { readonly cluster: number, readonly hash: Hash }[] = []
  for (const [at, cluster] of clusters.entries()) {
    if (at % HASHES_PER_STEP === HASHES_PER_STEP - 1) yield
    const representative = density.clusters.list[cluster]?.representative
    if (representative !== undefined) named.push({ cluster, hash: representative.hash })
  }
  const sorted = yield* sortSteps(named, (a, b) => (a.hash < b.hash ? -1 : 1))
  return sorted.map(({ cluster }) => cluster)
}

/** A cluster of a density as an answer, shown by `candidate` or else by the assertion that stands for it. */
export function standingOf(density: Density, cluster: number, candidate?: Candidate): Standing {
  return {
    candidate: candidate ?? showing(density, cluster),
    score: density.scores[cluster] ?? 0, share: density.share(cluster), agents: density.agents[cluster] ?? 0
  }
}

/** Ids of the records that give weight to a cluster, ascending, the first 1,000. */
export function* backingSteps(density: Density, cluster: number): Steps<readonly Hash[]> {
  const ids: Hash[] = []
  for (const [at, { id, candidate, weightQ }] of density.statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (weightQ > 0 && density.clusters.ofCandidate[candidate] === cluster) ids.push(id)
  }
  return (yield* sortSteps(ids, compareIds)).slice(0, BACKING_MAX)
}

/** Order of ids: as bytes. */
export function compareIds(a: Hash, b: Hash): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Cardinality many: every cluster that is at least as likely as not, else the best alone. */
function* clustersThatHold(density: Density, margins: readonly number[]): Steps<readonly number[]> {
  const holding: number[] = []
  for (const [cluster, margin] of margins.entries()) {
    if (cluster % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (margin >= 0) holding.push(cluster)
  }
  if (holding.length === 0) return [yield* bestCluster(density)]
  return yield* sortSteps(holding, (a, b) => (standsBefore(density, a, b) ? -1 : 1))
}

/** The best cluster that is not left out; -1 for none. */
export function* bestCluster(density: Density, without: ReadonlySet<number> = NONE): Steps<number> {
  let best = -1
  for (let cluster = 0; cluster < density.clusters.list.length; cluster += 1) {
    if (cluster % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (without.has(cluster)) continue
    if (best < 0 || standsBefore(density, cluster, best)) best = cluster
  }
  return best
}

/** What decides, by cluster; undecided: the number of agents. */
function supportOf(density: Density): readonly number[] {
  return density.undecided ? density.agents : density.margins ?? density.scores
}

function standsBefore(density: Density, a: number, b: number): boolean {
  const order = supportOf(density)
  const difference = (order[a] ?? 0) - (order[b] ?? 0)
  if (difference !== 0) return difference > 0
  const [left, right] = [density.clusters.list[a], density.clusters.list[b]]
  return left !== undefined && right !== undefined && winsTie(left.representative, right.representative)
}

/** Of the assertions of the representative object: the best backed, then the latest by (timestamp, id). */
function showing(density: Density, cluster: number): Candidate {
  const representative = density.clusters.list[cluster]?.representative
  const [first = 0, ...others] = representative?.candidates ?? []
  const { candidates } = density.statements
  let best = first
  for (const other of others) {
    const difference = (density.backing[other] ?? 0) - (density.backing[best] ?? 0)
    const later = difference === 0 && isLater(candidates[other] as Candidate, candidates[best] as Candidate)
    if (difference > 0 || later) best = other
  }
  return candidates[best] as Candidate
}
