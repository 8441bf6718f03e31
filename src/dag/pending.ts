// Pending blocks: valid ones whose prev is not here yet.
// Limits: 256 blocks and 4 MiB a feed, 16 MiB a delivering peer, 64 MiB in all. Over one of them a block
// leaves: of the feed that is too large, else of the largest feed of the peer that is too large, else of the
// largest feed of the peer that holds most; always the highest seq, since it is of use last and can be
// fetched again.

import { type Hash, type PublicKey } from '../base/index.js'
import { type BlockHeader } from './header.js'
import { createLargest, type Largest } from './largest.js'

/** Limits of what waits. */
export interface PendingLimits {
  readonly feedBlocksMax: number
  readonly feedBytesMax: number
  readonly peerBytesMax: number
  readonly totalBytesMax: number
}

/** A block that waits for its prev. */
export interface PendingBlock {
  readonly header: BlockHeader
  /** The block as it travels. */
  readonly bytes: Uint8Array
  /** Who delivered it first. */
  readonly from: string
}

/** Waiting blocks that hang together by hash. */
export interface PendingRun {
  readonly feed: Hash
  readonly low: number
  readonly high: number
  readonly top: Hash
  /** The block that the lowest one waits for: at seq low - 1. */
  readonly missing: Hash
  /** Who delivered the lowest one. */
  readonly from: string
}

/** A block that is not here, under one that waits for it. */
export interface PendingGap {
  readonly feed: Hash
  readonly nodeKey: PublicKey
  /** The missing block, at seq low - 1. */
  readonly missing: Hash
  readonly low: number
  /** Who delivered the block above it. */
  readonly from: string
}

/** The waiting room for gaps. */
export interface Pending {
  /**
   * Keeps a block; false when it is the one that had to leave. The bytes must not be views of a larger
   * array.
   */
  add(bytes: Uint8Array, header: BlockHeader, from: string): boolean
  has(id: Hash): boolean
  /** Takes out the blocks that wait for this one. */
  takeChildren(id: Hash): readonly PendingBlock[]
  childrenOf(id: Hash): readonly PendingBlock[]
  remove(id: Hash): void
  /** Runs by (feed, low), at most `max`. */
  runs(max: number): readonly PendingRun[]
  /** True for the start (32 hex digits) of the id of a run's highest block. */
  isTop(idPrefix: string): boolean
  /**
   * All gaps of the feeds and deliverers asked for, one by one, under each waiting block that has one; to be
   * read in one turn. Cost: a look at each block of such a feed, at most 256.
   */
  gaps(isAsked: (feed: Hash, from: string) => boolean): IterableIterator<PendingGap>
  readonly blocks: number
  readonly bytes: number
  /** Blocks that left for lack of room since the start. */
  readonly evicted: number
}

interface Shelf {
  readonly key: string
  readonly feed: Hash
  readonly from: string
  readonly blocks: Map<Hash, PendingBlock>
  bytes: number
}

interface FeedTotal {
  blocks: number
  bytes: number
  readonly shelves: Map<string, Shelf>
}

interface PeerTotal {
  bytes: number
  readonly shelves: Largest<Shelf>
}

/** An empty waiting room. */
export function createPending(limits: PendingLimits): Pending {
  const room = new Room()
  let evicted = 0

  const evictFrom = (shelves: Iterable<Shelf>): PendingBlock | undefined => {
    const victim = highest(shelves)
    if (victim === undefined) return undefined
    room.take(victim.header.id)
    evicted += 1
    return victim
  }
  const overflow = (feed: Hash, from: string): PendingBlock | undefined => {
    const total = room.feeds.get(feed)
    if (total !== undefined && (total.blocks > limits.feedBlocksMax || total.bytes > limits.feedBytesMax)) {
      return evictFrom(total.shelves.values())
    }
    const peer = room.peers.get(from)
    if (peer !== undefined && peer.bytes > limits.peerBytesMax) return evictFrom(room.largestShelf(peer))
    return room.bytes > limits.totalBytesMax ? evictFrom(room.largestShelf(room.largestPeer())) : undefined
  }
  return {
    add(bytes, header, from) {
      if (room.get(header.id) !== undefined) return true
      room.put({ header, bytes, from })
      let left = overflow(header.feed, from)
      while (left !== undefined) left = overflow(header.feed, from)
      return room.get(header.id) !== undefined
    },
    has: (id) => room.get(id) !== undefined,
    takeChildren(id) {
      const children = room.childrenOf(id)
      for (const child of children) room.take(child.header.id)
      return children
    },
    childrenOf: (id) => room.childrenOf(id),
    remove: (id) => room.take(id),
    runs: (max) => runsOf(room, max),
    isTop: (idPrefix) => room.isTop(idPrefix),
    gaps: (isAsked) => room.gaps(isAsked),
    get blocks() { return room.size },
    get bytes() { return room.bytes },
    get evicted() { return evicted }
  }
}

/** The blocks, with what they weigh by feed, by peer and by both. */
class Room {
  readonly feeds = new Map<Hash, FeedTotal>()
  readonly peers = new Map<string, PeerTotal>()
  /** Blocks that no other one here waits for, one a run, by the start of their ids. */
  private readonly tops = new Map<string, Hash>()
  bytes = 0
  private readonly all = new Map<Hash, PendingBlock>()
  private readonly byPrev = new Map<Hash, Set<Hash>>()

  get size(): number {
    return this.all.size
  }

  get(id: Hash): PendingBlock | undefined {
    return this.all.get(id)
  }

  someTops(max: number): readonly Hash[] {
    const some: Hash[] = []
    for (const id of this.tops.values()) {
      if (some.length >= max) break
      some.push(id)
    }
    return some
  }

  isTop(idPrefix: string): boolean {
    return this.tops.has(idPrefix)
  }

  *gaps(isAsked: (feed: Hash, from: string) => boolean): IterableIterator<PendingGap> {
    for (const { shelves } of this.feeds.values()) {
      for (const { feed, from, blocks } of shelves.values()) {
        if (!isAsked(feed, from)) continue
        for (const { header } of blocks.values()) {
          const { prev: missing, seq: low, nodeKey } = header
          if (missing !== undefined && !this.all.has(missing)) yield { feed, nodeKey, missing, low, from }
        }
      }
    }
  }

  /** More than one block waits for it. */
  isForked(id: Hash): boolean {
    return (this.byPrev.get(id)?.size ?? 0) > 1
  }

  childrenOf(id: Hash): readonly PendingBlock[] {
    return [...this.byPrev.get(id) ?? []].flatMap((child) => this.all.get(child) ?? [])
  }

  put(block: PendingBlock): void {
    const { id, feed, prev } = block.header
    this.all.set(id, block)
    if (prev !== undefined) {
      const children = this.byPrev.get(prev) ?? new Set()
      this.byPrev.set(prev, children.add(id))
      this.tops.delete(nameOf(prev))
    }
    if (!this.byPrev.has(id)) this.tops.set(nameOf(id), id)
    const shelf = this.shelfOf(feed, block.from)
    shelf.blocks.set(id, block)
    this.weigh(shelf, 1, block.bytes.length)
  }

  take(id: Hash): void {
    const block = this.all.get(id)
    if (block === undefined) return
    this.all.delete(id)
    const { prev, feed } = block.header
    const children = prev === undefined ? undefined : this.byPrev.get(prev)
    children?.delete(id)
    this.tops.delete(nameOf(id))
    if (children?.size === 0 && prev !== undefined) {
      this.byPrev.delete(prev)
      if (this.all.has(prev)) this.tops.set(nameOf(prev), prev)
    }
    const shelf = this.shelfOf(feed, block.from)
    shelf.blocks.delete(id)
    this.weigh(shelf, -1, -block.bytes.length)
  }

  largestPeer(): PeerTotal | undefined {
    let largest: PeerTotal | undefined
    for (const peer of this.peers.values()) if (peer.bytes > (largest?.bytes ?? 0)) largest = peer
    return largest
  }

  largestShelf(peer: PeerTotal | undefined): readonly Shelf[] {
    const shelf = peer?.shelves.largest()
    return shelf === undefined ? [] : [shelf]
  }

  private shelfOf(feed: Hash, from: string): Shelf {
    const total = this.feeds.get(feed) ?? { blocks: 0, bytes: 0, shelves: new Map<string, Shelf>() }
    const shelf = total.shelves.get(from) ?? { key: feed, feed, from, blocks: new Map(), bytes: 0 }
    this.feeds.set(feed, total)
    total.shelves.set(from, shelf)
    return shelf
  }

  private weigh(shelf: Shelf, blocks: number, bytes: number): void {
    const peer = this.peers.get(shelf.from) ?? { bytes: 0, shelves: createLargest<Shelf>() }
    this.peers.set(shelf.from, peer)
    const feed = this.feeds.get(shelf.feed)
    shelf.bytes += bytes
    peer.bytes += bytes
    this.bytes += bytes
    peer.shelves.set(shelf)
    if (peer.bytes === 0) this.peers.delete(shelf.from)
    if (feed === undefined) return
    feed.blocks += blocks
    feed.bytes += bytes
    if (shelf.bytes === 0) feed.shelves.delete(shelf.from)
    if (feed.shelves.size === 0) this.feeds.delete(shelf.feed)
  }
}

/** How sync names a block. */
function nameOf(id: Hash): string {
  return id.slice(0, 32)
}

function highest(shelves: Iterable<Shelf>): PendingBlock | undefined {
  let victim: PendingBlock | undefined
  for (const shelf of shelves) {
    for (const block of shelf.blocks.values()) {
      if (victim === undefined || above(block.header, victim.header)) victim = block
    }
  }
  return victim
}

function above(a: BlockHeader, b: BlockHeader): boolean {
  return a.seq === b.seq ? a.id > b.id : a.seq > b.seq
}

/** A run ends at a block that nothing here waits for, and starts at one whose prev is not here. */
function runsOf(room: Room, max: number): readonly PendingRun[] {
  const runs: PendingRun[] = []
  const lows = new Map<Hash, PendingBlock>()
  for (const id of room.someTops(max)) {
    const top = room.get(id)
    const { header, from } = top === undefined ? {} : lowest(room, top, lows)
    if (top === undefined || from === undefined || header?.prev === undefined) continue
    const { feed, seq } = top.header
    runs.push({ feed, low: header.seq, high: seq, top: id, missing: header.prev, from })
  }
  return runs.sort((a, b) => (a.feed === b.feed ? a.low - b.low : a.feed < b.feed ? -1 : 1))
}

/** Follows a chain down; what lies below a fork is followed once for all of its branches. */
function lowest(room: Room, top: PendingBlock, lows: Map<Hash, PendingBlock>): PendingBlock {
  let low = top
  const path: Hash[] = []
  for (;;) {
    const { id, prev } = low.header
    const known = lows.get(id)
    const below = prev === undefined ? undefined : room.get(prev)
    if (known === undefined && below !== undefined) {
      if (room.isForked(below.header.id)) path.push(below.header.id)
      low = below
      continue
    }
    low = known ?? low
    for (const passed of path) lows.set(passed, low)
    return low
  }
}
