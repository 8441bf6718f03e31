// Recomputing views: one batch of keys from one snapshot.
// Rule: the batch that writes the views deletes exactly the marks that the snapshot showed.

import { type Clock, equalBytes } from '../base/index.js'
import {
  createLensInput, decodeView, encodeView, hashedPart, type Judgement, type KeyRecords, type LensInput,
  type Pace, runSteps, runStepsAt, settleSteps, type Steps, type TrustBallots, trustBallotSteps,
  trustGenerationOf, type View
} from '../lenses/index.js'
import { type Batch, gatherKey, keys, type Reader } from '../store/index.js'
import { changesBetween, type WinnerChange } from './change.js'
import type { DirtyKey } from './marks.js'
import { GATHER_WIDTH, type MaterializerOptions } from './options.js'

/** What recomputation needs besides the keys. */
export interface RecomputeDeps {
  readonly options: Required<MaterializerOptions>
  readonly reader: Reader
  readonly batch: Batch
  readonly judgement: Judgement
  readonly clock: Clock
  readonly pace: Pace
  /** Told what each key cost. */
  readonly spent: (name: string, costMs: number) => void
  /** False = nobody asks for changes, so old views need no decoding. */
  readonly wantsChanges: boolean
  /** Told of the ballots of each key whose records or settings changed. */
  readonly told: ((ballots: TrustBallots) => void) | undefined
}

/** Adds to the batch what brings these keys up to date. Gives the winners that will then have changed. */
export async function recompute(
  dirty: readonly DirtyKey[], deps: RecomputeDeps
): Promise<readonly WinnerChange[]> {
  const changes: WinnerChange[] = []
  for (let start = 0; start < dirty.length; start += GATHER_WIDTH) {
    const some = dirty.slice(start, start + GATHER_WIDTH)
    const gatherStartMs = deps.clock.monotonicMs()
    const gathered = await Promise.all(some.map((key) => gatherKey(deps.reader, key.subject, key.predicate)))
    const gatherMs = (deps.clock.monotonicMs() - gatherStartMs) / some.length
    for (const [at, key] of some.entries()) {
      const records = gathered[at]
      if (records === undefined) continue
      const own = ownTime(deps)
      const input = createLensInput(records, deps.judgement)
      const view = await run(settleSteps(input, deps.clock.nowMs()), records, deps.options, own)
      changes.push(...stage(key, view, records, deps))
      await tell(key, input, deps, own)
      deps.spent(key.name, gatherMs + own.spentMs())
      const pause = deps.pace()
      if (pause !== undefined) await pause
    }
  }
  return changes
}

/** The time that a key costs. */
interface OwnTime {
  /** Asked between slices of the work on the key. */
  readonly pace: Pace
  spentMs(): number
}

/** Counts the time from now on without that which was left to others between two slices. */
function ownTime({ clock, pace: rest }: RecomputeDeps): OwnTime {
  const startMs = clock.monotonicMs()
  let leftMs = 0
  const pace: Pace = () => {
    const fromMs = clock.monotonicMs()
    return rest()?.then(() => {
      leftMs += clock.monotonicMs() - fromMs
    })
  }
  return { pace, spentMs: () => clock.monotonicMs() - startMs - leftMs }
}

/** Work on records that are many is done in slices. */
async function run<T>(
  steps: Steps<T>, records: KeyRecords, { sliceCandidates }: RecomputeDeps['options'], { pace }: OwnTime
): Promise<T> {
  const long = records.candidates.length + records.votes.length > sliceCandidates
  return long ? await runStepsAt(steps, pace) : runSteps(steps)
}

/** A change of trust alone changes no ballot. */
async function tell(
  key: DirtyKey, input: LensInput, { options, told }: RecomputeDeps, own: OwnTime
): Promise<void> {
  if (told === undefined || input.candidates.length === 0) return
  if (!key.told && !key.swept) return
  told(await run(tellingSteps(input), input, options, own))
}

/** The ballots, from what the view was computed of. */
function* tellingSteps(input: LensInput): Steps<TrustBallots> {
  return yield* trustBallotSteps(input, input.epochs.judging(input.predicate), yield* input.density())
}

function stage(
  key: DirtyKey, view: View | undefined, records: KeyRecords, deps: RecomputeDeps
): readonly WinnerChange[] {
  for (const mark of key.marks) deps.batch.delete(mark)
  const place = keys.view(key.subject, key.predicate)
  const before = deps.reader.get(place)
  if (view === undefined) deps.batch.delete(place)
  const after = view === undefined ? undefined : encodeView(view)
  if (after !== undefined && sameView(before, after)) return []
  if (after !== undefined) deps.batch.put(place, after)
  // A sweep after a change of trust leaves most answers as they were: then there is nothing to decode.
  if (!deps.wantsChanges || (after !== undefined && saysTheSame(before, after))) return []
  return changesBetween(key, before === undefined ? undefined : decodeView(before), view, records)
}

/** True when the kept view says the same under the same trust: then it stays, with its own time. */
function sameView(before: Uint8Array | undefined, after: Uint8Array): boolean {
  return before !== undefined && saysTheSame(before, after) &&
    trustGenerationOf(before) === trustGenerationOf(after)
}

/** True when both give the same answers, whatever they were computed under. */
function saysTheSame(before: Uint8Array | undefined, after: Uint8Array): boolean {
  const [old, now] = [before === undefined ? undefined : hashedPart(before), hashedPart(after)]
  return old !== undefined && now !== undefined && equalBytes(old, now)
}
