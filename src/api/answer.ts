// Answers of the query side in JSON, under the names that the interfaces use.
// Rule: all but `view` is canonical: equal on any two nodes that hold the same records, so it is what the
// entity tag is made of. Scores and shares are Q16 inside and decimals here.

import type { Answer, AnswerStanding } from '../query/index.js'
import { valueToJson } from '../record/index.js'

const one = 65_536

/** The canonical part of an answer. */
export function answerFields(answer: Answer): object {
  const { subject, predicate, lens, asOfMs, winner, winners, winnersTotal, runnerUp } = answer
  const { undecided, candidates, clusters, ballots, evidence } = answer
  return {
    subject, predicate, lens,
    ...(asOfMs === undefined ? {} : { as_of: asOfMs }),
    winner: claimJson(winner), ...supportJson(winner),
    ...(winners.length > 1 ? { winners: winners.map(standingJson), winners_total: winnersTotal } : {}),
    ...(runnerUp === undefined ? {} : { runner_up: standingJson(runnerUp) }),
    undecided, candidates, clusters, ballots, evidence
  }
}

/** What this node alone says of an answer. */
export function viewFields({ view }: Answer): object {
  const { version, trustFrontier, lagMs } = view
  return { version, trust_frontier: trustFrontier ?? null, lag_ms: lagMs }
}

/** An answer as JSON text, and its canonical part, both from one serialisation. */
export function answerText(answer: Answer): { readonly text: string; readonly canonical: string } {
  const canonical = JSON.stringify(answerFields(answer))
  return { text: `${canonical.slice(0, -1)},"view":${JSON.stringify(viewFields(answer))}}`, canonical }
}

function standingJson(standing: AnswerStanding): object {
  return { ...claimJson(standing), ...supportJson(standing) }
}

function supportJson({ score, share, agents }: AnswerStanding): object {
  return { score: score / one, share: share / one, agents }
}

function claimJson(standing: AnswerStanding): object {
  const { object, assertion, agentId, timestampMs, epoch, source } = standing
  return {
    object: valueToJson(object), assertion_hash: assertion, agent_id: agentId, timestamp: timestampMs,
    epoch: epoch ?? null, source: source ?? null
  }
}
