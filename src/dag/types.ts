// The block graph as its users see it.

import { type Hash, type PublicKey } from '../base/index.js'
import { type Batch } from '../store/index.js'
import { type Allowance } from './allowance.js'
import { type Claims } from './claims.js'
import { type Deferred } from './deferred.js'
import { type NodeTip } from './feeds.js'
import { type FrontierView, type Tip } from './frontier.js'
import { type BlockPlace } from './block-rows.js'
import { type BlockHeader } from './header.js'
import { type Pending } from './pending.js'
import { type ValidityRule } from './validity.js'

/**
 * Where a block stands. `gap` = its prev is not here; nothing else keeps a valid block from being admitted.
 */
export type Placement =
  | { readonly kind: 'new' }
  | { readonly kind: 'known' }
  | { readonly kind: 'gap' }
  | { readonly kind: 'invalid', readonly rule: ValidityRule }

/** Two blocks of one feed with the same seq. */
export interface Fork {
  readonly feed: Hash
  readonly seq: number
  /** The header that was here first, and the one that showed the fork. */
  readonly first: BlockHeader
  readonly second: BlockHeader
}

/** How much the graph holds in memory. */
export interface DagCounts {
  /** Admitted blocks. */
  readonly blocks: number
  readonly tips: number
  readonly heads: number
  readonly forks: number
  /** Parents that are named and not here, as far as they are remembered. */
  readonly wanted: number
  readonly pendingBlocks: number
  readonly pendingBytes: number
  readonly deferred: number
}

/**
 * The block graph over the index. Tips, heads and what is wanted live in memory; everything else is read by
 * point.
 *
 * Life of a block: `placement` -> `reserve` (it goes to the ledger) -> `stage` into a batch -> `settle` that
 * batch once -> the batch is written -> `commit`. One batch at a time is staged.
 */
export interface Dag {
  /** Admitted: in the index, or staged for it. */
  has(id: Hash): boolean
  /** Admitted or reserved. */
  holds(id: Hash): boolean
  header(id: Hash): BlockHeader | undefined
  /** As of its header; undefined when it is missing or damaged. Cost: a read, unless asked for lately. */
  place(id: Hash): BlockPlace | undefined
  /** Ascending record ids of an admitted block. */
  recordIds(id: Hash): readonly Hash[] | undefined
  /**
   * Encoded bytes of an admitted block, its body taken from the record rows; undefined when a part is
   * missing or damaged.
   */
  readBlock(id: Hash): Uint8Array | undefined
  /**
   * Ids of one chain, ascending, `low`..`high` of what leads to `top`, in pages. Forks are told apart by
   * hash.
   */
  chain(top: Hash, low: number, high: number): AsyncIterable<readonly Hash[]>
  /** The admitted block whose id starts with these hex digits (32 or 64). */
  find(idPrefix: string): Promise<BlockPlace | undefined>

  placement(header: BlockHeader): Placement
  /** Counts the block as here from the moment that it goes to the ledger. */
  reserve(header: BlockHeader): void
  /** Takes a reservation back: the ledger did not take the block. */
  release(id: Hash): void
  /** Resolves when every block reserved so far is in the index or released. */
  applied(): Promise<void>
  /** Remembers an invalid block id, so that what builds on it is refused (the last 4,096). */
  markInvalid(id: Hash): void

  /** Adds the rows of a block to the batch; the rows of its records are the caller's. */
  stage(batch: Batch, header: BlockHeader, recordIds: readonly Hash[]): void
  /**
   * Adds what follows from the staged blocks: fork proofs and completeness, at most 1,024 blocks of it.
   * @returns true when completeness is left over: settle another batch
   */
  settle(batch: Batch): Promise<boolean>
  /** The batch is written: tips, heads and frontier follow. */
  commit(): void
  /** The batch is lost: as if nothing had been staged. */
  abandon(): void

  frontier(): FrontierView
  /** Ids of all heads, unordered. */
  heads(): readonly Hash[]
  /** Up to 8 complete heads of other feeds, the last admitted ones, ascending: parents for a sealer. */
  completeHeads(exceptFeed?: Hash): readonly Hash[]
  isComplete(id: Hash): boolean
  /** The highest tip of a feed; the smaller id of a fork. */
  tipOf(feed: Hash): Tip | undefined
  tipOfNode(nodeKey: PublicKey): NodeTip | undefined
  /** Tips of one feed: one a branch. */
  tipsOf(feed: Hash): readonly Tip[]
  /** Highest seq of a feed that is admitted or reserved; 0 for an unknown feed. */
  highest(feed: Hash): number
  /** Feeds whose id starts with these 32 hex digits. */
  feedsLike(prefix: string): readonly Hash[]
  /** True when a block with this feed, seq and start of the id is admitted or reserved. */
  holdsLike(feed: Hash, seq: number, idPrefix: string): Promise<boolean>
  /** First proof of each forked feed. */
  forks(): readonly Fork[]
  isForked(feed: Hash): boolean
  /** Parents that are named and not here: up to 4,096 of them. */
  wanted(): readonly Hash[]
  counts(): DagCounts

  readonly pending: Pending
  readonly allowance: Allowance
  readonly deferred: Deferred
  /** Which session fetches which blocks, so that sessions in parallel fetch disjoint parts. */
  readonly claims: Claims
}
