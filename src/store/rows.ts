// Values of rows. Fixed layouts, big-endian, no versions of their own: meta/format names the layout of all.
// Decoders throw STORE_BAD_ROW. Format: docs/formats/keyspace.md.

import {
  asBuffer, concatBytes, hashAt, hashOf, idBytes, publicKeyAt, publicKeyOf, utf8Bytes, utf8Text, type Hash,
  type PublicKey
} from '../base/index.js'
import { badRow } from './errors.js'

/** The value of rows that say everything in their key. */
export const EMPTY: Uint8Array = new Uint8Array(0)

/** What an S row holds besides its key: all that views ask, so that no record is opened for them. */
export interface CandidateRow {
  readonly agentId: PublicKey
  readonly timestampMs: number
  /** Millionths. */
  readonly confidence: number
  readonly epoch?: Hash | undefined
  /** Canonical bytes of the object; absent when there are more than `OBJECT_INLINE_BYTES_MAX`. */
  readonly objectBytes?: Uint8Array | undefined
  /** UTF-8 of the source; `elsewhere` when it has more than `SOURCE_INLINE_BYTES_MAX`; absent without one. */
  readonly source?: Uint8Array | 'elsewhere' | undefined
}

/** What an S row is made of: fields of an assertion. */
export interface CandidateFields extends Omit<CandidateRow, 'source'> {
  readonly source?: string | undefined
}

/** Longer objects stand in the record alone: most claims are shorter, and rows stay small. */
export const OBJECT_INLINE_BYTES_MAX = 128
/** As for objects; an address or a name is shorter. */
export const SOURCE_INLINE_BYTES_MAX = 128

/** What an E row holds besides its key. */
export interface EpochRow {
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly name: string
  readonly supersedes?: Hash
}

/** What a b row holds: the header as it was signed, and the ids of the records in ascending order. */
export interface BlockRow {
  readonly header: Uint8Array
  readonly recordIds: readonly Hash[]
}

/** Kinds that an A row names. */
export type RowKind = 'assertion' | 'vote' | 'epoch'

/** What a D row of a block holds: records that the block, or others of its step, brought for the key. */
export interface MarkRow {
  /** At most `MARK_IDS_MAX` of them. */
  readonly ids: readonly Hash[]
  readonly total: number
}

/** Records that a mark names: enough to look at, and a key that a thousand vote on has no larger mark. */
export const MARK_IDS_MAX = 8

const kinds: readonly RowKind[] = ['assertion', 'vote', 'epoch']

const CANDIDATE_FIXED_BYTES = 45
const HAS_EPOCH = 1
const OBJECT_ELSEWHERE = 2
const HAS_SOURCE = 4
const SOURCE_ELSEWHERE = 8
/** A source stands here or elsewhere, so both flags never do. */
const FLAGS_MAX = 11

/** S: agent, timestamp, confidence, flags, epoch if any, source and object bytes unless they are too many. */
export function encodeCandidateRow(row: CandidateFields): Uint8Array {
  const { epoch, objectBytes, source } = row
  const inline = objectBytes !== undefined && objectBytes.length <= OBJECT_INLINE_BYTES_MAX
  const text = source === undefined ? EMPTY : utf8Bytes(source)
  const named = source !== undefined && text.length <= SOURCE_INLINE_BYTES_MAX
  const sourceAt = CANDIDATE_FIXED_BYTES + (epoch === undefined ? 0 : 32)
  const objectAt = sourceAt + (named ? 1 + text.length : 0)
  const bytes = Buffer.allocUnsafe(objectAt + (inline ? objectBytes.length : 0))
  bytes.write(row.agentId, 0, 'hex')
  writeU64(bytes, row.timestampMs, 32)
  bytes.writeUInt32BE(row.confidence, 40)
  bytes[44] = (epoch === undefined ? 0 : HAS_EPOCH) | (inline ? 0 : OBJECT_ELSEWHERE) |
    (source === undefined ? 0 : named ? HAS_SOURCE : SOURCE_ELSEWHERE)
  if (epoch !== undefined) bytes.write(epoch, CANDIDATE_FIXED_BYTES, 'hex')
  if (named) {
    bytes[sourceAt] = text.length
    bytes.set(text, sourceAt + 1)
  }
  if (inline) bytes.set(objectBytes, objectAt)
  return bytes
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeCandidateRow(value: Uint8Array): CandidateRow {
  const flags = value[44] ?? 0xff
  if (flags > FLAGS_MAX) throw badRow('S:')
  const sourceAt = CANDIDATE_FIXED_BYTES + ((flags & HAS_EPOCH) === 0 ? 0 : 32)
  const hasSource = (flags & HAS_SOURCE) !== 0
  const sourceBytes = hasSource ? value[sourceAt] ?? 0xff : 0
  const objectAt = sourceAt + (hasSource ? 1 + sourceBytes : 0)
  const elsewhere = (flags & OBJECT_ELSEWHERE) !== 0
  const objectBytes = value.length - objectAt
  const [least, most] = elsewhere ? [0, 0] : [1, OBJECT_INLINE_BYTES_MAX]
  if (sourceBytes > SOURCE_INLINE_BYTES_MAX || objectBytes < least || objectBytes > most) throw badRow('S:')
  return {
    agentId: publicKeyAt(value, 0),
    timestampMs: readU64(value, 32),
    confidence: asBuffer(value).readUInt32BE(40),
    epoch: (flags & HAS_EPOCH) === 0 ? undefined : hashAt(value, CANDIDATE_FIXED_BYTES),
    objectBytes: elsewhere ? undefined : value.subarray(objectAt),
    source: hasSource ? value.subarray(sourceAt + 1, objectAt) :
      (flags & SOURCE_ELSEWHERE) === 0 ? undefined : 'elsewhere'
  }
}

/** V: the weight in millionths, 4 bytes. */
export function encodeVoteRow(weight: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(weight)
  return bytes
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeVoteRow(value: Uint8Array): number {
  if (value.length !== 4) throw badRow('V:')
  return asBuffer(value).readUInt32BE(0)
}

/** E: agent, timestamp, superseded epoch (zero bytes for none), name. */
export function encodeEpochRow(row: EpochRow): Uint8Array {
  const fixed = Buffer.alloc(72)
  fixed.write(row.agentId, 0, 'hex')
  writeU64(fixed, row.timestampMs, 32)
  if (row.supersedes !== undefined) fixed.write(row.supersedes, 40, 'hex')
  return concatBytes(fixed, utf8Bytes(row.name))
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeEpochRow(value: Uint8Array): EpochRow {
  const name = value.length < 72 ? undefined : utf8Text(value.subarray(72))
  if (name === undefined) throw badRow('E:')
  const row = { agentId: publicKeyOf(value.subarray(0, 32)), timestampMs: readU64(value, 32), name }
  const link = value.subarray(40, 72)
  return link.every((byte) => byte === 0) ? row : { ...row, supersedes: hashOf(link) }
}

/** A: the kind of the record, 1 byte. */
export function encodeAgentRow(kind: RowKind): Uint8Array {
  return Uint8Array.of(kinds.indexOf(kind) + 1)
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeAgentRow(value: Uint8Array): RowKind {
  const kind = kinds[(value[0] ?? 0) - 1]
  if (kind === undefined || value.length !== 1) throw badRow('A:')
  return kind
}

/** D of a block: how many records, 4 bytes, and the ids of the first. */
export function encodeMarkRow({ ids, total }: MarkRow): Uint8Array {
  const named = ids.slice(0, MARK_IDS_MAX)
  const bytes = Buffer.allocUnsafe(4 + 32 * named.length)
  bytes.writeUInt32BE(total)
  for (const [at, id] of named.entries()) bytes.write(id, 4 + 32 * at, 'hex')
  return bytes
}

/** An empty value, as an older index may hold it, names nothing. @throws StoreError STORE_BAD_ROW */
export function decodeMarkRow(value: Uint8Array): MarkRow {
  const total = totalOfMarkRow(value)
  const ids: Hash[] = []
  for (let at = 4; at < value.length; at += 32) ids.push(hashAt(value, at))
  return { ids, total }
}

/** How many records a D row of a block tells of; no id is decoded. @throws StoreError STORE_BAD_ROW */
export function totalOfMarkRow(value: Uint8Array): number {
  if (value.length === 0) return 0
  if (value.length < 4 || (value.length - 4) % 32 !== 0) throw badRow('D:')
  return asBuffer(value).readUInt32BE(0)
}

/** b: length of the header as 4 bytes, header, record ids. */
export function encodeBlockRow(row: BlockRow): Uint8Array {
  const bytes = Buffer.allocUnsafe(4 + row.header.length + 32 * row.recordIds.length)
  bytes.writeUInt32BE(row.header.length)
  bytes.set(row.header, 4)
  let at = 4 + row.header.length
  for (const id of row.recordIds) at += bytes.write(id, at, 'hex')
  return bytes
}

/** The header bytes of a b row, without decoding its ids. @throws StoreError STORE_BAD_ROW */
export function headerOfBlockRow(value: Uint8Array): Uint8Array {
  const length = value.length < 4 ? -1 : asBuffer(value).readUInt32BE(0)
  if (length < 0 || 4 + length > value.length || (value.length - 4 - length) % 32 !== 0) throw badRow('b/')
  return value.subarray(4, 4 + length)
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeBlockRow(value: Uint8Array): BlockRow {
  const header = headerOfBlockRow(value)
  const recordIds: Hash[] = []
  for (let at = 4 + header.length; at < value.length; at += 32) {
    recordIds.push(hashOf(value.subarray(at, at + 32)))
  }
  return { header, recordIds }
}

/** x: the two blocks that share feed and seq. */
export function encodeForkRow(first: Hash, second: Hash): Uint8Array {
  return concatBytes(idBytes(first), idBytes(second))
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeForkRow(value: Uint8Array): readonly [Hash, Hash] {
  if (value.length !== 64) throw badRow('x/')
  return [hashOf(value.subarray(0, 32)), hashOf(value.subarray(32))]
}

/** u and Q: the WAL sequence of the record's frame. Also for counters in meta. */
export function encodeNumberRow(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8)
  writeU64(bytes, value, 0)
  return bytes
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeNumberRow(value: Uint8Array): number {
  if (value.length !== 8) throw badRow('number')
  return readU64(value, 0)
}

/** Writes a whole number 0..2^53-1 as 8 bytes big-endian. */
export function writeU64(into: Buffer, value: number, at: number): void {
  into.writeUInt32BE(Math.floor(value / 4_294_967_296), at)
  into.writeUInt32BE(value % 4_294_967_296, at + 4)
}

/** Reads 8 bytes big-endian; exact up to 2^53. */
export function readU64(bytes: Uint8Array, at: number): number {
  const data = asBuffer(bytes)
  return data.readUInt32BE(at) * 4_294_967_296 + data.readUInt32BE(at + 4)
}
