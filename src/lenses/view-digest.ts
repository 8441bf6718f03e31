// View digest: one hash over all views of a node, equal on converged peers.
// Algorithm 1 is a chain in key order: d(0) = 32 zero bytes, d(i) = BLAKE3(d(i-1) || key length u32 LE ||
// key || hashed part length u32 LE || hashed part). A view that cannot be read counts with an empty hashed
// part.

import { blake3, type Hash, hashOf } from '../base/index.js'
import { hashedPart } from './view-reader.js'

/** Number of the algorithm, part of the state tag. */
export const VIEW_DIGEST_ALGORITHM = 1

/** Takes views in key order and gives their digest. */
export interface ViewDigest {
  add(key: Uint8Array, value: Uint8Array): void
  digest(): Hash
}

/** A digest of no views yet. */
export function createViewDigest(): ViewDigest {
  let state: Uint8Array = new Uint8Array(32)
  return {
    add(key, value) {
      const hashed = hashedPart(value) ?? new Uint8Array(0)
      state = blake3(state, lengthOf(key), key, lengthOf(hashed), hashed)
    },
    digest: () => hashOf(state)
  }
}

function lengthOf(bytes: Uint8Array): Uint8Array {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32LE(bytes.length, 0)
  return length
}
