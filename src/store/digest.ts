// Digest of a set of rows: the sum modulo 2^256 of BLAKE3(key || value), little-endian. Adding and taking
// away commute, so it is kept row by row and equals a full scan. A key delimits itself, so key || value is
// unambiguous. Sums are kept as 16 limbs of 16 bits with carries put off: exact for 2^36 rows between two
// normalizations.

import { blake3 } from '../base/index.js'

const LIMBS = 16

/** A running sum of row digests. */
export interface DigestSum {
  /** Adds the digest of one row, or takes it away (sign -1). */
  row(key: Uint8Array, value: Uint8Array, sign: 1 | -1): void
  /** Adds another sum. */
  add(other: DigestSum): void
  /** The sum modulo 2^256: 32 bytes, little-endian. */
  bytes(): Uint8Array
  readonly limbs: readonly number[]
}

/** A sum that starts at 32 bytes, or at zero. */
export function createDigestSum(start?: Uint8Array): DigestSum {
  // A plain array: a typed one of this size is made outside the heap, at the cost of several rows.
  const limbs = new Array<number>(LIMBS).fill(0)
  if (start !== undefined) addBytes(limbs, start, 1)
  return {
    limbs,
    row: (key, value, sign) => addBytes(limbs, blake3(key, value), sign),
    add: (other) => {
      for (let i = 0; i < LIMBS; i++) limbs[i] = (limbs[i] ?? 0) + (other.limbs[i] ?? 0)
    },
    bytes: () => normalize(limbs)
  }
}

function addBytes(limbs: number[], digest: Uint8Array, sign: 1 | -1): void {
  for (let i = 0; i < LIMBS; i++) {
    const limb = (digest[2 * i] ?? 0) | ((digest[2 * i + 1] ?? 0) << 8)
    limbs[i] = (limbs[i] ?? 0) + sign * limb
  }
}

// Carries what is over 16 bits into the next limb, borrows for negative limbs; the last carry falls away.
function normalize(limbs: number[]): Uint8Array {
  const bytes = new Uint8Array(2 * LIMBS)
  let carry = 0
  for (let i = 0; i < LIMBS; i++) {
    const sum = (limbs[i] ?? 0) + carry
    carry = Math.floor(sum / 65_536)
    const limb = sum - carry * 65_536
    limbs[i] = limb
    bytes[2 * i] = limb & 0xff
    bytes[2 * i + 1] = limb >>> 8
  }
  return bytes
}
