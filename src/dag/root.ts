// Records root: the Merkle tree that a block header commits its records with.
// Shape of RFC 9162, 2.1.1 with BLAKE3-256: leaf = H(00 || id), node = H(01 || left || right), and a left
// subtree holds the greatest power of two of leaves below the whole. Pairing a level from the left and
// lifting an odd last node unchanged gives exactly that shape.

import { blake3, hashOf, idBytes, type Hash } from '../base/index.js'

const leafPrefix = Uint8Array.of(0)
const nodePrefix = Uint8Array.of(1)

/**
 * Root over record ids.
 * @param ids strictly ascending, at least one; the caller has checked
 * Cost: 2n hashes of at most 65 bytes, about 1 us each.
 */
export function recordsRoot(ids: readonly Hash[]): Hash {
  let level = ids.map((id) => blake3(leafPrefix, idBytes(id)))
  while (level.length > 1) level = pairUp(level)
  return hashOf(level[0] ?? blake3())
}

function pairUp(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i]
    const right = level[i + 1]
    if (left === undefined) break
    above.push(right === undefined ? left : blake3(nodePrefix, left, right))
  }
  return above
}

/** True when each id is greater than the one before. */
export function strictlyAscending(ids: readonly Hash[]): boolean {
  for (let i = 1; i < ids.length; i++) {
    if ((ids[i - 1] ?? '') >= (ids[i] ?? '')) return false
  }
  return true
}
