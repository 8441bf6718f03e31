// Puts a block back whose rows the index lost or holds changed.
// Rule: only what was here before, by hash: the graph has it as a tip, a row of it is left, or the block
// above it names it. Anything else is left to sync: written here it would be counted twice, or fork a feed
// that never forked. The block is checked like a stranger's, and its rows are those that the totals count
// already.

import { equalBytes, type Hash } from '../base/index.js'
import {
  decodeBlock, isWholeBlock, openBody, verifyHeader, DagError, type AdmissionRules, type Block,
  type BlockHeader, type Dag, type OpenedRecord, type RepairOutcome
} from '../dag/index.js'
import type { VerifySignature } from '../record/index.js'
import {
  EMPTY, encodeBlockRow, keys, parseFeed, ranges, type Batch, type Reader, type Store
} from '../store/index.js'
import { createRowWriter } from './row-writer.js'
import { createTargetCache } from './target-cache.js'
import { verifyJob } from './verify-job.js'
import type { VerifyPool } from './verify-pool.js'

/** What a repair works on. */
export interface RepairDeps {
  readonly store: Store
  readonly dag: Dag
  readonly pool: VerifyPool
  readonly rules: AdmissionRules
  readonly verify: VerifySignature
  /** Runs work while no step of the ledger is under way: what the graph says is then what the rows say. */
  readonly between: <T>(work: () => Promise<T>) => Promise<T>
}

/**
 * Writes the rows of a block anew.
 * @param id    the block that was asked for
 * @param bytes what a peer sent for it, any bytes
 */
export async function repairBlock(id: Hash, bytes: Uint8Array, deps: RepairDeps): Promise<RepairOutcome> {
  const decoded = decodeBlock(Uint8Array.from(bytes))
  if (decoded.kind === 'newer') return 'unknown'
  if (decoded.kind === 'invalid' || decoded.block.header.id !== id) return 'invalid'
  const { block } = decoded
  if (isWholeBlock(deps.store, id)) return 'whole'
  if (!await wasHere(block.header, deps)) return 'unknown'
  const records = await check(block, deps)
  if (typeof records === 'string') return records
  return deps.between(async () => {
    // It may have come by a session while its signatures were checked, or have been taken out by a clock.
    if (isWholeBlock(deps.store, id)) return 'whole'
    if (!await wasHere(block.header, deps)) return 'unknown'
    const batch = deps.store.batch()
    restoreBlock(batch, block, deps)
    restoreRecords(batch, records, deps)
    await deps.store.write(batch)
    return 'repaired'
  })
}

/**
 * True when the index held the block once, whatever became of its rows.
 * Cost: up to two point reads and a range read.
 */
export async function wasHere(
  header: BlockHeader, { store, dag }: Pick<RepairDeps, 'store' | 'dag'>
): Promise<boolean> {
  const { id, feed, seq } = header
  if (dag.tipsOf(feed).some((tip) => tip.id === id)) return true
  if ([keys.block(id), keys.feed(feed, seq, id)].some((key) => store.get(key) !== undefined)) return true
  const above = await store.rangeAll({ keysOnly: true, ...ranges.feed(feed, seq + 1, seq + 1) })
  return above.some(([key]) => prevOf(dag, parseFeed(key).block) === id)
}

function prevOf(dag: Dag, id: Hash): Hash | undefined {
  try {
    return dag.header(id)?.prev
  } catch (error) {
    // The row above is damaged too: it is repaired first.
    if (error instanceof DagError) return undefined
    throw error
  }
}

async function check(
  block: Block, { pool, rules, verify }: RepairDeps
): Promise<readonly OpenedRecord[] | 'invalid' | 'unknown'> {
  if (verifyHeader(block.header, rules, verify) !== undefined) return 'invalid'
  const body = openBody(block)
  if (body.kind === 'invalid') return 'invalid'
  const verdicts = await pool.verify(body.records.map((record) => verifyJob(record, rules.networkId)))
  // The queue is full: the next audit tries again.
  if (verdicts === undefined) return 'unknown'
  return verdicts.every((valid) => valid) ? body.records : 'invalid'
}

function restoreBlock(batch: Batch, { header, ids }: Block, { dag }: RepairDeps): void {
  const { id, feed, seq } = header
  batch.restore(keys.block(id), encodeBlockRow({ header: header.bytes, recordIds: ids }))
  batch.restore(keys.feed(feed, seq, id), EMPTY)
  for (const recordId of ids) batch.restore(keys.holder(recordId, id), EMPTY)
  if (dag.tipsOf(feed).some((tip) => tip.id === id)) batch.put(keys.tip(feed, id), EMPTY)
  if (dag.heads().includes(id)) batch.put(keys.head(id), EMPTY)
}

/**
 * All rows of the records, whether they are damaged or not. No marks: a view may rest on records of other
 * blocks that are still to be put back, so views are computed anew when all are.
 */
function restoreRecords(batch: Batch, records: readonly OpenedRecord[], deps: RepairDeps): void {
  const { store, rules } = deps
  const own = new Set(records.map((record) => record.id))
  const writer = createRowWriter({
    reader: withoutRecords(store, own), batch: restoring(batch), targets: createTargetCache(records.length),
    governors: rules.governors
  })
  for (const record of records) writer.write(record, store.totals.sequence)
}

/** The writer leaves a record out that it finds: here it shall find none of the block. */
function withoutRecords(store: Store, ids: ReadonlySet<Hash>): Pick<Reader, 'get'> {
  const hidden = [...ids].map((id) => keys.record(id))
  return { get: (key) => hidden.some((one) => equalBytes(one, key)) ? undefined : store.get(key) }
}

function restoring(batch: Batch): Pick<Batch, 'add' | 'put'> {
  return { add: (key, value) => batch.restore(key, value), put: () => undefined }
}
