// Expulsions: peers that are kept out for a while, ten minutes at worst. Bounded, in memory: content is never
// banned, and a restart forgives.

import type { Clock, PeerName } from '../base/index.js'

/** The list of peers that may not connect at present. */
export interface Expulsions {
  add(peer: PeerName, forMs: number): void
  has(peer: PeerName): boolean
}

/** Nobody is kept out longer, whatever was done. */
export const EXPULSION_MS_MAX = 600_000

/** Makes an empty list. Past `peersMax` the one that was added first goes. */
export function createExpulsions(peersMax: number, clock: Clock): Expulsions {
  const until = new Map<PeerName, number>()
  return {
    add(peer: PeerName, forMs: number): void {
      until.delete(peer)
      if (forMs <= 0) return
      const oldest = until.keys().next()
      if (until.size >= peersMax && oldest.done !== true) until.delete(oldest.value)
      until.set(peer, clock.monotonicMs() + Math.min(forMs, EXPULSION_MS_MAX))
    },
    has(peer: PeerName): boolean {
      const end = until.get(peer)
      if (end === undefined) return false
      if (clock.monotonicMs() < end) return true
      until.delete(peer)
      return false
    }
  }
}
