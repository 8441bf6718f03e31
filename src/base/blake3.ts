// BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), one instance per purpose, from hash-wasm.
// Equal output to @noble/hashes is a test (test/base/blake3.test.ts).

import { createBLAKE3 } from 'hash-wasm'
import { assert } from './assert.js'
import { parseHash, type Hash } from './brand.js'

const plain = await createBLAKE3(256)

/** BLAKE3-256 of the parts taken as one string: 32 bytes. About 1 us for 400 bytes. */
export function blake3(...parts: readonly Uint8Array[]): Uint8Array {
  plain.init()
  for (const part of parts) plain.update(part)
  return plain.digest('binary')
}

/** BLAKE3-256 of the parts taken as one string, as an id. */
export function blake3Hash(...parts: readonly Uint8Array[]): Hash {
  plain.init()
  for (const part of parts) plain.update(part)
  // Asking for hex spares the bytes an array of their own: a third of the cost of hashing 400 bytes.
  const hash = parseHash(plain.digest('hex'))
  assert(hash !== undefined, 'a digest has 64 hex digits')
  return hash
}

/** A keyed hash function: `digest(parts)` gives `bytes` bytes. */
export type KeyedHash = (...parts: readonly Uint8Array[]) => Uint8Array

/**
 * BLAKE3 in keyed mode.
 * @param key   32 bytes
 * @param bytes output length, 1..32
 */
export async function createKeyedBlake3(key: Uint8Array, bytes: number): Promise<KeyedHash> {
  const keyed = await createBLAKE3(bytes * 8, key)
  return (...parts) => {
    keyed.init()
    for (const part of parts) keyed.update(part)
    return keyed.digest('binary')
  }
}
