// Weights: what an accuracy makes a ballot worth, in bits.

import { log2Q, Q } from '../base/index.js'

/** lg A - lg(1 - A) + lg(max(1, clusters - 1)), clipped to [0, most]. Q16. */
export function bitsOf(accuracyQ: number, clusters: number, most: number): number {
  const odds = log2Q(Math.max(1, accuracyQ)) - log2Q(Math.max(1, Q - accuracyQ))
  const bits = odds + log2Q(Math.max(1, clusters - 1))
  return Math.min(Math.max(0, bits), most)
}
