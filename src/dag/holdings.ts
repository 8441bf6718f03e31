// Holdings: which nodes are known to hold which blocks durably, by their own word.
// A node admits a block after its prev, so one block says that it holds the chain below: a number a feed is
// kept, not a set of blocks. A frontier equal to ours says that it holds all of it.
// Rule: what a node says costs a bounded amount of memory, and counts for that node alone.

import { type Hash, type PublicKey } from '../base/index.js'
import { bucketOf, type FrontierView } from './frontier.js'
import { type BlockHeader } from './header.js'
import { createRecent } from './recent.js'
import { type Dag } from './types.js'

/** What other nodes hold. */
export interface Holdings {
  /** A block of ours is durable: it may be told of before the index has it. */
  sealed(header: BlockHeader): void
  /**
   * A node says that it holds these blocks of ours.
   * @returns how many of them are here and ours
   */
  told(node: PublicKey, ids: readonly Hash[]): number
  /** A node's frontier was this one. */
  equal(node: PublicKey, view: FrontierView): void
  /** The block of a forked feed counts only where that very block was named last. */
  holds(node: PublicKey, header: BlockHeader): boolean
  /** All nodes but this one that are known to hold the block: its sealer, and those that said so. */
  holders(header: BlockHeader): readonly PublicKey[]
  /** Told of each node that is known to hold more. */
  onChange(listener: (node: PublicKey) => void): void
}

/** What holdings are kept over. */
export interface HoldingsDeps {
  readonly dag: Pick<Dag, 'place' | 'isForked'>
  readonly self: PublicKey
}

interface Word {
  readonly seq: number
  readonly id: Hash
}

interface Page {
  /** The highest block of each feed of ours that the node named. */
  readonly feeds: ReturnType<typeof createRecent<Hash, Word>>
  view: FrontierView | undefined
}

/** Nodes whose word is kept: as many as the peer book keeps. */
const nodesMax = 1_024
/** Feeds of ours kept for a node: one, and those retired lately. */
const feedsMax = 8
/** Own headers kept until the index has them. */
const sealedMax = 1_024

/** Nothing is known yet. */
export function createHoldings({ dag, self }: HoldingsDeps): Holdings {
  const pages = new Map<PublicKey, Page>()
  const sealed = createRecent<Hash, BlockHeader>(sealedMax)
  const listeners: ((node: PublicKey) => void)[] = []

  const pageOf = (node: PublicKey): Page => {
    const page = pages.get(node) ?? { feeds: createRecent<Hash, Word>(feedsMax), view: undefined }
    pages.delete(node)
    pages.set(node, page)
    const oldest = pages.keys().next()
    if (pages.size > nodesMax && oldest.done !== true) pages.delete(oldest.value)
    return page
  }
  const changed = (node: PublicKey): void => {
    for (const listener of listeners) listener(node)
  }
  const holds = (node: PublicKey, header: BlockHeader): boolean => {
    const { feed, seq, id, nodeKey } = header
    if (nodeKey === node) return true
    const page = pages.get(node)
    const word = page?.feeds.get(feed)
    const forked = dag.isForked(feed)
    if (word !== undefined && (word.id === id || (!forked && seq <= word.seq))) return true
    const tips = page?.view?.tipsOf(bucketOf(feed)).filter((tip) => tip.feed === feed) ?? []
    return tips.some((tip) => tip.id === id || (!forked && seq <= tip.seq))
  }
  return {
    holds,
    sealed: (header) => sealed.set(header.id, header),
    told(node, ids) {
      if (node === self) return 0
      let known = 0
      let more = false
      for (const id of ids) {
        const place = sealed.get(id) ?? dag.place(id)
        if (place?.nodeKey !== self) continue
        known += 1
        const { feeds } = pageOf(node)
        const before = feeds.get(place.feed)
        if (before !== undefined && (before.seq > place.seq || before.id === id)) continue
        feeds.set(place.feed, { seq: place.seq, id })
        more = true
      }
      if (more) changed(node)
      return known
    },
    equal(node, view) {
      if (node === self) return
      pageOf(node).view = view
      changed(node)
    },
    holders(header) {
      const others = new Set([header.nodeKey, ...pages.keys()].filter((node) => node !== self))
      return [...others].filter((node) => holds(node, header))
    },
    onChange: (listener) => void listeners.push(listener)
  }
}
