// Lenses that give more than one answer: the whole dispute, what contexts demand, the verdict on a plan.
// Each is computed from the records, page by page; a page that would follow from another state is refused.

import { Type, type Static } from 'typebox'
import { parseHash } from '../base/index.js'
import { type ConstraintKind, CONSTRAINT_PREDICATES } from '../lenses/index.js'
import { PLAN_MAX, SUBJECTS_MAX } from '../query/index.js'
import { valueFromJson, type Value } from '../record/index.js'
import { constraintsJson, constraintsSchema, preflightJson, preflightSchema } from './demands.js'
import { disputeJson, disputeSchema } from './dispute.js'
import { ApiError } from './errors.js'
import { explanationOutcome, explanationSchema } from './explanation.js'
import { defineOperation, type Operation } from './operation.js'
import { API_LIMITS } from './options.js'
import {
  asOfSchema, DEFAULT_LENS, hashSchema, lensSchema, limitSchema, predicateSchema, shareTextSchema,
  subjectSchema, timeSchema, valueSchema
} from './schemas.js'
import { taggedAnswer } from './standing.js'
import { thresholdsOf } from './thresholds.js'

const cursorSchema = Type.Optional(Type.String({ minLength: 1, maxLength: 128 }))

const disputeQuery = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  asOf: Type.Optional(asOfSchema),
  assertion: Type.Optional(hashSchema),
  cursor: cursorSchema,
  limit: limitSchema
}, { additionalProperties: false })

const explainQuery = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  lens: lensSchema,
  asOf: Type.Optional(asOfSchema),
  minStanding: Type.Optional(shareTextSchema),
  minAccuracy: Type.Optional(shareTextSchema)
}, { additionalProperties: false })

const kindSchema = Type.Union(CONSTRAINT_PREDICATES.map((kind) => Type.Literal(kind)))

const contextsSchema = Type.Union([
  subjectSchema, Type.Array(subjectSchema, { minItems: 1, maxItems: SUBJECTS_MAX })
], { description: 'a subject, or 1 to 64 of them' })

const constraintsQuery = Type.Object({
  subject: contextsSchema,
  predicate: Type.Optional(kindSchema),
  asOf: Type.Optional(asOfSchema),
  cursor: cursorSchema,
  limit: limitSchema
}, { additionalProperties: false })

const planBody = Type.Object({
  subject: contextsSchema,
  plan: Type.Array(valueSchema, { maxItems: PLAN_MAX, description: 'the values that the plan uses' }),
  asOf: Type.Optional(timeSchema),
  cursor: cursorSchema,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: API_LIMITS.pageMax }))
}, { additionalProperties: false })

/** Operations that ask lenses for more than an answer. */
export const lensOperations: readonly Operation[] = [
  defineOperation({
    name: 'skeptic', summary: 'The whole dispute about a subject and predicate: every answer, who backs it, its history',
    method: 'GET', paths: ['/v1/skeptic'], access: 'read', cost: 'range',
    query: disputeQuery, output: disputeSchema, statuses: [200],
    run: async ({ node }, { query }) => {
      const { subject, predicate, assertion, cursor } = query
      const of = assertion === undefined ? undefined : parseHash(assertion)
      const report = await node.dispute({ subject, predicate, of, cursor, ...pageOf(query) })
      return taggedAnswer(disputeJson(report), report.view)
    }
  }),
  defineOperation({
    name: 'explain', summary: 'Why an answer won: its ballots and their weights, the runner-up, what would change it',
    method: 'GET', paths: ['/v1/explain'], access: 'read', cost: 'range',
    query: explainQuery, output: explanationSchema, statuses: [200],
    run: async ({ node }, { query }) => {
      const { subject, predicate, lens, asOf } = query
      return explanationOutcome(await node.explain({
        subject, predicate, lens: lens ?? DEFAULT_LENS, explain: true,
        asOfMs: asOf === undefined ? undefined : Number(asOf), ...thresholdsOf(query)
      }))
    }
  }),
  defineOperation({
    name: 'constraints', summary: 'What one or several subjects demand (must_use) and forbid (forbidden)',
    method: 'GET', paths: ['/v1/constraints'], access: 'read', cost: 'range',
    query: constraintsQuery, output: constraintsSchema, statuses: [200],
    run: async ({ node }, { query }) => {
      const report = await node.constraints({
        subjects: [query.subject].flat(), kind: query.predicate as ConstraintKind | undefined,
        cursor: query.cursor, ...pageOf(query)
      })
      return taggedAnswer(constraintsJson(report), report.view)
    }
  }),
  defineOperation({
    name: 'preflight', summary: 'Whether a plan keeps to what subjects demand and forbid, and what says that it does not',
    method: 'POST', paths: ['/v1/preflight'], access: 'read', cost: 'range',
    body: planBody, bodyLimit: 'query', output: preflightSchema, statuses: [200],
    run: async ({ node }, { body }) => {
      const report = await node.preflight({
        subjects: [body.subject].flat(), plan: planOf(body), asOfMs: body.asOf, cursor: body.cursor,
        limit: body.limit ?? API_LIMITS.pageDefault
      })
      return taggedAnswer(preflightJson(report), report.view)
    }
  })
]

function pageOf({ asOf, limit }: { readonly asOf?: string, readonly limit?: string }): {
  readonly asOfMs: number | undefined
  readonly limit: number
} {
  const rows = Number(limit ?? API_LIMITS.pageDefault)
  return { asOfMs: asOf === undefined ? undefined : Number(asOf), limit: rows }
}

/** @throws ApiError INPUT_INVALID for what is no value */
function planOf({ plan }: Static<typeof planBody>): readonly Value[] {
  return plan.map((json, at) => {
    const value = valueFromJson(json)
    if (value !== undefined) return value
    throw new ApiError({ code: 'INPUT_INVALID', field: `plan.${at}` }, `plan.${at} is no value of an assertion`)
  })
}
