// Fixed-point numbers: Q16, where 65,536 stands for one.
// Rule: whole numbers only, sums below 2^53, so that addition is exact and its order does not matter.

/** One in Q16. */
export const Q = 65_536

/**
 * floor(a * b / Q) for whole a, b >= 0 with a * b < 2^53.
 */
export function timesQ(a: number, b: number): number {
  return Math.floor((a * b) / Q)
}
