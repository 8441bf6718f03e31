// What liars that aim know: the blocks that any of them has heard or fetched, and their own feeds of valid
// blocks. They share it: conspirators are worse than strangers.

import type { Hash, PublicKey } from '../../src/base/index.js'
import { blockIdOf, headerOf } from '../../src/dag/block.js'
import { decodeBlock, type BlockHeader } from '../../src/dag/index.js'
import { prefixOf, type Run, type WantRange } from '../../src/dag/sync-frames.js'
import { GOSSIP_LIES, type LiarMind } from './liar-blocks.js'
import type { Prng } from './prng.js'

/** A true block. */
export interface KnownBlock {
  readonly header: BlockHeader
  readonly bytes: Uint8Array
}

/** Blocks that are true. */
export interface Library {
  /** Notes a block, if the bytes are one. Most were heard before: those cost one hash. */
  hear(bytes: Uint8Array): BlockHeader | undefined
  /** The last block heard of a node. */
  lastOf(nodeKey: PublicKey): BlockHeader | undefined
  /** One run for each of the latest blocks: 1..seq, the feed's own branches and inner blocks among them. */
  runs(max: number): readonly Run[]
  /** The same as questions. */
  ranges(max: number): readonly WantRange[]
  ids(max: number): readonly Hash[]
}

/** A feed that hangs together, perhaps in two branches. */
export interface OwnFeed {
  readonly blocks: readonly KnownBlock[]
  /** A block from the future, of a feed of its own. */
  readonly ahead: KnownBlock | undefined
}

const BLOCKS_MAX = 512

/** Nothing is known yet. */
export function createLibrary(): Library {
  const blocks = new Map<Hash, KnownBlock>()
  const last = new Map<PublicKey, BlockHeader>()
  const latest = (max: number): readonly KnownBlock[] => [...blocks.values()].slice(-max)
  const seqLast = (nodeKey: PublicKey): number => last.get(nodeKey)?.seq ?? 0
  return {
    hear(bytes) {
      const id = blockIdOf(bytes)
      const known = id === undefined ? undefined : blocks.get(id)
      if (known !== undefined) return known.header
      const decoded = decodeBlock(bytes)
      if (decoded.kind !== 'ok') return headerOf(bytes)
      const { header } = decoded.block
      blocks.set(header.id, { header, bytes: Uint8Array.from(bytes) })
      if (header.feed !== last.get(header.nodeKey)?.feed || header.seq > seqLast(header.nodeKey)) {
        last.set(header.nodeKey, header)
      }
      for (const oldest of blocks.keys()) {
        if (blocks.size <= BLOCKS_MAX) break
        blocks.delete(oldest)
      }
      return header
    },
    lastOf: (nodeKey) => last.get(nodeKey),
    runs: (max) => latest(max).map(({ header }) => runOf(header)),
    ranges: (max) => latest(max).map(({ header: { id, seq } }) => ({ top: id, low: 1, high: seq })),
    ids: (max) => latest(max).map(({ header }) => header.id)
  }
}

/** A chain of valid blocks of a liar. Half of the longer ones have a second branch somewhere. */
export function makeFeed(mind: LiarMind, prng: Prng, length: number): OwnFeed {
  const blocks: KnownBlock[] = []
  const fork = length > 1 && prng.chance(0.5) ? prng.integer(length) : -1
  for (let at = 0; at < length; at += 1) {
    const lie = GOSSIP_LIES[at === fork ? 'fork' : 'valid']?.(mind, prng)
    for (const bytes of lie === undefined ? [] : at === fork ? [...lie.target, ...lie.others] : lie.target) {
      const known = knownOf(bytes)
      if (known !== undefined) blocks.push(known)
    }
  }
  const [ahead] = GOSSIP_LIES['future block']?.(mind, prng).target ?? []
  return { blocks, ahead: ahead === undefined ? undefined : knownOf(ahead) }
}

/** The run that ends with a block. */
export function runOf({ feed, seq, id }: BlockHeader): Run {
  return { feed: prefixOf(feed), low: 1, high: seq, top: prefixOf(id) }
}

function knownOf(bytes: Uint8Array): KnownBlock | undefined {
  const decoded = decodeBlock(bytes)
  return decoded.kind === 'ok' ? { header: decoded.block.header, bytes } : undefined
}
