// Budget for invalid signatures: each costs the checker as much as a good one, so a peer that has sent too
// many is not checked for a while.

import { createBucket, type Bucket, type Clock } from '../base/index.js'

/** What each peer may still cost. */
export interface SignatureBudget {
  /** False while the peer has used its budget up. */
  hasRoom(peer: string): boolean
  /** Notes signatures that were checked for nothing. */
  charge(peer: string, signatures: number): void
}

/** Invalid signatures of one peer a minute: those of one largest block. */
export const INVALID_SIGNATURES_PER_MINUTE = 1_024
/** Peers that are remembered; the one charged longest ago is forgotten. */
export const BUDGET_PEERS_MAX = 1_024

const MINUTE_MS = 60_000

/** A full budget for everybody. */
export function createSignatureBudget(clock: Clock): SignatureBudget {
  const buckets = new Map<string, Bucket>()
  return {
    hasRoom: (peer) => (buckets.get(peer)?.level() ?? INVALID_SIGNATURES_PER_MINUTE) > 0,
    charge(peer, signatures) {
      const bucket = buckets.get(peer) ?? createBucket(INVALID_SIGNATURES_PER_MINUTE, MINUTE_MS, clock)
      buckets.delete(peer)
      buckets.set(peer, bucket)
      bucket.take(signatures)
      const oldest = buckets.keys().next()
      if (buckets.size > BUDGET_PEERS_MAX && oldest.done !== true) buckets.delete(oldest.value)
    }
  }
}
