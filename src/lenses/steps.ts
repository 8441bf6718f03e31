// Work in steps: pure computations as generators, so that a caller may pause a long one between two steps.
// Rule: steps change nothing that a result depends on; run at once or in slices, a result is the same.

import type { Clock } from '../base/index.js'

/** A computation that pauses at every `yield` and ends in a result. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Loops pause after this many turns: far below a millisecond of work. */
export const TURNS_PER_STEP = 512

/** Runs all steps at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/**
 * The items in the order of `compare`, a new array; stable. Short arrays are sorted in one step.
 * Cost: O(n log n). Runs of 512 are sorted natively, then merged.
 */
export function* sortSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  if (items.length <= TURNS_PER_STEP) return [...items].sort(compare)
  const from: T[] = []
  for (let start = 0; start < items.length; start += TURNS_PER_STEP) {
    for (const item of items.slice(start, start + TURNS_PER_STEP).sort(compare)) from.push(item)
    yield
  }
  return yield* mergeAll(from, TURNS_PER_STEP, compare)
}

/** Merges sorted runs of one length into one. */
function* mergeAll<T>(runs: T[], length: number, compare: (a: T, b: T) => number): Steps<T[]> {
  if (runs.length <= length) return runs
  let [from, into] = [runs, new Array<T>(runs.length)]
  for (let width = length; width < runs.length; width *= 2) {
    yield* mergeRuns(from, into, width, compare)
    const spare = from
    from = into
    into = spare
  }
  return from
}

/** Numbers that are sorted in one step: a millisecond. */
const NUMBERS_PER_STEP = 8_192

/** The numbers in ascending order, a new array. Cost: O(n log n), a tenth of what `sortSteps` takes. */
export function* sortNumberSteps(numbers: readonly number[]): Steps<readonly number[]> {
  const sorted: number[] = []
  for (let start = 0; start < numbers.length; start += NUMBERS_PER_STEP) {
    const run = Float64Array.from(numbers.slice(start, start + NUMBERS_PER_STEP)).sort()
    for (let at = 0; at < run.length; at += 1) sorted.push(run[at] ?? 0)
    yield
  }
  return yield* mergeAll(sorted, NUMBERS_PER_STEP, (a, b) => a - b)
}

function* mergeRuns<T>(
  from: readonly T[], into: T[], width: number, compare: (a: T, b: T) => number
): Steps<void> {
  for (let start = 0; start < from.length; start += 2 * width) {
    const middle = Math.min(start + width, from.length)
    const end = Math.min(start + 2 * width, from.length)
    let left = start
    let right = middle
    // Runs that follow on each other are one: ids come from the index in order.
    const inOrder = right >= end || compare(from[middle - 1] as T, from[middle] as T) <= 0
    for (let at = start; at < end; at += 1) {
      const takesLeft = right >= end ||
        (left < middle && (inOrder || compare(from[left] as T, from[right] as T) <= 0))
      into[at] = (takesLeft ? from[left++] : from[right++]) as T
      if (at % TURNS_PER_STEP === 0) yield
    }
  }
}

/** Asked between steps: a promise to wait for before the next one, or undefined to go on. */
export type Pace = () => Promise<void> | undefined

/** Runs all steps, waiting between them as the pace says. */
export async function runStepsAt<T>(steps: Steps<T>, pace: Pace): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const pause = pace()
    if (pause !== undefined) await pause
  }
}

/** A pace that lets others run after every slice of that length. */
export function createPace(
  sliceMs: number, clock: Pick<Clock, 'monotonicMs'>, yieldNow: () => Promise<void>
): Pace {
  let sliceStart = clock.monotonicMs()
  return () => {
    if (clock.monotonicMs() - sliceStart < sliceMs) return undefined
    return yieldNow().then(() => {
      sliceStart = clock.monotonicMs()
    })
  }
}
