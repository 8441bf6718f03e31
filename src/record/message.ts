// What an Ed25519 key signs: label || network id (32 bytes) || payload.
// Rule: the payload of a record is its map without `z`, made by cutting the original bytes, never by
// encoding again.
// Source: docs/formats/record.md#signature

import { concatBytes, idBytes, utf8Bytes, type NetworkId } from '../base/index.js'
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

/** The signature of a record that `openRecord` did not call invalid: 64 bytes, a part of `bytes`. */
export function signatureOf(bytes: Uint8Array): Uint8Array {
  const { end } = findSignature(bytes)
  return bytes.subarray(end - 64, end)
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
let prefixOf: { readonly networkId: NetworkId; readonly prefix: Uint8Array } | undefined

/** Label and network id; kept for the last network, since a node has one. */
function recordPrefix(networkId: NetworkId): Uint8Array {
  if (prefixOf?.networkId !== networkId) {
    prefixOf = { networkId, prefix: concatBytes(SIGNATURE_LABELS.record, idBytes(networkId)) }
  }
  return prefixOf.prefix
}

interface SignaturePlace {
  readonly count: number
  readonly bodyStart: number
  readonly at: number
  readonly end: number
}

/**
 * Where the entry `z` stands, `at` to `end`, or would stand (`at` = `end`). The keys are walked, since a
 * record of a later
 * version may have keys behind it.
 */
function findSignature(bytes: Uint8Array): SignaturePlace {
  const [count, bodyStart] = readHead(bytes, 0)
  let at = bodyStart
  for (let i = 0; i < count && at < bytes.length; i += 1) {
    const length = (bytes[at] ?? 0) - 0x60
    const letter = bytes[at + 1] ?? 0
    if (length > 1 || (length === 1 && letter > 0x7a)) break
    if (length === 1 && letter === 0x7a) return { count, bodyStart, at, end: skipItem(bytes, at + 2) }
    at = skipItem(bytes, skipItem(bytes, at))
  }
  return { count, bodyStart, at, end: at }
}

/** End of the canonical item that begins at `at`. */
function skipItem(bytes: Uint8Array, at: number): number {
  const major = (bytes[at] ?? 0) >> 5
  const [argument, end] = readHead(bytes, at)
  if (major === 2 || major === 3) return end + argument
  let next = end
  const items = major === 4 ? argument : major === 5 ? 2 * argument : major === 6 ? 1 : 0
  for (let i = 0; i < items && next < bytes.length; i += 1) next = skipItem(bytes, next)
  return next
}

/** Argument of the head at `at`, and where it ends. */
function readHead(bytes: Uint8Array, at: number): readonly [argument: number, end: number] {
  const info = (bytes[at] ?? 0) & 0x1f
  if (info < 24) return [info, at + 1]
  const end = at + 1 + (1 << (info - 24))
  let argument = 0
  for (let i = at + 1; i < end; i += 1) argument = argument * 0x100 + (bytes[i] ?? 0)
  return [argument, end]
}

function mapHead(count: number): Uint8Array {
  if (count < 24) return Uint8Array.of(0xa0 | count)
  return encodeCanonical(count).map((byte, i) => (i === 0 ? byte | 0xa0 : byte))
}
