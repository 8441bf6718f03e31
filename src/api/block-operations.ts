// Whole blocks, for export and import: a CBOR sequence of byte strings, each a block as it travels.

import { Type } from 'typebox'
import { decodeCanonical, encodeCanonical } from '../record/index.js'
import { splitSequence } from './cbor-sequence.js'
import { ApiError } from './errors.js'
import { defineOperation, type Operation, type OperationDeps, type Outcome } from './operation.js'
import { API_LIMITS } from './options.js'

const sequenceType = 'application/cbor-seq'

const verdictSchema = Type.Object({
  result: Type.Union(['accepted', 'known', 'waiting', 'refused'].map((name) => Type.Literal(name))),
  rule: Type.Optional(Type.String())
})

/** Operations on blocks. */
export const blockOperations: readonly Operation[] = [
  defineOperation({
    name: 'getBlocks', summary: 'Every admitted block, feed by feed, as a CBOR sequence of byte strings',
    method: 'GET', paths: ['/v1/blocks'], access: 'read', cost: 'stream',
    output: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }), outputType: sequenceType, statuses: [200],
    run: async ({ node }) => ({ kind: 'stream', mediaType: sequenceType, chunks: encodedBlocks(node) })
  }),
  defineOperation({
    name: 'putBlocks', summary: 'Admits up to 100 blocks in the order given; a block waits for the one before it',
    method: 'POST', paths: ['/v1/blocks'], access: 'write', cost: 'batch',
    body: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }),
    bodyTypes: [sequenceType], bodyLimit: 'records',
    output: Type.Object({ results: Type.Array(verdictSchema) }), statuses: [200],
    run: (deps, { body }) => admitBlocks(deps, body)
  })
]

async function* encodedBlocks(node: OperationDeps['node']): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { bytes } of node.blocks()) yield encodeCanonical(bytes)
}

async function admitBlocks({ node }: OperationDeps, body: Uint8Array): Promise<Outcome> {
  const sequence = splitSequence(body, API_LIMITS.blocksMax)
  if (sequence.kind === 'too-many') {
    throw new ApiError({ code: 'BATCH_TOO_LARGE', max: API_LIMITS.blocksMax }, 'a batch holds up to 100 blocks')
  }
  if (sequence.kind === 'malformed') throw notBytes(sequence.offset)
  const results: object[] = []
  for (const item of sequence.items) {
    const verdict = await node.admitBlock(blockIn(item))
    results.push(typeof verdict === 'string' ? { result: verdict } : { result: 'refused', rule: verdict.refused })
  }
  return { kind: 'json', status: 200, value: { results } }
}

function blockIn(item: Uint8Array): Uint8Array {
  let value: unknown
  try {
    value = decodeCanonical(item)
  } catch {
    throw notBytes(item.byteOffset)
  }
  if (!(value instanceof Uint8Array)) throw notBytes(item.byteOffset)
  return value
}

function notBytes(offset: number): ApiError {
  return new ApiError({ code: 'CBOR_MALFORMED', offset }, 'each item is a byte string that holds a block')
}
