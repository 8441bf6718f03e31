// What a run is scored by: the answers of its node, which must be those that its records give under the trust
// that follows from them. A run whose node published other trust, or answered otherwise, is void.

import type { Hash } from '../../src/base/index.js'
import type { GoldFact, StateReport } from '../../src/node/index.js'
import { computeTrust, type TrustSnapshot } from '../../src/trustrank/index.js'
import { answersOf, checkAnswers, type LensAnswers } from './answers.js'
import type { RunResult } from './run.js'
import { bookOf } from './stored.js'

/** Answers with the trust that they follow from. */
export interface Judged {
  /** Of the node; in a run without one those of the records. */
  readonly answers: LensAnswers
  readonly trust: TrustSnapshot
  readonly rounds: number
  readonly trustMs: number
}

/** Computes trust and answers from what a run left. @throws Error when its node said anything else */
export function judge({ stored, epochs, policy, told }: RunResult, facts: readonly GoldFact[]): Judged {
  const columns = bookOf(stored.ballots, policy).columns()
  const from = performance.now()
  const { snapshot: trust, rounds } = computeTrust(columns, policy)
  const trustMs = Math.round(performance.now() - from)
  const computed = answersOf(stored, facts, epochs, trust)
  if (told !== undefined) {
    checkPublished(told.state, trust.digest)
    checkAnswers(told.answers, computed)
  }
  return { answers: told?.answers ?? computed, trust, rounds, trustMs }
}

function checkPublished(state: StateReport, digest: Hash): void {
  const published = state.tag?.trustDigest
  if (published !== digest) throw new Error(`the node published trust ${published}, not ${digest}`)
}
