// Ratios of whole numbers whose products leave the range in which doubles are exact.

import { Q } from '../base/index.js'

/** floor(a * Q / b) for whole a >= 0, b > 0 below 2^53. */
export function ratioQ(a: number, b: number): number {
  return mulDiv(a, Q, b)
}

/** floor(a * b / c) for whole a, b >= 0, c > 0 below 2^53, exact whatever the product is. */
export function mulDiv(a: number, b: number, c: number): number {
  const product = a * b
  if (product <= Number.MAX_SAFE_INTEGER) return Math.floor(product / c)
  return Number((BigInt(a) * BigInt(b)) / BigInt(c))
}
