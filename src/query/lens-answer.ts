// The answer of one lens, run for the request: what a view does not keep.

import { createLensInput, evidenceSteps, type Judgement, type Lens, lensSteps } from '../lenses/index.js'
import { type Answer, answerFromLens, type QueryRequest } from './answer.js'
import { type Desk, noCandidates } from './slow-path.js'
import { heardBy } from './thresholds.js'

/** Runs a lens over the records of a key. @throws LensError LENS_NO_CANDIDATES */
export async function lensAnswer(desk: Desk, request: QueryRequest, lens: Lens): Promise<Answer> {
  const { subject, predicate, asOfMs } = request
  const records = await desk.gather(subject, predicate, asOfMs)
  const input = createLensInput(records, judgementOf(desk, request))
  const result = await desk.run(lensSteps(lens, input))
  const answer = result === undefined ? undefined : answerFromLens(request, lens.name, result, {
    counts: { candidates: records.candidates.length, votes: records.votes.length },
    evidence: await desk.run(evidenceSteps(records)),
    heard: heardBy(desk.authority, request),
    view: desk.view
  })
  if (answer === undefined) throw noCandidates(lens.name, records.candidates.length === 0)
  return answer
}

/** Under what the records of a request are judged. */
export function judgementOf(
  desk: Desk, request: Pick<QueryRequest, 'asOfMs' | 'explain' | 'minStanding' | 'minAccuracy'>
): Judgement {
  const { asOfMs, explain } = request
  return {
    epochs: desk.epochs(asOfMs), trust: desk.trust, asOfMs, explain,
    authority: heardBy(desk.authority, request) ?? desk.authority
  }
}
