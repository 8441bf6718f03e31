// Writes: signed canonical bytes, or the same as JSON fields with a signature. The server never signs.

import { Type } from 'typebox'
import { assert, fromHex, unreachable } from '../base/index.js'
import type { AcknowledgedResult, AckRequest, AdmitResult } from '../node/index.js'
import { attachSignature, failureText, payloadFromJson } from '../record/index.js'
import { ackJson, ackQuery, ackRequest, ackSchema, admitWith } from './ack.js'
import { splitSequence } from './cbor-sequence.js'
import { ApiError } from './errors.js'
import { defineOperation, type Operation, type OperationDeps, type Outcome } from './operation.js'
import { API_LIMITS } from './options.js'
import {
  hashSchema, keySchema, predicateSchema, shareSchema, signatureSchema, subjectSchema, timeSchema, valueSchema
} from './schemas.js'
import { factsOf } from './status.js'
import { hintOf, hintSchema } from './write-hint.js'

const resultSchema = Type.Object({
  status: Type.Integer({ description: '201 new, 200 known, 202 quarantined, else as the problem of that code' }),
  result: Type.Union(['admitted', 'known', 'quarantined', 'refused'].map((name) => Type.Literal(name))),
  id: Type.Optional(hashSchema),
  release_time: Type.Optional(timeSchema),
  code: Type.Optional(Type.String()),
  rule: Type.Optional(Type.String()),
  hint: Type.Optional(hintSchema),
  ack: ackSchema
})

const batchSchema = Type.Object({ results: Type.Array(resultSchema, { maxItems: API_LIMITS.batchMax }) })

const signed = { agent_id: keySchema, timestamp: timeSchema, signature: signatureSchema }

const assertionSchema = Type.Object({
  subject: subjectSchema,
  predicate: predicateSchema,
  object: valueSchema,
  epoch: Type.Optional(hashSchema),
  lineage: Type.Optional(Type.Array(hashSchema)),
  confidence: Type.Optional(shareSchema),
  source: Type.Optional(Type.String()),
  vector: Type.Optional(Type.Object({ model: Type.String(), values: Type.Array(Type.Number()) })),
  ...signed
}, { additionalProperties: false })

const voteSchema = Type.Object({
  assertion_hash: hashSchema,
  weight: shareSchema,
  ...signed
}, { additionalProperties: false })

const epochSchema = Type.Object({
  name: Type.String({ minLength: 1 }),
  predicates: Type.Optional(Type.Record(Type.String(), Type.Object({}))),
  supersedes: Type.Optional(hashSchema),
  ...signed
}, { additionalProperties: false })

/** Operations that add records. */
export const writeOperations: readonly Operation[] = [
  defineOperation({
    name: 'putRecords',
    summary: 'Admits signed records: one as application/cbor, up to 1,000 as application/cbor-seq',
    method: 'POST', paths: ['/v1/records'], access: 'write', cost: 'batch',
    query: ackQuery,
    body: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }),
    bodyTypes: ['application/cbor', 'application/cbor-seq'], bodyLimit: 'records',
    output: Type.Union([resultSchema, batchSchema]), statuses: [200, 201, 202],
    run: async (deps, { body, mediaType, query }) => {
      const ack = ackRequest(query)
      return mediaType === 'application/cbor' ? admitSingle(deps, body, ack) : admitSequence(deps, body, ack)
    }
  }),
  defineOperation({
    name: 'putAssertion', summary: 'Admits an assertion given as fields and a signature',
    method: 'POST', paths: ['/v1/assertions'], access: 'write', cost: 'point',
    query: ackQuery, body: assertionSchema, output: resultSchema, statuses: [200, 201, 202],
    run: (deps, { body, query }) => admitFields(deps, 'assertion', body, ackRequest(query))
  }),
  defineOperation({
    name: 'putVote', summary: 'Admits a vote given as fields and a signature',
    method: 'POST', paths: ['/v1/votes'], access: 'write', cost: 'point',
    query: ackQuery, body: voteSchema, output: resultSchema, statuses: [200, 201, 202],
    run: (deps, { body, query }) => admitFields(deps, 'vote', body, ackRequest(query))
  }),
  defineOperation({
    name: 'putEpoch', summary: 'Admits an epoch record given as fields and a signature',
    method: 'POST', paths: ['/v1/epochs'], access: 'write', cost: 'point',
    query: ackQuery, body: epochSchema, output: resultSchema, statuses: [200, 201, 202],
    run: (deps, { body, query }) => admitFields(deps, 'epoch', body, ackRequest(query))
  })
]

async function admitFields(
  deps: OperationDeps, kind: 'assertion' | 'vote' | 'epoch', body: { readonly signature: string },
  ack: AckRequest | undefined
): Promise<Outcome> {
  const { signature: signatureHex, ...fields } = body
  const made = payloadFromJson(kind, fields)
  if (!('payload' in made)) {
    const { rule, field } = made
    throw new ApiError({ code: 'RECORD_FIELD', rule, field: field ?? '' }, failureText(kind, made))
  }
  const signature = fromHex(signatureHex)
  assert(signature !== undefined, 'the schema let no other text through')
  return admitBytes(deps, attachSignature(made.payload, signature), ack)
}

async function admitSingle(
  deps: OperationDeps, bytes: Uint8Array, ack: AckRequest | undefined
): Promise<Outcome> {
  const sequence = splitSequence(bytes, 1)
  if (sequence.kind === 'malformed') throw malformed(sequence.offset)
  if (sequence.kind === 'too-many') {
    throw new ApiError({ code: 'BATCH_TOO_LARGE', max: 1 }, 'application/cbor holds one record')
  }
  if (sequence.items.length === 0) throw malformed(0)
  return admitBytes(deps, bytes, ack)
}

async function admitBytes(
  deps: OperationDeps, bytes: Uint8Array, ack: AckRequest | undefined
): Promise<Outcome> {
  const [outcome] = await admitWith(deps.node, [bytes], ack)
  assert(outcome !== undefined, 'a result for each record')
  const { result } = outcome
  if (result.kind === 'refused') {
    const { code, rule } = result
    throw new ApiError({ code, rule }, `the record breaks the rule ${rule}`)
  }
  const hint = await hintOf(deps.node, bytes)
  return { kind: 'json', status: statusOf(result), value: { ...resultOf(outcome), ...hint } }
}

async function admitSequence(
  deps: OperationDeps, bytes: Uint8Array, ack: AckRequest | undefined
): Promise<Outcome> {
  const sequence = splitSequence(bytes, API_LIMITS.batchMax)
  if (sequence.kind === 'malformed') throw malformed(sequence.offset)
  if (sequence.kind === 'too-many') {
    throw new ApiError({ code: 'BATCH_TOO_LARGE', max: API_LIMITS.batchMax }, 'a batch holds up to 1,000 records')
  }
  if (sequence.items.length === 0) throw new ApiError({ code: 'BATCH_EMPTY' }, 'the body holds no record')
  const results = await admitWith(deps.node, sequence.items, ack)
  return { kind: 'json', status: 200, value: { results: results.map(resultOf) } }
}

function malformed(offset: number): ApiError {
  return new ApiError({ code: 'CBOR_MALFORMED', offset }, `no well-formed CBOR item begins at byte ${offset}`)
}

function statusOf(result: AdmitResult): number {
  switch (result.kind) {
    case 'admitted': return 201
    case 'known': return 200
    case 'quarantined': return 202
    case 'refused': return factsOf(result.code).status
    default: return unreachable(result)
  }
}

function resultOf(outcome: AcknowledgedResult): object {
  const { result } = outcome
  const head = { status: statusOf(result), result: result.kind }
  switch (result.kind) {
    case 'refused': return { ...head, code: result.code, rule: result.rule }
    case 'quarantined': return { ...head, id: result.id, release_time: result.releaseMs, ...ackJson(outcome) }
    default: return { ...head, id: result.id, ...ackJson(outcome) }
  }
}
