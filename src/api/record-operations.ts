// Reading single records and votes, and the bytes that a signer elsewhere has to sign.

import { Type } from 'typebox'
import { assert, parseHash, toHex, type Hash } from '../base/index.js'
import type { FoundRecord } from '../node/index.js'
import { payloadFromJson, recordToJson, signingInput } from '../record/index.js'
import { ApiError } from './errors.js'
import { defineOperation, type Operation } from './operation.js'
import { API_LIMITS } from './options.js'
import { hashSchema, keySchema, limitSchema, timeSchema } from './schemas.js'

const hashParams = Type.Object({ hash: hashSchema })

const recordSchema = Type.Object({
  id: hashSchema,
  kind: Type.String(),
  agent_id: keySchema,
  timestamp: timeSchema,
  signature: Type.Optional(Type.String()),
  rule: Type.Optional(Type.String({ description: 'of kind inert: the rule that gives the record no effect' }))
}, { description: 'the fields of the kind stand beside these; kind inert has none' })

const votesSchema = Type.Object({
  assertion_hash: hashSchema,
  votes: Type.Array(Type.Object({
    id: hashSchema,
    agent_id: keySchema,
    timestamp: timeSchema,
    weight: Type.Number({ minimum: 0, maximum: 1 }),
    current: Type.Boolean({ description: 'the latest of this agent on this assertion' })
  }))
})

const encodeSchema = Type.Object({
  kind: Type.Union([Type.Literal('assertion'), Type.Literal('vote'), Type.Literal('epoch')]),
  agent_id: keySchema,
  timestamp: timeSchema
}, { description: 'the fields of the kind as in the routes that admit it, without signature' })

const encodedSchema = Type.Object({
  network_id: hashSchema,
  payload: Type.String({ description: 'the record without its signature, canonical DAG-CBOR, hex' }),
  message: Type.String({ description: 'the bytes to sign: label, network id, payload; hex' })
})

/** Operations on single records. */
export const recordOperations: readonly Operation[] = [
  defineOperation({
    name: 'getRecord', summary: 'A record by its hash: JSON, or its original bytes for Accept: application/cbor',
    method: 'GET', paths: ['/v1/assertions/:hash'], access: 'read', cost: 'point',
    params: hashParams, output: recordSchema, statuses: [200], outputTypes: ['application/cbor'],
    run: async ({ node }, { params, accept }) => {
      const id = hashParam(params.hash)
      const found = await node.record(id)
      if (found === undefined) throw notFound(id)
      // The bytes never change, so the id serves as tag; the two forms differ in a suffix.
      if (wantsBytes(accept)) {
        return { kind: 'bytes', mediaType: 'application/cbor', bytes: found.bytes, etag: `"${id}-cbor"` }
      }
      return { kind: 'json', status: 200, value: jsonOf(id, found), etag: `"${id}"` }
    }
  }),
  defineOperation({
    name: 'getVotes', summary: 'The votes on an assertion',
    method: 'GET', paths: ['/v1/assertions/:hash/votes'], access: 'read', cost: 'range',
    params: hashParams, query: Type.Object({ limit: limitSchema }, { additionalProperties: false }),
    output: votesSchema, statuses: [200],
    run: async ({ node }, { params, query }) => {
      const id = hashParam(params.hash)
      const rows = await node.votes(id, Number(query.limit ?? API_LIMITS.pageDefault))
      if (rows.length === 0 && await node.record(id) === undefined) throw notFound(id)
      const votes = rows.map((row) => ({
        id: row.id, agent_id: row.agentId, timestamp: row.timestampMs, weight: row.weight / 1_000_000,
        current: row.current
      }))
      return { kind: 'json', status: 200, value: { assertion_hash: id, votes } }
    }
  }),
  defineOperation({
    name: 'encode', summary: 'The bytes to sign for a record given as fields; no key is involved',
    method: 'POST', paths: ['/v1/encode'], access: 'read', cost: 'point',
    body: encodeSchema, output: encodedSchema, statuses: [200],
    run: async ({ node }, { body: { kind, ...fields } }) => {
      const made = payloadFromJson(kind, fields)
      if (!('payload' in made)) {
        const { rule, field } = made
        throw new ApiError({ code: 'RECORD_FIELD', rule, field: field ?? '' }, `${field ?? 'the record'}: ${rule}`)
      }
      const message = signingInput('record', node.networkId, made.payload)
      const value = { network_id: node.networkId, payload: toHex(made.payload), message: toHex(message) }
      return { kind: 'json', status: 200, value }
    }
  })
]

/** An inert record's fields mean nothing to this version: its bytes are there for those that know better. */
function jsonOf(id: Hash, { record, agentId, timestampMs, inertRule }: FoundRecord): object {
  if (record !== undefined) return recordToJson(record)
  return { id, kind: 'inert', rule: inertRule, agent_id: agentId, timestamp: timestampMs }
}

function hashParam(text: string): Hash {
  const id = parseHash(text)
  assert(id !== undefined, 'the schema let no other text through')
  return id
}

function notFound(id: Hash): ApiError {
  return new ApiError({ code: 'RECORD_NOT_FOUND' }, `no record ${id} is here`)
}

function wantsBytes(accept: string): boolean {
  return /\bapplication\/(cbor|vnd\.ipld\.dag-cbor)\b/.test(accept)
}
