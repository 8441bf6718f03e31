// Checks the index against the ledger: block rows, records, and the H S V E rows that follow from them.

import { blake3Hash, equalBytes, hashOf, type Hash, type PublicKey } from '../base/index.js'
import { isAhead, type Block } from '../dag/index.js'
import { openRecord, type StemeRecord } from '../record/index.js'
import {
  encodeCandidateRow, encodeVoteRow, keys, parseVote, ranges, type KeyRange, type Store
} from '../store/index.js'
import type { CheckHooks, LedgerContent } from './verify-ledger.js'

/** What the index holds. */
export interface IndexContent {
  readonly blocks: number
  readonly records: number
  readonly assertions: number
  readonly votes: number
  readonly epochs: number
}

/**
 * True for a block of this node that the index does not hold because it lies ahead of the clock: a replay
 * leaves it out until its time. What builds on it lies as far ahead.
 */
export function isLeftOut(
  store: Pick<Store, 'get'>, { header }: Pick<Block, 'header'>, self: PublicKey, nowMs: number
): boolean {
  return header.nodeKey === self && isAhead(header, nowMs) && store.get(keys.block(header.id)) === undefined
}

/** Checks that a block of the ledger and its records stand in the index as they stand there. */
export async function checkBlockRows(store: Store, block: Block, hooks: CheckHooks): Promise<void> {
  const { header, ids, records } = block
  if (store.get(keys.block(header.id)) === undefined) hooks.fault(`block ${header.id} is not in the index`)
  const rows = await store.getMany(ids.map(keys.record))
  ids.forEach((id, i) => {
    const row = rows[i]
    const bytes = records[i]
    if (row === undefined) hooks.fault(`record ${id} of block ${header.id} is not in the index`)
    else if (bytes === undefined || !equalBytes(row, bytes)) hooks.fault(`H row ${id} differs from the ledger`)
    if (store.get(keys.holder(id, header.id)) === undefined) hooks.fault(`r/ row of ${id} is missing`)
  })
}

/**
 * Checks that the index holds nothing that the ledger does not, and that S, V and E rows are those of the
 * records.
 */
export async function checkIndexRows(
  store: Store, ledger: LedgerContent, governors: ReadonlySet<PublicKey>, hooks: CheckHooks
): Promise<IndexContent> {
  const found = { blocks: 0, records: 0, assertion: 0, vote: 0, epoch: 0 }
  for await (const rows of store.batches({ ...ranges.blocks(), keysOnly: true })) {
    for (const [key] of rows) {
      const id = idAtEnd(key)
      if (!ledger.blocks.has(id)) hooks.fault(`block ${id} of the index is not in the ledger`)
      found.blocks += 1
    }
  }
  for await (const rows of store.batches(ranges.records())) {
    for (const [key, bytes] of rows) {
      found.records += 1
      hooks.progress(found.records, store.totals.recordCount)
      const id = idAtEnd(key)
      if (blake3Hash(bytes) !== id) hooks.fault(`H row ${id} holds other bytes`)
      const kind = checkRecordRows(store, bytes, governors, hooks)
      if (kind !== undefined) found[kind] += 1
      if ((await store.rangeAll({ ...ranges.holders(id), limit: 1 })).length === 0) {
        hooks.fault(`record ${id} of the index is in no block`)
      }
    }
  }
  const any = (): boolean => true
  await checkCount(store, 'S', ranges.candidates(), any, found.assertion, hooks)
  await checkCount(store, 'V', ranges.allVotes(), isVote, found.vote, hooks)
  await checkCount(store, 'E', ranges.epochs(), any, found.epoch, hooks)
  const { blocks, records, assertion, vote, epoch } = found
  return { blocks, records, assertions: assertion, votes: vote, epochs: epoch }
}

/** Checks the row of an effective record; gives its kind when it has one. */
function checkRecordRows(
  store: Store, bytes: Uint8Array, governors: ReadonlySet<PublicKey>, hooks: CheckHooks
): StemeRecord['kind'] | undefined {
  const opened = openRecord(bytes)
  if (opened.grade === 'invalid') hooks.fault(`H row ${blake3Hash(bytes)} is no record: ${opened.rule}`)
  if (opened.grade !== 'effective') return undefined
  const { record } = opened
  if (record.kind === 'epoch' && !governors.has(record.agentId)) return undefined
  const { key, value } = rowOf(record)
  const row = store.get(key)
  const sound = row !== undefined && (value === undefined || equalBytes(row, value))
  if (record.kind === 'vote' && store.get(keys.voted(record.assertion)) === undefined) {
    hooks.fault(`assertion ${record.assertion} is not marked as voted on`)
  }
  if (!sound) hooks.fault(`the ${record.kind} row of ${record.id} is ${row === undefined ? 'missing' : 'wrong'}`)
  return record.kind
}

function rowOf(record: StemeRecord): { readonly key: Uint8Array; readonly value: Uint8Array | undefined } {
  switch (record.kind) {
    case 'assertion': {
      const { subject, predicate, id } = record
      return { key: keys.candidate(subject, predicate, id), value: encodeCandidateRow(record) }
    }
    case 'vote': {
      const key = keys.vote(record.assertion, record.agentId, record.timestampMs, record.id)
      return { key, value: encodeVoteRow(record.weight) }
    }
    case 'epoch': return { key: keys.epoch(record.id), value: undefined }
  }
}

async function checkCount(
  store: Store, family: string, range: KeyRange, counts: (key: Uint8Array) => boolean, expected: number,
  hooks: CheckHooks
): Promise<void> {
  let count = 0
  for await (const rows of store.batches({ ...range, keysOnly: true })) {
    for (const [key] of rows) if (counts(key)) count += 1
  }
  if (count !== expected) hooks.fault(`${count} ${family} rows stand against ${expected} records`)
}

/** The family also holds one row that says of an assertion that it has votes. */
function isVote(key: Uint8Array): boolean {
  return parseVote(key) !== undefined
}

function idAtEnd(key: Uint8Array): Hash {
  return hashOf(key.subarray(key.length - 32))
}
