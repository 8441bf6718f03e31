// BLAKE3 (https://github.com/BLAKE3-team/BLAKE3-specs), one instance per purpose, from hash-wasm.
// Equal output to @noble/hashes is a test (test/base/blake3.test.ts).

import { createBLAKE3, type IHasher } from 'hash-wasm'
import { hashOf, type Hash } from './brand.js'

const plain = await createBLAKE3(256)

/** Room for the parts of most strings, joined. */
const joined = new Uint8Array(1_024)

/** BLAKE3-256 of the parts taken as one string: 32 bytes. About 1 us for 400 bytes. */
export function blake3(...parts: readonly Uint8Array[]): Uint8Array {
  return digestOf(plain, parts)
}

/** BLAKE3-256 of the parts taken as one string, as an id. */
export function blake3Hash(...parts: readonly Uint8Array[]): Hash {
  return hashOf(digestOf(plain, parts))
}

/** Short parts go in as one: each update makes two views, and moves a small array out of the heap. */
function digestOf(hasher: IHasher, parts: readonly Uint8Array[]): Uint8Array {
  hasher.init()
  let used = 0
  for (const part of parts) {
    if (used + part.length > joined.length) {
      if (used > 0) hasher.update(joined.subarray(0, used))
      used = 0
    }
    if (part.length > joined.length) hasher.update(part)
    else {
      joined.set(part, used)
      used += part.length
    }
  }
  if (used > 0) hasher.update(joined.subarray(0, used))
  return hasher.digest('binary')
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
  return (...parts) => digestOf(keyed, parts)
}
