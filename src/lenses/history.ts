// History: how a dispute stood at earlier times.
// Rule: every point is what Consensus answers as of that time, under the settings of then and present trust.
// Few points for many records: all of them together cost a few times what one answer does.

import { createLensInput } from './input.js'
import type { LensInput, Standing } from './lens.js'
import { createNumbering, type NumberedKey } from './numbers.js'
import { rankSteps } from './ranking.js'
import { sortNumberSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate, Judgement, KeyRecords, VoteInput } from './types.js'

/** Points of a history at most. */
export const HISTORY_POINTS_MAX = 16
/** Records that all points but the last read together, about. */
const HISTORY_RECORDS = 10_000

/** A dispute as of one time. */
export interface HistoryPoint {
  readonly asOfMs: number
  readonly leader: Standing
  readonly undecided: boolean
  readonly clusters: number
  readonly ballots: number
  /** Records of the key up to then. */
  readonly records: number
}

/** How a dispute came to be what it is. */
export interface History {
  /** Ascending in time; the last is the dispute as asked. */
  readonly points: readonly HistoryPoint[]
  /** True when there is a point for every moment at which anything was said. */
  readonly complete: boolean
}

/**
 * The history of a key.
 * @param judgementAt the judgement as of a time; its own `asOfMs` is that time
 * @param present     the key as it is asked about: spares the last point, when the same settings apply there
 * Cost: a few times that of one answer, whatever the number of records.
 */
export function* historySteps(
  key: KeyRecords & Partial<NumberedKey>, judgementAt: (asOfMs: number) => Judgement, present?: LensInput
): Steps<History> {
  const numbered = { ...key, numbers: key.numbers ?? createNumbering(key.candidates, key.votes) }
  const times = yield* timesOf(numbered)
  const { chosen, complete } = yield* chosenTimes(times)
  const points: HistoryPoint[] = []
  for (const asOfMs of chosen) {
    const judgement = judgementAt(asOfMs)
    const whole = asOfMs === chosen.at(-1) && present?.epochs.current?.id === judgement.epochs.current?.id
    const input = whole && present !== undefined ? present : createLensInput(numbered, judgement)
    const density = yield* input.density()
    const result = yield* rankSteps(density, false)
    const [leader] = result?.winners ?? []
    if (result === undefined || leader === undefined) continue
    points.push({
      asOfMs, leader, undecided: result.undecided, clusters: result.clusters, ballots: result.ballots,
      records: recordsUpTo(times, asOfMs)
    })
  }
  return { points, complete }
}

/** Times of all assertions and of all votes on them, ascending, as often as they occur. */
function* timesOf({ candidates, votes, numbers }: NumberedKey): Steps<readonly number[]> {
  const { targets } = yield* numbers(candidates, votes)
  const times: number[] = []
  for (let at = 0; at < candidates.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    times.push((candidates[at] as Candidate).timestampMs)
  }
  for (let at = 0; at < votes.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if ((targets[at] ?? -1) >= 0) times.push((votes[at] as VoteInput).timestampMs)
  }
  return yield* sortNumberSteps(times)
}

/** All distinct times, or so many that the records between two of them are about as many. */
function* chosenTimes(
  times: readonly number[]
): Steps<{ readonly chosen: readonly number[], readonly complete: boolean }> {
  const distinct: number[] = []
  for (let at = 0; at < times.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (times[at] !== times[at - 1]) distinct.push(times[at] ?? 0)
  }
  const affordable = Math.max(2, 1 + Math.floor((2 * HISTORY_RECORDS) / Math.max(1, times.length)))
  const points = Math.min(HISTORY_POINTS_MAX, affordable)
  if (distinct.length <= points) return { chosen: distinct, complete: true }
  const places = Array.from({ length: points }, (_, at) => Math.ceil(((at + 1) * times.length) / points) - 1)
  return { chosen: [...new Set(places.map((place) => times[place] ?? 0))], complete: false }
}

function recordsUpTo(times: readonly number[], asOfMs: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) <= asOfMs) low = middle + 1
    else high = middle
  }
  return low
}
