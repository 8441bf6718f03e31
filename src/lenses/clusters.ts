// Clusters: candidates whose objects are the same answer.
// Rule: equal canonical bytes; for numbers and times under a tolerance, the windows of windows.ts. A
// cluster whose candidates nobody backs is still one.
// Source: docs/lenses.md#clusters

import type { Hash } from '../base/index.js'
import type { Statement, Statements } from './ballots.js'
import type { KeyNumbers } from './numbers.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate } from './types.js'
import { windowSteps } from './windows.js'

/** Loops that may hash an object or two in each turn pause sooner. */
const HASHES_PER_STEP = TURNS_PER_STEP / 4

const NOBODY: readonly number[] = []

/** One distinct object with the candidates that say it. */
export class Distinct {
  readonly first: Candidate
  readonly #at: number
  readonly #object: number
  readonly #numbers: KeyNumbers
  /** All candidates, where there are several: most objects are said once. */
  #several: number[] | undefined
  #agents: number[] | undefined

  /** @param at index of the candidate; @param object its number */
  constructor(first: Candidate, at: number, object: number, numbers: KeyNumbers) {
    this.first = first
    this.#at = at
    this.#object = object
    this.#numbers = numbers
    this.#several = undefined
    this.#agents = undefined
  }

  /** Indices of candidates. */
  get candidates(): readonly number[] {
    return this.#several ?? [this.#at]
  }

  /** Distinct agents with weight on one of them, as indices of voices; counted under a tolerance alone. */
  get agents(): readonly number[] {
    return this.#agents ?? NOBODY
  }

  /** BLAKE3 of the object bytes. */
  get hash(): Hash {
    return this.#numbers.hashOf(this.#object, this.first.objectBytes)
  }

  /** Another candidate that says the same. */
  add(at: number): void {
    this.#several ??= [this.#at]
    this.#several.push(at)
  }

  /** Another agent with weight. */
  addAgent(voice: number): void {
    this.#agents ??= []
    this.#agents.push(voice)
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
  readonly ofCandidate: ArrayLike<number>
}

/**
 * Groups the candidates of one (subject, predicate).
 * @param tolerance width of windows for numbers and times; absent = exact
 * Cost: O(n log n) for n distinct objects, O(n) without a tolerance.
 */
export function* clusterSteps(statements: Statements, tolerance: number | undefined): Steps<Clusters> {
  const { list, ofCandidate } = yield* distinctSteps(statements)
  if (tolerance === undefined) {
    const clusters: Cluster[] = []
    for (let at = 0; at < list.length; at += 1) {
      if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
      clusters.push(new LoneCluster(list[at] as Distinct))
    }
    return { list: clusters, ofCandidate }
  }
  yield* countAgents(statements.list, list, ofCandidate)
  const clusters = yield* tolerantClusters(list, tolerance, statements.voices.length)
  return { list: clusters, ofCandidate: yield* numberCandidates(clusters, ofCandidate.length) }
}

/** Distinct objects in the order in which they are first said, and by candidate the index of its own. */
function* distinctSteps(
  { candidates, numbers, places }: Statements
): Steps<{ readonly list: readonly Distinct[], readonly ofCandidate: Int32Array }> {
  const list: Distinct[] = []
  const indices = new Int32Array(numbers.objectCount).fill(-1)
  const ofCandidate = new Int32Array(candidates.length)
  for (let at = 0; at < candidates.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const object = numbers.objects[places === undefined ? at : places[at] ?? 0] ?? 0
    let index = indices[object] ?? -1
    if (index >= 0) list[index]?.add(at)
    else {
      index = list.push(new Distinct(candidates[at] as Candidate, at, object, numbers)) - 1
      indices[object] = index
    }
    ofCandidate[at] = index
  }
  return { list, ofCandidate }
}

/** True when a stands before b on a tie: the smaller BLAKE3 of the object bytes. */
export function winsTie(a: Distinct, b: Distinct): boolean {
  return a.hash < b.hash
}

/** An answer that is one object. */
class LoneCluster implements Cluster {
  readonly representative: Distinct

  constructor(distinct: Distinct) {
    this.representative = distinct
  }

  get members(): readonly Distinct[] {
    return [this.representative]
  }
}

function* countAgents(
  list: Statements['list'], distincts: readonly Distinct[], ofCandidate: ArrayLike<number>
): Steps<void> {
  const counted: (Set<number> | undefined)[] = []
  for (let at = 0; at < list.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const { candidate, voice, weightQ } = list[at] as Statement
    if (weightQ === 0) continue
    const index = ofCandidate[candidate] ?? 0
    const agents = counted[index] ??= new Set<number>()
    if (agents.has(voice)) continue
    agents.add(voice)
    distincts[index]?.addAgent(voice)
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
    else clusters.push(new LoneCluster(distinct))
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

function* numberCandidates(clusters: readonly Cluster[], candidates: number): Steps<Int32Array> {
  const ofCandidate = new Int32Array(candidates)
  for (const [index, { members }] of clusters.entries()) {
    if (index % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    for (const member of members) for (const candidate of member.candidates) ofCandidate[candidate] = index
  }
  return ofCandidate
}
