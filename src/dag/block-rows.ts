// Blocks as the index holds them: a row of header and record ids; the body stands in the rows of its records.
// Rule: header and records of a block are what their ids commit to, or it is not given: a peer that got a
// record which changed on this disk would take it for a lie. That the ids of a row are those of its header is
// looked at by their number alone: the root over them takes as long as all else.
// Cost: a header is one point read and two hashes, unless it was used lately; a whole block one point read,
// one hash of its header and one a record.

import { blake3Hash, equalBytes, parseHash, type Hash } from '../base/index.js'
import {
  decodeBlockRow, headerOfBlockRow, keys, parseFeed, parseId, ranges, StoreError, type Reader
} from '../store/index.js'
import { joinBlock } from './block.js'
import { DagError } from './errors.js'
import { decodeHeader, recordCountOf, type BlockHeader } from './header.js'
import { createRecent } from './recent.js'

/** Of whose feed a block is, and where it stands there: the part of a header that walks down chains need. */
export type BlockPlace = Pick<BlockHeader, 'id' | 'feed' | 'seq' | 'prev' | 'nodeKey'>

/** Reads of admitted blocks. */
export interface BlockRows {
  has(id: Hash): boolean
  header(id: Hash): BlockHeader | undefined
  /** As of its header, read for a block not asked for lately; undefined when it is missing or damaged. */
  place(id: Hash): BlockPlace | undefined
  recordIds(id: Hash): readonly Hash[] | undefined
  /** Encoded bytes; undefined when the block or one of its records is missing or damaged. */
  readBlock(id: Hash): Uint8Array | undefined
  /** Ids of the blocks of a feed at one seq, ascending. */
  atSeq(feed: Hash, seq: number): Promise<readonly Hash[]>
  /** True when a block whose id starts so stands there; asks the index only for what was not used lately. */
  holdsAt(feed: Hash, seq: number, idPrefix: string): Promise<boolean>
  /** A block whose id starts with these hex digits; asks the index only for what was not found lately. */
  find(idPrefix: string): Promise<BlockPlace | undefined>
  /** Keeps a header that will be asked for soon. */
  remember(header: BlockHeader): void
}

/** Places kept, and the beginnings of ids that led to them: those of four questions of the longest kind. */
const placesMax = 1_024

/**
 * Reads blocks from an index, keeping the headers used last.
 * @param onDamaged a block that is here cannot be read whole
 */
export function createBlockRows(
  reader: Reader, headersMax: number, onDamaged: (id: Hash) => void
): BlockRows {
  const recent = createRecent<Hash, BlockHeader>(headersMax)
  // A peer that is a little behind names such blocks as its tips: a range read each costs most of a session.
  const seats = createRecent<string, Hash>(headersMax)
  const remember = (known: BlockHeader): void => {
    recent.set(known.id, known)
    seats.set(known.feed + known.seq, known.id)
  }
  const atSeq = async (feed: Hash, seq: number): Promise<readonly Hash[]> => {
    const rows = await reader.rangeAll({ keysOnly: true, ...ranges.feed(feed, seq, seq) })
    return rows.map(([key]) => parseFeed(key).block)
  }
  const header = (id: Hash): BlockHeader | undefined => {
    const known = recent.get(id)
    if (known !== undefined) return known
    const row = reader.get(keys.block(id))
    if (row === undefined) return undefined
    const decoded = decodeRow(headerOfBlockRow(row), id)
    remember(decoded)
    return decoded
  }
  return {
    ...createPlaces(reader, header, onDamaged), header,
    has: (id) => recent.get(id) !== undefined || reader.get(keys.block(id)) !== undefined,
    recordIds(id) {
      const row = reader.get(keys.block(id))
      return row === undefined ? undefined : decodeBlockRow(row).recordIds
    },
    readBlock(id) {
      const row = reader.get(keys.block(id))
      if (row === undefined) return undefined
      const block = wholeBlock(reader, id, row, recent.get(id))
      if (block === undefined) onDamaged(id)
      return block
    },
    atSeq,
    holdsAt: async (feed, seq, idPrefix) => seats.get(feed + seq)?.startsWith(idPrefix) === true ||
      (await atSeq(feed, seq)).some((id) => id.startsWith(idPrefix)),
    remember
  }
}

/** Where blocks stand, kept of those asked for lately. */
function createPlaces(
  reader: Reader, header: (id: Hash) => BlockHeader | undefined, onDamaged: (id: Hash) => void
): Pick<BlockRows, 'place' | 'find'> {
  const places = createRecent<Hash, BlockPlace>(placesMax)
  // Who asks names the tops of chains, the same ones as long as nothing is sealed upon them.
  const tops = createRecent<string, BlockPlace>(placesMax)
  const place = (id: Hash): BlockPlace | undefined => {
    const known = places.get(id)
    if (known !== undefined) return known
    try {
      const decoded = header(id)
      if (decoded === undefined) return undefined
      const read = placeOf(decoded)
      places.set(id, read)
      return read
    } catch (error) {
      if (!(error instanceof DagError)) throw error
      onDamaged(id)
      return undefined
    }
  }
  return {
    place,
    async find(idPrefix) {
      const known = tops.get(idPrefix)
      if (known !== undefined) return known
      const id = await find(reader, idPrefix)
      const found = id === undefined ? undefined : place(id)
      if (found !== undefined) tops.set(idPrefix, found)
      return found
    }
  }
}

/** Without the header's bytes: what is kept stays small. */
function placeOf({ id, feed, seq, prev, nodeKey }: BlockHeader): BlockPlace {
  return { id, feed, seq, nodeKey, prev }
}

function wholeBlock(
  reader: Reader, id: Hash, row: Uint8Array, known: BlockHeader | undefined
): Uint8Array | undefined {
  try {
    const { header: bytes, recordIds } = decodeBlockRow(row)
    if (known === undefined ? blake3Hash(bytes) !== id : !equalBytes(bytes, known.bytes)) return undefined
    if (recordCountOf(bytes) !== recordIds.length) return undefined
    const records: Uint8Array[] = []
    for (const recordId of recordIds) {
      const record = reader.get(keys.record(recordId))
      if (record === undefined || blake3Hash(record) !== recordId) return undefined
      records.push(record)
    }
    return joinBlock(bytes, records)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_BAD_ROW') return undefined
    throw error
  }
}

async function find(reader: Reader, prefix: string): Promise<Hash | undefined> {
  const from = parseHash(prefix.padEnd(64, '0'))
  if (from === undefined) return undefined
  const range = ranges.blocks()
  const rows = await reader.rangeAll({ limit: 1, keysOnly: true, ...range, gte: keys.block(from) })
  const first = rows[0]
  if (first === undefined) return undefined
  const id = parseId('block', first[0])
  return id.startsWith(prefix) ? id : undefined
}

function decodeRow(bytes: Uint8Array, id: Hash): BlockHeader {
  const decoded = decodeHeader(bytes)
  if (decoded.kind === 'ok' && decoded.header.id === id) return decoded.header
  throw new DagError({ code: 'DAG_ROW_DAMAGED', family: 'b', key: id }, `the index row of block ${id} is damaged`)
}
