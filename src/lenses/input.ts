// What a lens is handed: the records of one key and what they are judged under.

import { type Density, densitySteps } from './density.js'
import type { LensInput, LensResult } from './lens.js'
import { createNumbering, type NumberedKey } from './numbers.js'
import { rankSteps } from './ranking.js'
import type { Steps } from './steps.js'
import type { Judgement, KeyRecords } from './types.js'

/**
 * The input of lenses for one key. All lenses that are run on one input share its density and who wins by it.
 * @param key with the numbers of another input of the same records, they share these too
 */
export function createLensInput(key: KeyRecords & Partial<NumberedKey>, judgement: Judgement): LensInput {
  let known: Density | undefined
  const numbers = key.numbers ?? createNumbering(key.candidates, key.votes)
  let ranked: LensResult | undefined
  const { epochs, trust, asOfMs, explain } = judgement
  const input: LensInput = {
    subject: key.subject, predicate: key.predicate, candidates: key.candidates, votes: key.votes,
    epochs, trust, authority: judgement.authority, asOfMs, explain, numbers,
    *density(): Steps<Density> {
      return known ??= yield* densitySteps(input, epochs.judging(key.predicate), trust, { asOfMs })
    },
    *rank(density): Steps<LensResult | undefined> {
      if (density !== known) return yield* rankSteps(density, explain === true)
      return ranked ??= yield* rankSteps(density, explain === true)
    }
  }
  return input
}
