// Signature rule STRICT, the part that looks at bytes alone. The rule: accept iff the signature has 64
// bytes, A 32, S < L, A is canonical and not of small order, R is none of the 8 canonical small-order
// encodings, and encode([S]B - [k]A) = R byte for byte, without cofactor. It is dalek's `verify_strict` and
// libsodium's rule.
// Source: docs/formats/record.md#strict; "Taming the many EdDSAs", https://eprint.iacr.org/2020/1244

import { fromHex } from '../base/index.js'

/** True when lengths, S, A and R pass; what is left is the equation and whether A is on the curve. */
export function passesByteRules(signature: Uint8Array, publicKey: Uint8Array): boolean {
  return signature.length === 64 && publicKey.length === 32 && isReducedScalar(signature) &&
    isCanonicalY(publicKey) && !isSmallOrder(publicKey) && !isSmallOrder(signature)
}

/** Group order L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
const groupOrder = hexBytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** y of the five pairs of small-order points: orders 2 x 8, 1, 2 and 4, sign bit clear, little-endian. */
const smallOrderY: readonly Uint8Array[] = [
  hexBytes('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  hexBytes('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  hexBytes('0100000000000000000000000000000000000000000000000000000000000000'),
  hexBytes('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'),
  hexBytes('0000000000000000000000000000000000000000000000000000000000000000')
]

/** S < L. */
function isReducedScalar(signature: Uint8Array): boolean {
  for (let i = 31; i >= 0; i -= 1) {
    const difference = (signature[32 + i] ?? 0) - (groupOrder[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** y < 2^255 - 19. The other non-canonical form, x = 0 with its sign set, is of small order. */
function isCanonicalY(point: Uint8Array): boolean {
  if ((point[31] ?? 0) % 0x80 !== 0x7f || (point[0] ?? 0) < 0xed) return true
  for (let i = 1; i < 31; i += 1) if (point[i] !== 0xff) return true
  return false
}

/** True when the first 32 bytes are a small-order point of either sign. */
function isSmallOrder(bytes: Uint8Array): boolean {
  for (const y of smallOrderY) {
    if (bytes[0] === y[0] && (bytes[31] ?? 0) % 0x80 === y[31] && sameMiddle(bytes, y)) return true
  }
  return false
}

function sameMiddle(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 1; i < 31; i += 1) if (a[i] !== b[i]) return false
  return true
}

function hexBytes(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array()
}
