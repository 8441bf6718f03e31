// EpochAware: Consensus over the assertions of the current epoch and over timeless ones.
// Rule: what was said under another epoch has no ballot here. Assertions of superseded epochs are listed as
// such when the answer is to be explained. Source: docs/lenses.md#epochaware

import type { Hash } from '../base/index.js'
import { type Density, densitySteps } from './density.js'
import type { Lens, LensInput, LensResult } from './lens.js'
import { BACKING_MAX, compareIds } from './ranking.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate } from './types.js'

function* resolve(input: LensInput): Steps<LensResult | undefined> {
  const result = yield* input.rank(yield* current(input), input.explain)
  if (result === undefined || input.explain !== true) return result
  return { ...result, superseded: yield* supersededSteps(input) }
}

/** Mostly all candidates are timeless: then the density is the one that other lenses have computed. */
function* current(input: LensInput): Steps<Density> {
  const id = input.epochs.current?.id
  const belongs = ({ epoch }: Candidate): boolean => epoch === undefined || epoch === id
  if (input.candidates.every(belongs)) return yield* input.density()
  const judging = input.epochs.judging(input.predicate)
  return yield* densitySteps(input, judging, input.trust, { asOfMs: input.asOfMs, admits: belongs })
}

function* supersededSteps(input: LensInput): Steps<readonly Hash[]> {
  const { asOfMs = Number.MAX_SAFE_INTEGER, epochs } = input
  const ids: Hash[] = []
  for (const [at, { id, epoch, timestampMs }] of input.candidates.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (epoch !== undefined && epochs.superseded.has(epoch) && timestampMs <= asOfMs) ids.push(id)
  }
  return (yield* sortSteps(ids, compareIds)).slice(0, BACKING_MAX)
}

/** The standard lens EpochAware. */
export const epochAware: Lens = Object.freeze({ name: 'EpochAware', viewCode: 4, resolve, weighs: current })
