// Asking: one pair, many pairs, all predicates of a subject.
// GET /v1/query is the hot path: one view read, one serialisation, one hash.

import { Type } from 'typebox'
import type { QueryRequest } from '../query/index.js'
import { answerFields, answerText, viewFields } from './answer.js'
import { answerSchema, subjectPageSchema } from './answer-schema.js'
import { ApiError } from './errors.js'
import { etagOf } from './etag.js'
import { defineOperation, type Operation } from './operation.js'
import { API_LIMITS } from './options.js'
import { problemOfError } from './problem.js'
import {
  lensSchema, limitSchema, predicateSchema, problemSchema, subjectSchema, timeSchema
} from './schemas.js'

const defaultLens = 'consensus'

const querySchema = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  lens: lensSchema,
  asOf: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description: 'ms since 1970' })),
  fresh: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')], {
    description: 'true waits until the view holds all that is admitted'
  }))
}, { additionalProperties: false })

const pairSchema = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  lens: lensSchema,
  asOf: Type.Optional(timeSchema),
  fresh: Type.Optional(Type.Boolean())
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
      const asOfMs = query.asOf === undefined ? undefined : Number(query.asOf)
      const answer = await node.query(requestOf(query, asOfMs, query.fresh === 'true'))
      const { text, canonical } = answerText(answer)
      return { kind: 'text', status: 200, text, etag: etagOf(canonical) }
    }
  }),
  defineOperation({
    name: 'queryMany', summary: 'Resolved answers for up to 1,000 pairs, in the order asked',
    method: 'POST', paths: ['/v1/query', '/query'], access: 'read', cost: 'batch',
    body: pairsSchema, bodyLimit: 'query', statuses: [200],
    output: answersSchema,
    run: async ({ node }, { body }) => {
      if (body.queries.length > API_LIMITS.batchMax) {
        const { batchMax } = API_LIMITS
        throw new ApiError({ code: 'BATCH_TOO_LARGE', max: batchMax }, 'a batch holds up to 1,000 pairs')
      }
      const requests = body.queries.map((pair) =>
        requestOf({ ...pair, lens: pair.lens ?? body.lens }, pair.asOf, pair.fresh === true))
      const answers = (await node.queryMany(requests)).map((answer) => answer instanceof Error
        ? { error: problemOfError(answer) }
        : { ...answerFields(answer), view: viewFields(answer) })
      return { kind: 'json', status: 200, value: { answers } }
    }
  }),
  defineOperation({
    name: 'getSubject', summary: 'Every predicate of a subject, resolved, paged',
    method: 'GET', paths: ['/v1/subjects/:subject'], access: 'read', cost: 'range',
    params: Type.Object({ subject: subjectSchema }), query: subjectQuerySchema,
    output: subjectPageSchema, statuses: [200],
    run: async ({ node }, { params: { subject }, query }) => {
      const limit = Number(query.limit ?? API_LIMITS.pageDefault)
      const page = await node.subject(subject, query.lens ?? defaultLens, query.cursor, limit)
      if (page.answers.length === 0 && query.cursor === undefined) {
        throw new ApiError({ code: 'SUBJECT_NOT_FOUND' }, 'nothing is said of this subject')
      }
      const answers = page.answers.map(answerFields)
      const next = page.cursor === undefined ? {} : { cursor: page.cursor }
      const value = { subject, answers, ...next }
      return { kind: 'json', status: 200, value, etag: etagOf(JSON.stringify(value)) }
    }
  })
]

function requestOf(
  pair: { readonly subject: string; readonly predicate: string; readonly lens?: string | undefined },
  asOfMs: number | undefined, fresh: boolean
): QueryRequest {
  return {
    subject: pair.subject, predicate: pair.predicate, lens: pair.lens ?? defaultLens,
    ...(asOfMs === undefined ? {} : { asOfMs }), ...(fresh ? { fresh } : {})
  }
}
