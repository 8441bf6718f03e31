// Windows: how numbers that lie within a tolerance of each other become clusters.
// Rule: again and again the window of that width that holds most distinct agents, the lowest start on a
// tie, until no number is left.
// Why the heap needs each start at most twice: a taken window cuts those that reach into it from the left.
// The cut ones all end at the same place, so the lowest holds whatever the others hold and is taken before
// them; none is cut again. So all cuts together walk each number once: O(n log n) and one pass over the
// agents.

import { MinHeap } from './heap.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'

/** One distinct number with the distinct agents that have weight on it. */
export interface Point {
  readonly x: number
  /** Distinct indices of agents. */
  readonly agents: readonly number[]
}

/** One cluster: the points from `first` to `last`, both included. */
export interface Window {
  readonly first: number
  readonly last: number
}

/** Starts are told apart in the lower bits of a heap key, counts lie above. */
const START_SPAN = 2 ** 26
const COUNT_MAX = 2 ** 26

/**
 * Splits points into windows, in the order in which they are taken.
 * @param points ascending in x; equal x are neighbours
 * @param width  >= 0; x and x' share a window when their difference, as an IEEE double, is at most this
 * @param agents indices of agents are below this
 */
export function* windowSteps(
  points: readonly Point[], width: number, agents: number
): Steps<readonly Window[]> {
  const reach = yield* reachSteps(points, width, agents)
  const heap = new MinHeap()
  for (let start = 0; start < points.length; start += 1) {
    if (start % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    heap.push(heapKey(reach.counts[start] ?? 0, start))
  }
  const taken = new Uint8Array(points.length)
  const seen = new Uint32Array(agents)
  const windows: Window[] = []
  for (let turn = 1; windows.length < points.length; turn += 1) {
    if (turn % TURNS_PER_STEP === 0) yield
    const key = heap.pop()
    if (key === undefined) break
    const first = key % START_SPAN
    if (taken[first] === 1 || key !== heapKey(reach.counts[first] ?? 0, first)) continue
    const last = reach.ends[first] ?? first
    windows.push({ first, last })
    taken.fill(1, first, last + 1)
    yield* cutSteps(points, reach, { taken, seen, mark: windows.length, first, heap })
  }
  return windows
}

/** Per start, the last point that its window reaches and the distinct agents in it. */
interface Reach {
  readonly ends: Int32Array
  readonly counts: Int32Array
}

interface Cut {
  readonly taken: Uint8Array
  /** Per agent, the mark of the cut that last counted it. */
  readonly seen: Uint32Array
  readonly mark: number
  readonly first: number
  readonly heap: MinHeap
}

function* reachSteps(points: readonly Point[], width: number, agents: number): Steps<Reach> {
  const reach = { ends: new Int32Array(points.length), counts: new Int32Array(points.length) }
  const held = new Int32Array(agents)
  let distinct = 0
  let next = 0
  for (const [start, point] of points.entries()) {
    if (start % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    for (; next < points.length; next += 1) {
      const candidate = points[next] as Point
      if (next > start && candidate.x - point.x > width) break
      for (const agent of candidate.agents) if ((held[agent] = (held[agent] ?? 0) + 1) === 1) distinct += 1
    }
    reach.ends[start] = next - 1
    reach.counts[start] = distinct
    for (const agent of point.agents) if ((held[agent] = (held[agent] ?? 0) - 1) === 0) distinct -= 1
  }
  return reach
}

/** Shortens the windows that reach into a taken one, nearest first, and counts their agents anew. */
function* cutSteps(points: readonly Point[], reach: Reach, cut: Cut): Steps<void> {
  let distinct = 0
  for (let start = cut.first - 1; start >= 0; start -= 1) {
    if (start % TURNS_PER_STEP === 0) yield
    if (cut.taken[start] === 1 || (reach.ends[start] ?? 0) < cut.first) return
    for (const agent of (points[start] as Point).agents) {
      if (cut.seen[agent] !== cut.mark) distinct += 1
      cut.seen[agent] = cut.mark
    }
    reach.ends[start] = cut.first - 1
    reach.counts[start] = distinct
    cut.heap.push(heapKey(distinct, start))
  }
}

/** Orders by count, most first, then by start, lowest first. */
function heapKey(count: number, start: number): number {
  return (COUNT_MAX - count) * START_SPAN + start
}
