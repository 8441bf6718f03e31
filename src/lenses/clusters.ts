// Clusters: candidates whose objects are the same answer.
// Rule: equal canonical bytes; for numbers and times under a tolerance, the windows of windows.ts. A
// cluster whose candidates nobody backs is still one.
// Source: docs/lenses.md#clusters

import { blake3Hash, type Hash } from '../base/index.js'
import { bytesKey } from './bytes-key.js'
import type { Statements } from './ballots.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate } from './types.js'
import { windowSteps } from './windows.js'

/** Loops that may hash an object or two in each turn pause sooner. */
const HASHES_PER_STEP = TURNS_PER_STEP / 4

/** One distinct object with the candidates that say it. */
export class Distinct {
  /** Indices of candidates. */
  readonly candidates: number[]
  /** Distinct agents with weight on one of them, as indices of voices. */
  readonly agents: number[] = []
  readonly first: Candidate
  #hash: Hash | undefined

  /** @param at index of the candidate */
  constructor(first: Candidate, at: number) {
    this.first = first
    // Room for one: an array that grows makes room for seventeen, and most objects are said once.
    this.candidates = [at]
  }

  /** BLAKE3 of the object bytes, computed when first asked for: it decides ties alone. */
  get hash(): Hash {
    this.#hash ??= blake3Hash(this.first.objectBytes)
    return this.#hash
  }
}

/** One answer: objects that count as the same, and the one that stands for them. */
export interface Cluster {
  readonly representative: Distinct
  readonly members: readonly Distinct[]
}

/** All clusters of a key, and for each candidate the index of its cluster. */
export interface Clusters {
  readonly list: readonly Cluster[]
  readonly ofCandidate: readonly number[]
}

/**
 * Groups the candidates of one (subject, predicate).
 * @param tolerance width of windows for numbers and times; absent = exact
 * Cost: O(n log n) for n distinct objects, O(n) without a tolerance.
 */
export function* clusterSteps(statements: Statements, tolerance: number | undefined): Steps<Clusters> {
  const { candidates, list } = statements
  const distincts = new Map<string, Distinct>()
  const ofCandidate: Distinct[] = []
  for (const [at, candidate] of candidates.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const key = bytesKey(candidate.objectBytes)
    let distinct = distincts.get(key)
    if (distinct === undefined) distincts.set(key, distinct = new Distinct(candidate, at))
    else distinct.candidates.push(at)
    ofCandidate.push(distinct)
  }
  if (tolerance !== undefined) yield* countAgents(list, ofCandidate)
  const clusters = tolerance === undefined
    ? [...distincts.values()].map(alone)
    : yield* tolerantClusters([...distincts.values()], tolerance, statements.voices.length)
  return { list: clusters, ofCandidate: yield* numberCandidates(clusters, candidates.length) }
}

/** True when a stands before b on a tie: the smaller BLAKE3 of the object bytes. */
export function winsTie(a: Distinct, b: Distinct): boolean {
  return a.hash < b.hash
}

function alone(distinct: Distinct): Cluster {
  return { representative: distinct, members: [distinct] }
}

function* countAgents(list: Statements['list'], ofCandidate: readonly Distinct[]): Steps<void> {
  const counted = new Map<Distinct, Set<number>>()
  for (const [at, statement] of list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (statement.weightQ === 0) continue
    const distinct = ofCandidate[statement.candidate] as Distinct
    let agents = counted.get(distinct)
    if (agents === undefined) counted.set(distinct, agents = new Set<number>())
    if (agents.has(statement.voice)) continue
    agents.add(statement.voice)
    distinct.agents.push(statement.voice)
  }
}

function* tolerantClusters(
  distincts: readonly Distinct[], tolerance: number, voices: number
): Steps<readonly Cluster[]> {
  const clusters: Cluster[] = []
  const numbers: Measured[] = []
  const times: Measured[] = []
  for (const distinct of distincts) {
    const { object } = distinct.first
    if (typeof object === 'number' || typeof object === 'bigint') numbers.push({ x: Number(object), distinct })
    else if (isTime(object)) times.push({ x: object.time, distinct })
    else clusters.push(alone(distinct))
  }
  for (const measured of [numbers, times]) {
    const sorted = yield* sortSteps(measured, compareMeasured)
    const points = sorted.map(({ x, distinct }) => ({ x, agents: distinct.agents }))
    for (const [at, { first, last }] of (yield* windowSteps(points, tolerance, voices)).entries()) {
      if (at % HASHES_PER_STEP === HASHES_PER_STEP - 1) yield
      clusters.push(clusterOf(sorted.slice(first, last + 1).map(({ distinct }) => distinct)))
    }
  }
  return clusters
}

interface Measured {
  readonly x: number
  readonly distinct: Distinct
}

function compareMeasured(a: Measured, b: Measured): number {
  return a.x - b.x || (winsTie(a.distinct, b.distinct) ? -1 : 1)
}

/** The object of most agents stands for the window. */
function clusterOf(members: readonly Distinct[]): Cluster {
  const representative = members.reduce((best, distinct) => {
    if (distinct.agents.length !== best.agents.length) {
      return distinct.agents.length > best.agents.length ? distinct : best
    }
    return winsTie(distinct, best) ? distinct : best
  })
  return { representative, members }
}

function isTime(object: Candidate['object']): object is { readonly time: number } {
  return typeof object === 'object' && !(object instanceof Uint8Array) && !Array.isArray(object) && 'time' in object
}

function* numberCandidates(clusters: readonly Cluster[], candidates: number): Steps<readonly number[]> {
  const ofCandidate = new Array<number>(candidates).fill(0)
  for (const [index, { members }] of clusters.entries()) {
    if (index % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    for (const member of members) for (const candidate of member.candidates) ofCandidate[candidate] = index
  }
  return ofCandidate
}
