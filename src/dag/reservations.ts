// Reservations: blocks that go to the ledger and are not in the index yet. They count as here, so that
// nobody admits or asks for them twice.

import { type Hash } from '../base/index.js'
import { feedPrefixDigits } from './feeds.js'
import { type BlockHeader } from './header.js'

/** Blocks on their way into the index; at most what the ledger's queue holds. */
export interface Reservations {
  add(header: BlockHeader): void
  remove(id: Hash): void
  get(id: Hash): BlockHeader | undefined
  /** Highest seq of a feed among them; 0 for none. */
  highest(feed: Hash): number
  feedsLike(prefix: string): readonly Hash[]
  holdsLike(feed: Hash, seq: number, idPrefix: string): boolean
}

/** None. */
export function createReservations(): Reservations {
  const all = new Map<Hash, BlockHeader>()
  const byFeed = new Map<Hash, Map<Hash, number>>()
  return {
    add(header) {
      all.set(header.id, header)
      const feed = byFeed.get(header.feed) ?? new Map<Hash, number>()
      byFeed.set(header.feed, feed.set(header.id, header.seq))
    },
    remove(id) {
      const header = all.get(id)
      if (header === undefined) return
      all.delete(id)
      const feed = byFeed.get(header.feed)
      feed?.delete(id)
      if (feed?.size === 0) byFeed.delete(header.feed)
    },
    get: (id) => all.get(id),
    highest(feed) {
      let highest = 0
      for (const seq of byFeed.get(feed)?.values() ?? []) highest = Math.max(highest, seq)
      return highest
    },
    feedsLike: (prefix) => [...byFeed.keys()].filter((feed) => feed.slice(0, feedPrefixDigits) === prefix),
    holdsLike: (feed, seq, idPrefix) =>
      [...byFeed.get(feed) ?? []].some(([id, at]) => at === seq && id.startsWith(idPrefix))
  }
}
