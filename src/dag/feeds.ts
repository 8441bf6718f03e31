// Feeds in memory: the tips of each, the frontier over all, and which node feeds them.
// Rule: a feed has a tip for each of its branches; the order of tips is (seq, id).

import { type Hash, type PublicKey } from '../base/index.js'
import { createFrontier, type FrontierView, type Tip } from './frontier.js'
import { type BlockHeader } from './header.js'

/** The latest block known of a node: of its feed whose tip was sealed last. */
export interface NodeTip extends Tip {
  readonly sealedAtMs: number
}

/** Hex digits of a feed prefix, as sync names feeds. */
export const feedPrefixDigits = 32

/** Tips of all feeds. */
export interface Feeds {
  /** A block joined the chain: it is a tip, its prev is none any more. */
  grow(header: BlockHeader): void
  /** Adds a tip as read from the index. */
  load(header: BlockHeader): void
  /** Number of tips. */
  readonly tipCount: number
  view(): FrontierView
  tipsOf(feed: Hash): readonly Tip[]
  /** Highest seq of a feed; 0 when unknown. */
  highest(feed: Hash): number
  /** The highest tip; the smaller id where branches are equally long. */
  tipOf(feed: Hash): Tip | undefined
  tipOfNode(nodeKey: PublicKey): NodeTip | undefined
  /** Feeds whose id starts with 32 hex digits. */
  like(prefix: string): readonly Hash[]
}

/** No feeds. */
export function createFeeds(): Feeds {
  const frontier = createFrontier()
  const tips = new Map<Hash, readonly Tip[]>()
  const byPrefix = new Map<string, readonly Hash[]>()
  const byNode = new Map<PublicKey, NodeTip>()

  const load = (header: BlockHeader): void => {
    const { feed, seq, id, nodeKey, sealedAtMs } = header
    const known = tips.get(feed)
    if (known === undefined) {
      const prefix = feed.slice(0, feedPrefixDigits)
      byPrefix.set(prefix, [...byPrefix.get(prefix) ?? [], feed])
    }
    const tip = { feed, seq, id }
    tips.set(feed, [...(known ?? []).filter((other) => other.id !== id), tip])
    frontier.add(tip)
    const latest = byNode.get(nodeKey)
    if (latest !== undefined && sealedAtMs < latest.sealedAtMs) return
    byNode.set(nodeKey, { feed, seq, id, sealedAtMs })
  }
  const grow = (header: BlockHeader): void => {
    const { feed, prev, seq } = header
    if (prev !== undefined) {
      tips.set(feed, (tips.get(feed) ?? []).filter((tip) => tip.id !== prev))
      frontier.remove({ feed, seq: seq - 1, id: prev })
    }
    load(header)
  }
  const tipsOf = (feed: Hash): readonly Tip[] => tips.get(feed) ?? []
  const tipOf = (feed: Hash): Tip | undefined => tipsOf(feed).reduce<Tip | undefined>(higher, undefined)
  return {
    grow, load, tipsOf, tipOf,
    get tipCount() { return frontier.size },
    view: () => frontier.view(),
    highest: (feed) => tipOf(feed)?.seq ?? 0,
    tipOfNode: (nodeKey) => byNode.get(nodeKey),
    like: (prefix) => byPrefix.get(prefix) ?? []
  }
}

function higher(a: Tip | undefined, b: Tip): Tip {
  if (a === undefined || a.seq < b.seq) return b
  return a.seq === b.seq && b.id < a.id ? b : a
}
