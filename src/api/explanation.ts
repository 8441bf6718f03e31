// An explanation as JSON: the answer, the sides with their ballots, and what would change it.

import { Type, type TSchema } from 'typebox'
import type { ExplainReport } from '../query/index.js'
import { STEPS_PER_ONE } from '../trustrank/index.js'
import { answerText } from './answer.js'
import { canonical, standing, viewSchema } from './answer-schema.js'
import { cloneGroupsSchema, sideJson, sideSchema } from './dispute.js'
import { etagOf } from './etag.js'
import type { Outcome } from './operation.js'
import { hashSchema, keySchema, timeSchema } from './schemas.js'
import { decimal, present, standingJson, viewJson } from './standing.js'

const changeSchema = Type.Object({
  runner_up_lacks: Type.Optional(Type.Number({ description: 'bits; absent without a runner-up' })),
  newcomers: Type.Optional(Type.Integer({
    description: 'fewest agents without a record whose votes for the runner-up change the answer; ' +
      'absent when none were found up to 1,024'
  })),
  withdrawals: Type.Array(Type.Object({
    agent_id: keySchema,
    assertions: Type.Array(hashSchema, { description: 'on which the agent would have to vote 0' }),
    winner: Type.Union([Type.Object(standing), Type.Null()], { description: 'what would win then' })
  }), { description: 'agents without whose ballot the answer is another, at most 10' }),
  withdrawals_complete: Type.Boolean({ description: 'no other agent alone can change it' }),
  later_than: Type.Optional(Type.Integer({ description: 'Recency: any later assertion of another value' }))
}, { description: 'each was applied to the records and the lens asked again, under present trust' })

/** Schema of an explanation. */
export const explanationSchema: TSchema = Type.Object({
  answer: Type.Object(canonical),
  epoch: Type.Union([Type.Object({ id: hashSchema, name: Type.String() }), Type.Null()], {
    description: 'the epoch whose settings apply'
  }),
  cardinality: Type.Union([Type.Literal('one'), Type.Literal('many')]),
  tolerance: Type.Optional(Type.Number()),
  half_life: Type.Optional(timeSchema),
  hears: Type.Optional(Type.Object({ standing: Type.Number(), accuracy: Type.Number() }, {
    description: 'Authority: the least of both that it hears'
  })),
  clusters: Type.Array(sideSchema, { description: 'by the ballots that the lens weighs, best first, at most 10' }),
  clone_groups: cloneGroupsSchema,
  what_would_change_it: changeSchema,
  view: viewSchema
})

/** An explanation with its entity tag. */
export function explanationOutcome(report: ExplainReport): Outcome {
  const { answer, judging, epoch, thresholds, change } = report
  const rest = JSON.stringify(present({
    epoch: epoch ?? null, cardinality: judging.cardinality, tolerance: judging.tolerance,
    half_life: judging.halfLifeMs,
    hears: thresholds === undefined ? undefined : {
      standing: thresholds.standing / STEPS_PER_ONE, accuracy: thresholds.accuracy / STEPS_PER_ONE
    },
    clusters: report.clusters.map(sideJson), clone_groups: report.groups,
    what_would_change_it: present({
      runner_up_lacks: change.lacking === undefined ? undefined : decimal(change.lacking),
      newcomers: change.newcomers,
      withdrawals: change.withdrawals.map(({ agentId, assertions, winner }) => (
        { agent_id: agentId, assertions, winner: winner === undefined ? null : standingJson(winner) })),
      withdrawals_complete: change.complete, later_than: report.laterThanMs
    })
  }))
  const text = `{"answer":${answerText(answer).canonical},${rest.slice(1)}`
  const whole = `${text.slice(0, -1)},"view":${JSON.stringify(viewJson(answer.view))}}`
  return { kind: 'text', status: 200, text: whole, etag: etagOf(text) }
}
