// Sampled bodies: blocks read back from their rows and hashed again, so that rows that changed or went
// missing are found though no list of keys tells.

import { blake3Hash, type Hash } from '../base/index.js'
import { behind, decodeBlockRow, keys, parseId, ranges, StoreError, type Reader } from '../store/index.js'
import { type PassOptions } from './audit-tree.js'
import { decodeHeader } from './header.js'
import { recordsRoot } from './root.js'

/** What a sample found. */
export interface AuditSample {
  /** Blocks looked at. */
  readonly blocks: number
  /** Those whose rows are not what their id commits to. */
  readonly damaged: readonly Hash[]
  /** Where the next sample goes on; undefined = at the first block, since this one came to the end. */
  readonly next: Hash | undefined
}

/** Blocks read in one go. */
const pageBlocks = 16

/**
 * Hashes the blocks that follow an id in the order of ids.
 * @param after undefined = from the first
 * Cost: one point read and one hash a record.
 */
export async function sampleBodies(
  reader: Reader, after: Hash | undefined, blocksMax: number, options: PassOptions = {}
): Promise<AuditSample> {
  const damaged: Hash[] = []
  let range = after === undefined ? ranges.blocks() : behind(ranges.blocks(), keys.block(after))
  let blocks = 0
  let next = after
  while (blocks < blocksMax) {
    const rows = await reader.rangeAll({ limit: Math.min(pageBlocks, blocksMax - blocks), ...range })
    for (const [key, value] of rows) {
      next = parseId('block', key)
      if (!isWhole(reader, next, value)) damaged.push(next)
      range = behind(ranges.blocks(), key)
    }
    blocks += rows.length
    options.signal?.throwIfAborted()
    await options.pause?.()
    if (rows.length < pageBlocks) return { blocks, damaged, next: blocks < blocksMax ? undefined : next }
  }
  return { blocks, damaged, next }
}

/** True when a block is here and its rows hold what its id commits to. */
export function isWholeBlock(reader: Pick<Reader, 'get'>, id: Hash): boolean {
  const row = reader.get(keys.block(id))
  return row !== undefined && isWhole(reader, id, row)
}

function isWhole(reader: Pick<Reader, 'get'>, id: Hash, row: Uint8Array): boolean {
  const parts = rowOf(row)
  const decoded = parts === undefined ? undefined : decodeHeader(parts.header)
  if (parts === undefined || decoded?.kind !== 'ok') return false
  const { header } = decoded
  if (header.id !== id || recordsRoot(parts.recordIds) !== header.recordsRoot) return false
  if (reader.get(keys.feed(header.feed, header.seq, id)) === undefined) return false
  return parts.recordIds.every((recordId) => {
    const bytes = reader.get(keys.record(recordId))
    return bytes !== undefined && blake3Hash(bytes) === recordId &&
      reader.get(keys.holder(recordId, id)) !== undefined
  })
}

function rowOf(row: Uint8Array): ReturnType<typeof decodeBlockRow> | undefined {
  try {
    return decodeBlockRow(row)
  } catch (error) {
    if (error instanceof StoreError) return undefined
    throw error
  }
}
