// Backers: who stands behind an answer, with what each ballot is worth and why.
// For readers: the sums that decide are those of tally.ts, and these parts add up to them, but where a closed
// predicate lets a ballot for one value speak for others too.

import { type Hash, type PublicKey, timesQ } from '../base/index.js'
import type { Statement } from './ballots.js'
import type { Density } from './density.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { TrustView } from './types.js'

/** An agent behind a cluster. */
export interface Backer {
  readonly agentId: PublicKey
  /** Its strongest statement there, an assertion or a vote. */
  readonly statement: Hash
  readonly timestampMs: number
  /** Q16: how strongly it says so. */
  readonly weight: number
  /** Q16: the same, when what it gives all clusters together is made one at most. */
  readonly ballot: number
  /** Q16: share of that which its vote budget leaves. */
  readonly gate: number
  /** Q16 bits: what trust gives its ballot here. */
  readonly trust: number
  /** What is published of it, steps of 1/1024; accuracy is that under the predicate, which trust follows. */
  readonly accuracy: number
  readonly standing: number
  /** Q16 bits that the cluster gets from it; 0 when another agent of its clone group speaks. */
  readonly bits: number
  /** Agents of one number are one voice. */
  readonly group?: number | undefined
}

/**
 * The backers of some clusters, by cluster, heaviest first. Ties go to the smaller key.
 * Cost: O(statements), and O(n log n) for the n backers of those clusters.
 */
export function* backersSteps(
  density: Density, trust: TrustView, wanted: readonly number[]
): Steps<ReadonlyMap<number, readonly Backer[]>> {
  const strongest = yield* strongestSteps(density, new Set(wanted))
  const found = new Map(wanted.map((cluster) => [cluster, [] as Backer[]]))
  for (const [row, cluster] of density.rows.cluster.entries()) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const voice = density.rows.voice[row] ?? 0
    const statement = strongest.get(cluster)?.get(voice)
    const backer = statement === undefined ? undefined : backerOf(density, trust, row, statement)
    if (backer !== undefined) found.get(cluster)?.push(backer)
  }
  const sorted = new Map<number, readonly Backer[]>()
  for (const [cluster, backers] of found) sorted.set(cluster, yield* sortSteps(backers, byStrength))
  return sorted
}

/** By cluster and voice, its strongest statement; of equally strong ones that of the smaller id. */
function* strongestSteps(
  { statements, clusters }: Density, wanted: ReadonlySet<number>
): Steps<ReadonlyMap<number, ReadonlyMap<number, Statement>>> {
  const found = new Map<number, Map<number, Statement>>()
  for (const [at, statement] of statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const cluster = clusters.ofCandidate[statement.candidate] ?? 0
    if (statement.weightQ === 0 || !wanted.has(cluster)) continue
    let side = found.get(cluster)
    if (side === undefined) found.set(cluster, side = new Map<number, Statement>())
    const before = side.get(statement.voice)
    const stronger = before === undefined ? 1 : statement.weightQ - before.weightQ
    if (before === undefined || stronger > 0 || (stronger === 0 && statement.id < before.id)) {
      side.set(statement.voice, statement)
    }
  }
  return found
}

function backerOf(
  density: Density, trust: TrustView, row: number, { id, timestampMs, voice, weightQ }: Statement
): Backer | undefined {
  const { rows, statements: { voices }, margins, spoken, predicate } = density
  const agentId = voices[voice]
  if (agentId === undefined) return undefined
  const gate = density.gates[row] ?? 0
  const ballot = rows.weight[row] ?? 0
  const bits = bitsOf(density, agentId, voice, rows.cluster[row] ?? 0)
  const counts = margins === undefined ? ballot : weightQ
  return {
    agentId, statement: id, timestampMs, weight: weightQ, ballot, gate, trust: bits,
    bits: spoken?.has(row) === false ? 0 : timesQ(timesQ(counts, gate), bits),
    accuracy: trust.accuracy(agentId, predicate), standing: trust.standing(agentId),
    group: density.groups[voice]
  }
}

/** Q16 bits that trust gives a whole ballot of the agent for a cluster. */
function bitsOf(
  { clusters, closed, weights }: Density, agent: PublicKey, voice: number, cluster: number
): number {
  const object = clusters.list[cluster]?.representative.first.objectBytes
  const said = closed === undefined || object === undefined ? -1 : closed.classOf(object)
  return closed === undefined || said < 0 ? weights[voice] ?? 0 : closed.support(agent, said)[said] ?? 0
}

function byStrength(a: Backer, b: Backer): number {
  const difference = b.bits - a.bits || timesQ(b.weight, b.trust) - timesQ(a.weight, a.trust)
  return difference === 0 ? (a.agentId < b.agentId ? -1 : 1) : difference
}
