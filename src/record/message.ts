// What an Ed25519 key signs: label || network id (32 bytes) || payload.
// Rule: the payload of a record is its map without `z`, made by cutting the original bytes, never by
// encoding again.
// Source: docs/formats/record.md#signature

import { concatBytes, idBytes, utf8Bytes, type NetworkId } from '../base/index.js'
import { CborReader } from './cbor-reader.js'
import { encodeCanonical } from './canonical.js'

/** The domains of signatures. A signature of one is worthless in another. */
export type SignatureDomain = 'record' | 'block' | 'tag' | 'member'

/** Domain labels, 0-terminated. */
export const SIGNATURE_LABELS: Readonly<Record<SignatureDomain, Uint8Array>> = Object.freeze({
  record: utf8Bytes('stemedb/1/record\0'),
  block: utf8Bytes('stemedb/1/block\0'),
  tag: utf8Bytes('stemedb/1/tag\0'),
  member: utf8Bytes('stemedb/1/member\0')
})

/** The message that a key signs for a payload. */
export function signingInput(domain: SignatureDomain, networkId: NetworkId, payload: Uint8Array): Uint8Array {
  return concatBytes(SIGNATURE_LABELS[domain], idBytes(networkId), payload)
}

/** The message that a record's agent signed. @param bytes a record that `openRecord` did not call invalid */
export function signedMessage(bytes: Uint8Array, networkId: NetworkId): Uint8Array {
  const { count, bodyStart, at, end } = findSignature(bytes)
  return concatBytes(
    recordPrefix(networkId), mapHead(end > at ? count - 1 : count),
    bytes.subarray(bodyStart, at), bytes.subarray(end)
  )
}

/**
 * The record of a payload and its signature.
 * @param payload   canonical map without `z`, as the builders' payload functions give it
 * @param signature 64 bytes over `signingInput('record', networkId, payload)`
 */
export function attachSignature(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  const { count, bodyStart, at, end } = findSignature(payload)
  return concatBytes(
    mapHead(end > at ? count : count + 1),
    payload.subarray(bodyStart, at), signatureKey, signature, payload.subarray(end)
  )
}

const signatureKey: Uint8Array = Uint8Array.of(0x61, 0x7a, 0x58, 0x40)
const keyDepthMax = 16
let prefixOf: { readonly networkId: NetworkId; readonly prefix: Uint8Array } | undefined

/** Label and network id; kept for the last network, since a node has one. */
function recordPrefix(networkId: NetworkId): Uint8Array {
  if (prefixOf?.networkId !== networkId) {
    prefixOf = { networkId, prefix: concatBytes(SIGNATURE_LABELS.record, idBytes(networkId)) }
  }
  return prefixOf.prefix
}

/**
 * Where the entry `z` stands, `at` to `end`, or would stand (`at` = `end`); keys are walked, since any may
 * follow it.
 */
function findSignature(bytes: Uint8Array): { count: number; bodyStart: number; at: number; end: number } {
  const reader = new CborReader(bytes, keyDepthMax)
  const count = reader.mapHead() ?? 0
  const bodyStart = reader.at
  for (let i = 0; i < count; i += 1) {
    const at = reader.at
    const key = reader.key(-1)
    if (key.length > 1 || key > 'z') return { count, bodyStart, at, end: at }
    reader.item(2)
    if (key === 'z') return { count, bodyStart, at, end: reader.at }
  }
  return { count, bodyStart, at: reader.at, end: reader.at }
}

function mapHead(count: number): Uint8Array {
  if (count < 24) return Uint8Array.of(0xa0 | count)
  return encodeCanonical(count).map((byte, i) => (i === 0 ? byte | 0xa0 : byte))
}
