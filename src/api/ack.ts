// `ack=peers:n` of the routes that add records: waits until n other nodes hold each record durably.
// Rule: the record is durable here before anything is waited for, so a wait that falls short changes no
// status: it shows in `ack` beside the result, with a code.

import { Type, type TObject, type TOptional, type TSchema, type TString } from 'typebox'
import type { AcknowledgedResult, AckRequest, StemeNode } from '../node/index.js'
import { ApiError } from './errors.js'
import { API_LIMITS } from './options.js'
import { countSchema } from './schemas.js'

/** Parameters of the routes that add records. */
export const ackQuery: TObject<{ ack: TOptional<TString>, timeout: TOptional<TString> }> = Type.Object({
  ack: Type.Optional(Type.String({
    pattern: '^peers:([1-9]|[1-5][0-9]|6[0-4])$',
    description: 'peers:n, n from 1 to 64: answers when n other nodes hold each record durably, or after `timeout`'
  })),
  timeout: Type.Optional(Type.String({
    pattern: '^[1-9][0-9]{0,4}(ms|s)$', description: 'with `ack`: how long to wait, 1ms to 20s; 5s when absent'
  }))
}, { additionalProperties: false })

/** What an answer says of the nodes that hold a record. */
export const ackSchema: TSchema = Type.Optional(Type.Object({
  wanted: countSchema,
  acknowledged_by: Type.Integer({ minimum: 0, description: 'other nodes that hold the record durably' }),
  code: Type.Optional(Type.Union(
    ['ACK_TIMEOUT', 'ACK_QUARANTINED', 'ACK_STOPPED'].map((code) => Type.Literal(code)),
    { description: 'why fewer than wanted; the record is durable on this node all the same' }
  ))
}, { description: 'with `ack=peers:n` alone' }))

/**
 * The parameters of a request.
 * @throws ApiError INPUT_INVALID for a timeout without `ack` or over its limit
 */
export function ackRequest(
  { ack, timeout }: { readonly ack?: string | undefined; readonly timeout?: string | undefined }
): AckRequest | undefined {
  if (ack === undefined) {
    if (timeout !== undefined) throw invalid('timeout is how long ack=peers:n waits')
    return undefined
  }
  const timeoutMs = timeout === undefined ? API_LIMITS.ackTimeoutMsDefault : durationMs(timeout)
  if (timeoutMs > API_LIMITS.ackTimeoutMsMax) throw invalid(`timeout is at most ${API_LIMITS.ackTimeoutMsMax} ms`)
  return { peers: Number(ack.slice('peers:'.length)), timeoutMs }
}

/** Admits records, and waits for their acknowledgements if that was asked for. */
export async function admitWith(
  node: StemeNode, records: readonly Uint8Array[], request: AckRequest | undefined
): Promise<readonly AcknowledgedResult[]> {
  if (request !== undefined) return node.admitAcknowledged(records, request)
  return (await node.admit(records)).map((result) => ({ result }))
}

/** The part of an answer about acknowledgements. */
export function ackJson({ ack }: AcknowledgedResult): object {
  if (ack === undefined) return {}
  const { wanted, acknowledgedBy, code } = ack
  return { ack: { wanted, acknowledged_by: acknowledgedBy, ...(code === undefined ? {} : { code }) } }
}

function durationMs(text: string): number {
  return text.endsWith('ms') ? Number(text.slice(0, -2)) : 1_000 * Number(text.slice(0, -1))
}

function invalid(detail: string): ApiError {
  return new ApiError({ code: 'INPUT_INVALID', field: 'timeout' }, detail)
}
