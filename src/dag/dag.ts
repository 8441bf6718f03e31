// The block graph: which blocks are admitted, how they hang together, and what a new one adds to the index.
// Rule: an admitted block has its prev admitted; a missing parent only delays completeness. Memory follows
// the index and never leads it: tips, heads and frontier change when a batch is written, not when it is
// staged.

import { type Clock, type Hash } from '../base/index.js'
import { EMPTY, encodeBlockRow, keys, parseId, parseTip, ranges, type Reader } from '../store/index.js'
import { createAllowance } from './allowance.js'
import { createBlockRows, type BlockPlace, type BlockRows } from './block-rows.js'
import { chainIds } from './chain.js'
import { createClaims } from './claims.js'
import { createCompleteness, dependencies, type Completeness } from './completeness.js'
import { createDeferred, type Deferred } from './deferred.js'
import { DagError } from './errors.js'
import { createFeeds, type Feeds } from './feeds.js'
import { createForks, type Forks } from './forks.js'
import { type BlockHeader } from './header.js'
import { createHeads, type Heads } from './heads.js'
import { DAG_DEFAULTS, type DagOptions } from './options.js'
import { createPending } from './pending.js'
import { createReservations, type Reservations } from './reservations.js'
import { type Dag } from './types.js'
import { createVerdicts, type Verdicts } from './verdicts.js'
import { createWanted, type Wanted } from './wanted.js'

interface Parts {
  readonly options: DagOptions
  readonly reader: Reader
  readonly rows: BlockRows
  readonly staged: Map<Hash, BlockHeader>
  /** What the staged blocks stand on: prev, or the feed for its first block. */
  readonly branches: Set<Hash>
  readonly reservations: Reservations
  readonly completeness: Completeness
  readonly feeds: Feeds
  readonly heads: Heads
  readonly forks: Forks
  readonly wanted: Wanted
  readonly verdicts: Verdicts
  readonly deferred: Deferred
  /** Admitted blocks. */
  blocks: number
  /** Header of an admitted or staged block. */
  header(id: Hash): BlockHeader | undefined
  has(id: Hash): boolean
}

/** What the graph stands on. */
export interface DagDeps {
  readonly store: Reader
  readonly clock: Clock
  /** A block that is here could not be read whole for a peer. */
  readonly onDamaged?: (id: Hash) => void
}

/**
 * Opens the block graph over an index: reads tips, heads, forks and what waits.
 * @throws DagError DAG_ROW_DAMAGED
 * Cost: one point read a tip, one pass over the rows of heads and waiting blocks.
 */
export async function openDag(
  deps: DagDeps, options: Partial<DagOptions> = {}
): Promise<Dag> {
  const parts = createParts(deps, { ...DAG_DEFAULTS, ...options })
  await load(parts)
  return assemble(parts, deps.clock)
}

function createParts({ store: reader, onDamaged = () => undefined }: DagDeps, options: DagOptions): Parts {
  const rows = createBlockRows(reader, options.headersMax, onDamaged)
  const staged = new Map<Hash, BlockHeader>()
  const header = (id: Hash): BlockHeader | undefined => staged.get(id) ?? rows.header(id)
  const has = (id: Hash): boolean => staged.has(id) || rows.has(id)
  const reservations = createReservations()
  return {
    options, reader, rows, staged, branches: new Set(), reservations, header, has,
    completeness: createCompleteness(reader, header),
    feeds: createFeeds(), heads: createHeads(), forks: createForks(rows, staged),
    wanted: createWanted(options.wantedMax), verdicts: createVerdicts(options.invalidMax),
    deferred: createDeferred(options.deferredHeadersMax),
    blocks: 0
  }
}

async function load(parts: Parts): Promise<void> {
  const { reader, rows, feeds, heads, forks, wanted, completeness } = parts
  for await (const batch of reader.batches({ keysOnly: true, ...ranges.tips() })) {
    for (const [key] of batch) feeds.load(present(rows, parseTip(key).block))
  }
  for await (const batch of reader.batches({ keysOnly: true, ...ranges.heads() })) {
    for (const [key] of batch) heads.load(parseId('head', key))
  }
  for await (const batch of reader.batches(ranges.forks())) {
    for (const [key, value] of batch) forks.load(parseId('fork', key), value)
  }
  await completeness.resume((id) => {
    if (!rows.has(id)) wanted.add(id)
  })
  parts.blocks = await countBlocks(reader, feeds)
}

/** A feed of one branch has as many blocks as its tip says; the branches of another share a stem. */
async function countBlocks(reader: Reader, feeds: Feeds): Promise<number> {
  let blocks = 0
  for (const feed of new Set(feeds.view().tips().map((tip) => tip.feed))) {
    const [tip, ...others] = feeds.tipsOf(feed)
    if (tip !== undefined && others.length === 0) {
      blocks += tip.seq
      continue
    }
    for await (const batch of reader.batches({ keysOnly: true, ...ranges.feed(feed) })) blocks += batch.length
  }
  return blocks
}

function present(rows: BlockRows, id: Hash): BlockHeader {
  const header = rows.header(id)
  if (header !== undefined) return header
  throw new DagError({ code: 'DAG_ROW_DAMAGED', family: 't', key: id }, `tip ${id} has no block row`)
}

function assemble(parts: Parts, clock: Clock): Dag {
  const { options, rows, staged, reservations, completeness, deferred, has, header } = parts
  const { feeds, heads, forks, wanted, verdicts } = parts
  const pending = createPending(options)
  const holds = (id: Hash): boolean => reservations.get(id) !== undefined || has(id)
  const place = (id: Hash): BlockPlace | undefined => staged.get(id) ?? rows.place(id)
  const source = { reader: parts.reader, place, isForked: (feed: Hash) => forks.isForked(feed) }
  return {
    has, holds, header, place, pending, deferred,
    allowance: createAllowance(options, clock, (nodeKey) => forks.isForkedKey(nodeKey)),
    claims: createClaims(options, clock),
    recordIds: (id) => rows.recordIds(id),
    readBlock: (id) => rows.readBlock(id),
    find: (idPrefix) => rows.find(idPrefix),
    async *chain(top, low, high) {
      const last = place(top)
      if (last !== undefined) yield* chainIds(source, last, low, high)
    },
    placement: (block) => verdicts.place(block, holds, (id) => reservations.get(id) ?? header(id)),
    reserve: (block) => reservations.add(block),
    release: (id) => reservations.remove(id),
    applied: () => reservations.settled(),
    markInvalid: (id) => verdicts.condemn(id, pending),
    ...staging(parts),
    frontier: () => feeds.view(),
    heads: () => heads.all(),
    completeHeads: (exceptFeed) => heads.parents(completeness, (id) => header(id)?.feed !== exceptFeed),
    isComplete: (id) => completeness.isComplete(id),
    tipOf: (feed) => feeds.tipOf(feed),
    tipOfNode: (nodeKey) => feeds.tipOfNode(nodeKey),
    tipsOf: (feed) => feeds.tipsOf(feed),
    highest: (feed) => Math.max(feeds.highest(feed), reservations.highest(feed)),
    feedsLike: (prefix) => [...new Set([...feeds.like(prefix), ...reservations.feedsLike(prefix)])],
    holdsLike: async (feed, seq, idPrefix) => reservations.holdsLike(feed, seq, idPrefix) ||
      feeds.tipsOf(feed).some((tip) => tip.seq === seq && tip.id.startsWith(idPrefix)) ||
      await rows.holdsAt(feed, seq, idPrefix),
    forks: () => forks.all(),
    isForked: (feed) => forks.isForked(feed),
    wanted: () => wanted.all(),
    counts: () => ({
      blocks: parts.blocks,
      tips: feeds.tipCount, heads: heads.size, forks: forks.size,
      wanted: wanted.size, pendingBlocks: pending.blocks, pendingBytes: pending.bytes,
      deferred: deferred.size
    })
  }
}

/** What a block does to the index, in steps. */
function staging(parts: Parts): Pick<Dag, 'stage' | 'settle' | 'commit' | 'abandon'> {
  const { rows, staged, branches, reservations, completeness, has } = parts
  const { feeds, heads, forks, wanted, deferred } = parts
  return {
    stage(batch, header, recordIds) {
      const { id, feed, seq, prev } = header
      if (has(id)) return
      batch.add(keys.block(id), encodeBlockRow({ header: header.bytes, recordIds }), true)
      batch.add(keys.feed(feed, seq, id), EMPTY, true)
      for (const recordId of recordIds) batch.add(keys.holder(recordId, id), EMPTY, true)
      if (prev !== undefined) batch.delete(keys.tip(feed, prev))
      batch.put(keys.tip(feed, id), EMPTY)
      heads.stage(batch, header, completeness.isWaitedFor(id))
      if (forksFeed(parts, header)) forks.suspect(header)
      staged.set(id, header)
      branches.add(prev ?? feed)
      completeness.stage(batch, header)
    },
    async settle(batch) {
      await forks.settle(batch)
      return completeness.settle(batch)
    },
    commit() {
      for (const header of staged.values()) {
        feeds.grow(header)
        rows.remember(header)
        reservations.remove(header.id)
        wanted.remove(header.id)
        deferred.remove(header.id)
      }
      for (const header of staged.values()) {
        for (const id of dependencies(header)) if (!has(id)) wanted.add(id)
      }
      for (const part of [heads, forks, completeness]) part.commit()
      parts.blocks += staged.size
      staged.clear()
      branches.clear()
    },
    abandon() {
      for (const part of [heads, forks, completeness]) part.abandon()
      staged.clear()
      branches.clear()
    }
  }
}

/** A block forks its feed when the block before it has a successor already, or the feed a first block. */
function forksFeed(parts: Parts, header: BlockHeader): boolean {
  const { feed, seq, prev } = header
  if (parts.branches.has(prev ?? feed)) return true
  if (prev === undefined) return parts.feeds.highest(feed) > 0
  const isTip = parts.feeds.tipsOf(feed).some((tip) => tip.id === prev && tip.seq === seq - 1)
  return !isTip && !parts.staged.has(prev)
}
