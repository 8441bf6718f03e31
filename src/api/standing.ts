// Parts of answers as plain JSON, under the names of answer.ts: for what is long and asked for seldom.

import type { AnswerStanding, AnswerView } from '../query/index.js'
import { valueToJson } from '../record/index.js'
import { etagOf } from './etag.js'
import type { Outcome } from './operation.js'

const one = 65_536

/** Q16 as a decimal. */
export function decimal(q16: number): number {
  return q16 / one
}

/** An answer with the support it has. */
export function standingJson(standing: AnswerStanding): object {
  return {
    object: valueToJson(standing.object), assertion_hash: standing.assertion, agent_id: standing.agentId,
    timestamp: standing.timestampMs, epoch: standing.epoch ?? null, source: standing.source ?? null,
    score: decimal(standing.score), share: decimal(standing.share), agents: standing.agents
  }
}

/** What this node alone says of an answer. */
export function viewJson(view: AnswerView): object {
  return {
    version: view.version, trust_frontier: view.trustFrontier ?? null, trust_generation: view.trustGeneration,
    lag_ms: view.lagMs, trust_lag_ms: view.trustLagMs
  }
}

/** An answer with its view, and an entity tag that follows from all but the view. */
export function taggedAnswer(canonical: object, view: AnswerView): Outcome {
  const text = JSON.stringify(canonical)
  const whole = `${text.slice(0, -1)},"view":${JSON.stringify(viewJson(view))}}`
  return { kind: 'text', status: 200, text: whole, etag: etagOf(text) }
}

/** The fields of a record that are there. */
export function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
