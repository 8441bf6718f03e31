// Branded ids. Each is made by one checking function; elsewhere the brand proves that the check was made.
// Ids are lower-case hex strings, so that equality is ===, order is byte order, and they serve as map keys.

import { asBuffer, toHex } from './bytes.js'

declare const brand: unique symbol

/** A type that only its own constructor function can make from T. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** BLAKE3-256 hash as 64 lower-case hex digits: the id of a record, block, feed or frontier. */
export type Hash = Brand<string, 'Hash'>

/** Ed25519 public key as 64 lower-case hex digits: the id of an agent or of a node. */
export type PublicKey = Brand<string, 'PublicKey'>

/** BLAKE3-256 of a genesis as 64 lower-case hex digits. */
export type NetworkId = Brand<string, 'NetworkId'>

const hex32 = /^[0-9a-f]{64}$/

/** The hash that 64 lower-case hex digits stand for; undefined for any other text. */
export function parseHash(text: string): Hash | undefined {
  return hex32.test(text) ? (text as Hash) : undefined
}

/** The hash that 32 bytes stand for. @throws RangeError for another length: check foreign lengths first. */
export function hashOf(bytes: Uint8Array): Hash {
  return hex32Of(bytes) as Hash
}

/** The hash in the 32 bytes from `at` on. @throws RangeError when there are fewer */
export function hashAt(bytes: Uint8Array, at: number): Hash {
  return hex32At(bytes, at) as Hash
}

/** The public key of 64 lower-case hex digits; undefined for any other text. The point is not checked. */
export function parsePublicKey(text: string): PublicKey | undefined {
  return hex32.test(text) ? (text as PublicKey) : undefined
}

/** The public key of 32 bytes. @throws RangeError for another length. The point is not checked. */
export function publicKeyOf(bytes: Uint8Array): PublicKey {
  return hex32Of(bytes) as PublicKey
}

/** The public key in the 32 bytes from `at` on. @throws RangeError when there are fewer */
export function publicKeyAt(bytes: Uint8Array, at: number): PublicKey {
  return hex32At(bytes, at) as PublicKey
}

/** The network id that 64 lower-case hex digits stand for; undefined for any other text. */
export function parseNetworkId(text: string): NetworkId | undefined {
  return hex32.test(text) ? (text as NetworkId) : undefined
}

/** The network id of 32 bytes. @throws RangeError for another length. */
export function networkIdOf(bytes: Uint8Array): NetworkId {
  return hex32Of(bytes) as NetworkId
}

/** The 32 bytes of a branded id, a new array. */
export function idBytes(id: Hash | PublicKey | NetworkId): Uint8Array {
  return Buffer.from(id, 'hex')
}

function hex32Of(bytes: Uint8Array): string {
  if (bytes.length !== 32) throw new RangeError(`an id has 32 bytes, not ${bytes.length}`)
  return toHex(bytes)
}

function hex32At(bytes: Uint8Array, at: number): string {
  if (at < 0 || at + 32 > bytes.length) throw new RangeError(`an id has 32 bytes, not ${bytes.length - at}`)
  return asBuffer(bytes).toString('hex', at, at + 32)
}
