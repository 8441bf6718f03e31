// Claims: which session fetches which feed at the moment.
// Rule: a claim only saves bytes. It ends with its session or when it was not renewed for a while, so that a
// peer that serves nothing holds nobody up.

import { type Clock } from '../base/index.js'

/** Feeds claimed by running sessions. A feed is named by the first 16 bytes of its id, in hex. */
export interface Claims {
  /** True when the feed is now (or again) the owner's. */
  take(feed: string, owner: object): boolean
  /** The owner got something: its claims last longer. */
  renew(owner: object): void
  /** Gives back all of an owner. */
  free(owner: object): void
}

/** No claims yet. `claimMs` = how long an owner's claims last after the last one was taken or renewed. */
export function createClaims(claimMs: number, clock: Clock): Claims {
  const owners = new Map<string, object>()
  const untilMs = new Map<object, number>()
  const holds = (owner: object | undefined): boolean =>
    owner !== undefined && (untilMs.get(owner) ?? 0) > clock.monotonicMs()
  const renew = (owner: object): void => void untilMs.set(owner, clock.monotonicMs() + claimMs)
  return {
    renew,
    take(feed, owner) {
      const other = owners.get(feed)
      if (other !== owner && holds(other)) return false
      owners.set(feed, owner)
      renew(owner)
      return true
    },
    free(owner) {
      untilMs.delete(owner)
      for (const [feed, other] of owners) if (other === owner) owners.delete(feed)
    }
  }
}
