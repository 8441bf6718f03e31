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
  /** Resolves when none of those that are here now is left. */
  settled(): Promise<void>
}

/** None. */
export function createReservations(): Reservations {
  const all = new Map<Hash, BlockHeader>()
  const byFeed = new Map<Hash, Map<Hash, number>>()
  let waiting: { readonly left: Set<Hash>, readonly resolve: () => void }[] = []
  const tell = (id: Hash): void => {
    for (const { left, resolve } of waiting) if (left.delete(id) && left.size === 0) resolve()
    waiting = waiting.filter(({ left }) => left.size > 0)
  }
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
      tell(id)
    },
    get: (id) => all.get(id),
    highest(feed) {
      let highest = 0
      for (const seq of byFeed.get(feed)?.values() ?? []) highest = Math.max(highest, seq)
      return highest
    },
    feedsLike: (prefix) => [...byFeed.keys()].filter((feed) => feed.slice(0, feedPrefixDigits) === prefix),
    holdsLike: (feed, seq, idPrefix) =>
      [...byFeed.get(feed) ?? []].some(([id, at]) => at === seq && id.startsWith(idPrefix)),
    settled: () => new Promise((resolve) => {
      if (all.size === 0) resolve()
      else waiting.push({ left: new Set(all.keys()), resolve })
    })
  }
}
