// Claims: which session fetches which feed at the moment.
// Rule: a claim only saves bytes. It ends with its session or when it was not renewed for a while, so that a peer
// that serves nothing holds nobody up.

import { type Clock } from '../base/index.js'

/** Feeds claimed by running sessions. A feed is named by the first 16 bytes of its id, in hex. */
export interface Claims {
  /** True when the feed is now (or again) the owner's. */
  take(feed: string, owner: object): boolean
  /** Gives back one feed, or all of an owner. */
  free(owner: object, feed?: string): void
}

/** No claims yet. `claimMs` = how long one lasts after it was taken or renewed. */
export function createClaims(claimMs: number, clock: Clock): Claims {
  const taken = new Map<string, { owner: object, untilMs: number }>()
  return {
    take(feed, owner) {
      const now = clock.monotonicMs()
      const claim = taken.get(feed)
      if (claim !== undefined && claim.owner !== owner && claim.untilMs > now) return false
      taken.set(feed, { owner, untilMs: now + claimMs })
      return true
    },
    free(owner, feed) {
      if (feed !== undefined) {
        if (taken.get(feed)?.owner === owner) taken.delete(feed)
        return
      }
      for (const [name, claim] of taken) if (claim.owner === owner) taken.delete(name)
    }
  }
}
