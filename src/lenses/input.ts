// What a lens is handed: the records of one key and what they are judged under.

import { type Density, densitySteps } from './density.js'
import type { LensInput } from './lens.js'
import type { Steps } from './steps.js'
import type { Judgement, KeyRecords } from './types.js'

/** The input of lenses for one key. All lenses that are run on one input share its density. */
export function createLensInput(key: KeyRecords, judgement: Judgement): LensInput {
  let known: Density | undefined
  return {
    subject: key.subject, predicate: key.predicate, candidates: key.candidates, votes: key.votes,
    epochs: judgement.epochs, trust: judgement.trust, authority: judgement.authority,
    asOfMs: judgement.asOfMs, explain: judgement.explain,
    *density(): Steps<Density> {
      const judging = judgement.epochs.judging(key.predicate)
      known ??= yield* densitySteps(key, judging, judgement.trust, { asOfMs: judgement.asOfMs })
      return known
    }
  }
}
