// Asking: one pair, many pairs, all predicates of a subject.
// GET /v1/query is the hot path: one view read, one serialisation, one hash.

import { Type } from 'typebox'
import { answerText } from './answer.js'
import { answerSchema, subjectPageSchema } from './answer-schema.js'
import { ApiError } from './errors.js'
import { etagOf } from './etag.js'
import { defineOperation, type Operation } from './operation.js'
import { API_LIMITS } from './options.js'
import { problemOfError } from './problem.js'
import {
  asOfSchema, DEFAULT_LENS, lensSchema, limitSchema, predicateSchema, problemSchema, shareSchema,
  shareTextSchema, subjectSchema, timeSchema
} from './schemas.js'
import { thresholdsOf } from './thresholds.js'

const flagSchema = Type.Union([Type.Literal('true'), Type.Literal('false')], {
  description: 'list the records behind the winner'
})
const freshText = 'true: wait until the answer follows from all that is admitted, trust included; ' +
  'records: wait for the records of this key alone. 503 QUERY_TIMEOUT after 5 seconds'
const freshSchema = Type.Union([Type.Literal('true'), Type.Literal('false'), Type.Literal('records')], {
  description: freshText
})

const querySchema = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  lens: lensSchema,
  asOf: Type.Optional(asOfSchema),
  minStanding: Type.Optional(shareTextSchema),
  minAccuracy: Type.Optional(shareTextSchema),
  fresh: Type.Optional(freshSchema),
  explain: Type.Optional(flagSchema)
}, { additionalProperties: false })

const pairSchema = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  lens: lensSchema,
  asOf: Type.Optional(timeSchema),
  minStanding: Type.Optional(shareSchema),
  minAccuracy: Type.Optional(shareSchema),
  fresh: Type.Optional(Type.Union([Type.Boolean(), Type.Literal('records')], { description: freshText })),
  explain: Type.Optional(Type.Boolean())
}, { additionalProperties: false })

const pairsSchema = Type.Object({
  queries: Type.Array(pairSchema, { minItems: 1, description: 'up to 1,000' }),
  lens: lensSchema
}, { additionalProperties: false })

const subjectQuerySchema = Type.Object({
  lens: lensSchema,
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 })),
  limit: limitSchema
}, { additionalProperties: false })

const answersSchema = Type.Object({
  answers: Type.Array(Type.Union([answerSchema, Type.Object({ error: problemSchema })]))
})

/** Operations that ask for resolved answers. */
export const queryOperations: readonly Operation[] = [
  defineOperation({
    name: 'query', summary: 'The resolved answer for a subject and predicate',
    method: 'GET', paths: ['/v1/query', '/query'], access: 'read', cost: 'point',
    query: querySchema, output: answerSchema, statuses: [200],
    run: async ({ node }, { query }) => {
      const { subject, predicate, lens, asOf, fresh, explain } = query
      const answer = await node.query({
        subject, predicate, lens: lens ?? DEFAULT_LENS,
        asOfMs: asOf === undefined ? undefined : Number(asOf), ...thresholdsOf(query),
        fresh: fresh === 'records' ? fresh : fresh === 'true', explain: explain === 'true'
      })
      const { whole, canonical } = answerText(answer)
      return { kind: 'text', status: 200, text: whole, etag: etagOf(canonical) }
    }
  }),
  defineOperation({
    name: 'queryMany', summary: 'Resolved answers for up to 1,000 pairs, in the order asked; QUERY_TIMEOUT for what 10 s do not reach',
    method: 'POST', paths: ['/v1/query', '/query'], access: 'read', cost: 'batch',
    body: pairsSchema, bodyLimit: 'query', statuses: [200],
    output: answersSchema,
    run: async ({ node }, { body, signal }) => {
      if (body.queries.length > API_LIMITS.batchMax) {
        const { batchMax } = API_LIMITS
        throw new ApiError({ code: 'BATCH_TOO_LARGE', max: batchMax }, 'a batch holds up to 1,000 pairs')
      }
      const requests = body.queries.map(({ lens, asOf, minStanding, minAccuracy, ...pair }) => ({
        ...pair, lens: lens ?? body.lens ?? DEFAULT_LENS, asOfMs: asOf,
        ...thresholdsOf({ minStanding, minAccuracy })
      }))
      const answers = (await node.queryMany(requests, signal)).map((answer) => answer instanceof Error
        ? JSON.stringify({ error: problemOfError(answer) })
        : answerText(answer).whole)
      return { kind: 'text', status: 200, text: `{"answers":[${answers.join()}]}` }
    }
  }),
  defineOperation({
    name: 'getSubject', summary: 'Every predicate of a subject, resolved, paged',
    method: 'GET', paths: ['/v1/subjects/:subject'], access: 'read', cost: 'range',
    params: Type.Object({ subject: subjectSchema }), query: subjectQuerySchema,
    output: subjectPageSchema, statuses: [200],
    run: async ({ node }, { params: { subject }, query }) => {
      const limit = Number(query.limit ?? API_LIMITS.pageDefault)
      const page = await node.subject(subject, query.lens ?? DEFAULT_LENS, query.cursor, limit)
      if (page.answers.length === 0 && query.cursor === undefined) {
        throw new ApiError({ code: 'SUBJECT_NOT_FOUND' }, 'nothing is said of this subject')
      }
      const answers = page.answers.map((answer) => answerText(answer).canonical).join()
      const next = page.cursor === undefined ? '' : `,"cursor":${JSON.stringify(page.cursor)}`
      const text = `{"subject":${JSON.stringify(subject)},"answers":[${answers}]${next}}`
      return { kind: 'text', status: 200, text, etag: etagOf(text) }
    }
  })
]
