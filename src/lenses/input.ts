// What a lens is handed: the records of one key and what they are judged under.

import { type Density, densitySteps } from './density.js'
import type { LensInput, LensResult } from './lens.js'
import { createNumbering, type NumberedKey } from './numbers.js'
import { rankSteps } from './ranking.js'
import type { Steps } from './steps.js'
import type { Judgement, KeyRecords } from './types.js'

/** What is computed of an input once. */
interface Kept {
  density: Density | undefined
  ranked: LensResult | undefined
}

/**
 * The input of lenses for one key. All lenses that are run on one input share its density and who wins by it.
 * @param key with the numbers of another input of the same records, they share these too
 */
export function createLensInput(key: KeyRecords & Partial<NumberedKey>, judgement: Judgement): LensInput {
  const kept: Kept = { density: undefined, ranked: undefined }
  const input: LensInput = {
    subject: key.subject, predicate: key.predicate, candidates: key.candidates, votes: key.votes,
    numbers: key.numbers ?? createNumbering(key.candidates, key.votes),
    epochs: judgement.epochs, trust: judgement.trust, authority: judgement.authority,
    asOfMs: judgement.asOfMs, explain: judgement.explain,
    density: () => densityOf(input, kept),
    rank: (density, explain) => rankOf(density, explain === true, input, kept)
  }
  return input
}

// All inputs share these two: V8 makes a hidden class for the calls of each generator that is made.

function* densityOf(input: LensInput, kept: Kept): Steps<Density> {
  if (kept.density !== undefined) return kept.density
  const { epochs, predicate, trust, asOfMs } = input
  return kept.density = yield* densitySteps(input, epochs.judging(predicate), trust, { asOfMs })
}

function* rankOf(
  density: Density, explain: boolean, input: LensInput, kept: Kept
): Steps<LensResult | undefined> {
  const isKept = density === kept.density && explain === (input.explain === true)
  if (!isKept) return yield* rankSteps(density, explain)
  return kept.ranked ??= yield* rankSteps(density, explain)
}
