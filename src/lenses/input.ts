// What a lens is handed: the records of one key and what they are judged under.

import { type Density, densitySteps } from './density.js'
import type { LensInput } from './lens.js'
import { createNumbering, type NumberedKey } from './numbers.js'
import type { Steps } from './steps.js'
import type { Judgement, KeyRecords } from './types.js'

/**
 * The input of lenses for one key. All lenses that are run on one input share its density.
 * @param key with the numbers of another input of the same records, they share these too
 */
export function createLensInput(key: KeyRecords & Partial<NumberedKey>, judgement: Judgement): LensInput {
  let known: Density | undefined
  const numbers = key.numbers ?? createNumbering(key.candidates, key.votes)
  return {
    subject: key.subject, predicate: key.predicate, candidates: key.candidates, votes: key.votes,
    epochs: judgement.epochs, trust: judgement.trust, authority: judgement.authority,
    asOfMs: judgement.asOfMs, explain: judgement.explain, numbers,
    *density(): Steps<Density> {
      const judging = judgement.epochs.judging(key.predicate)
      const filter = { asOfMs: judgement.asOfMs }
      known ??= yield* densitySteps({ ...key, numbers }, judging, judgement.trust, filter)
      return known
    }
  }
}
