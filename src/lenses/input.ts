// What a lens is handed: the records of one key and what they are judged under.

import { type Density, densitySteps } from './density.js'
import type { EpochView } from './epochs.js'
import type { LensInput, LensResult } from './lens.js'
import { createNumbering, type NumberedKey, type Numbering } from './numbers.js'
import { rankSteps } from './ranking.js'
import type { Steps } from './steps.js'
import type { AuthorityThresholds, Candidate, Judgement, KeyRecords, TrustView, VoteInput } from './types.js'

/**
 * The input of lenses for one key. All lenses that are run on one input share its density and who wins by it.
 * @param key with the numbers of another input of the same records, they share these too
 */
export function createLensInput(key: KeyRecords & Partial<NumberedKey>, judgement: Judgement): LensInput {
  return new KeyInput(key, judgement)
}

/** A class, so that all inputs share their generators: V8 makes a hidden class for the calls of each one. */
class KeyInput implements LensInput {
  readonly subject: string
  readonly predicate: string
  readonly candidates: readonly Candidate[]
  readonly votes: readonly VoteInput[]
  readonly numbers: Numbering
  readonly epochs: EpochView
  readonly trust: TrustView
  readonly authority: AuthorityThresholds | undefined
  readonly asOfMs: number | undefined
  readonly explain: boolean | undefined
  #density: Density | undefined
  #ranked: LensResult | undefined

  constructor(key: KeyRecords & Partial<NumberedKey>, judgement: Judgement) {
    this.subject = key.subject
    this.predicate = key.predicate
    this.candidates = key.candidates
    this.votes = key.votes
    this.numbers = key.numbers ?? createNumbering(key.candidates, key.votes)
    this.epochs = judgement.epochs
    this.trust = judgement.trust
    this.authority = judgement.authority
    this.asOfMs = judgement.asOfMs
    this.explain = judgement.explain
    this.#density = undefined
    this.#ranked = undefined
  }

  * density(): Steps<Density> {
    if (this.#density !== undefined) return this.#density
    const { epochs, predicate, trust, asOfMs } = this
    return this.#density = yield* densitySteps(this, epochs.judging(predicate), trust, { asOfMs })
  }

  * rank(density: Density): Steps<LensResult | undefined> {
    if (density !== this.#density) return yield* rankSteps(density, this.explain === true)
    return this.#ranked ??= yield* rankSteps(density, this.explain === true)
  }
}
