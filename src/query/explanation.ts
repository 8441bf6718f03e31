// Explain as an answer: why an answer won, with the ballots behind it, and what would change it.

import type { Hash, PublicKey } from '../base/index.js'
import {
  type AuthorityThresholds, type Change, DEFAULT_AUTHORITY, evidenceSteps, explainSteps,
  type Judging, type Lens
} from '../lenses/index.js'
import { type Answer, answerFromLens, type AnswerStanding, fromLens, type QueryRequest } from './answer.js'
import { type DisputeSide, sideOf } from './dispute.js'
import { judgementOf } from './lens-answer.js'
import { type Desk, noCandidates } from './slow-path.js'
import { heardBy } from './thresholds.js'

/** An agent without whose ballot the answer would be another. */
export interface ExplainedWithdrawal {
  readonly agentId: PublicKey
  /** Assertions on which it would have to vote 0, ascending. */
  readonly assertions: readonly Hash[]
  /** What would win then; none = nobody would be left. */
  readonly winner: AnswerStanding | undefined
}

/** Why an answer won. */
export interface ExplainReport {
  /** The answer, with the records behind it. */
  readonly answer: Answer
  readonly judging: Judging
  /** The epoch whose settings apply. */
  readonly epoch?: { readonly id: Hash; readonly name: string } | undefined
  /** Whom Authority hears; of that lens alone. */
  readonly thresholds?: AuthorityThresholds | undefined
  /** The best supported first, at most 10. */
  readonly clusters: readonly DisputeSide[]
  readonly groups: readonly { readonly group: number; readonly agents: readonly PublicKey[] }[]
  readonly change: Omit<Change, 'withdrawals'> & { readonly withdrawals: readonly ExplainedWithdrawal[] }
  /** Lenses by time alone: a later assertion of another value would win. */
  readonly laterThanMs?: number | undefined
}

/** Explains the answer of a lens. @throws LensError LENS_NO_CANDIDATES */
export async function explainAnswer(desk: Desk, request: QueryRequest, lens: Lens): Promise<ExplainReport> {
  const { subject, predicate, asOfMs } = request
  const records = await desk.gather(subject, predicate, asOfMs)
  const judgement = judgementOf(desk, request)
  const found = await desk.run(explainSteps(lens, records, judgement))
  const heard = heardBy(desk.authority, request)
  const answer = found === undefined ? undefined : answerFromLens(request, lens.name, found.result, {
    counts: { candidates: records.candidates.length, votes: records.votes.length },
    evidence: await desk.run(evidenceSteps(records)), heard, view: desk.view
  })
  if (found === undefined || answer === undefined) {
    throw noCandidates(lens.name, records.candidates.length === 0)
  }
  const { current } = judgement.epochs
  const { withdrawals, ...change } = found.change
  return {
    answer, judging: judgement.epochs.judging(predicate),
    epoch: current === undefined ? undefined : { id: current.id, name: current.name },
    thresholds: lens.name === 'Authority' ? judgement.authority ?? DEFAULT_AUTHORITY : undefined,
    clusters: found.sides.map(sideOf), groups: found.groups, laterThanMs: found.laterThanMs,
    change: {
      ...change,
      withdrawals: withdrawals.map(({ agentId, assertions, winners: [winner] }) => (
        { agentId, assertions, winner: winner === undefined ? undefined : fromLens(winner) }))
    }
  }
}
