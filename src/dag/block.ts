// Block: a header and the records it commits to, as it travels.
// Rule: the root alone commits to the content, so a body that does not fit its header says nothing about the
// block, only about who sent it. The encoding byte in front lies outside the block id; an unknown one is a
// newer peer's.
// Format: docs/formats/block.md.

import {
  assert, BLOCK_LIMITS, blake3Hash, RECORD_LIMITS, type Hash, type NetworkId
} from '../base/index.js'
import { type Signer } from '../record/index.js'
import {
  decodeHeader, headerBytesMax, recordCountOf, sealHeader, type BlockHeader, type DecodedHeader,
  type HeaderFields, type HeaderRule
} from './header.js'
import { recordsRoot, strictlyAscending } from './root.js'
import { ByteReader, ByteWriter } from './wire.js'

/** Encoding byte: header, table of lengths, records. */
const encodingPlain = 0
/** Encoding byte: the header alone, for gossip of a block that is too large to publish. */
const encodingHeader = 1

/** Bytes of the longest encoded block. */
export const blockBytesMax: number =
  3 + headerBytesMax + 2 * BLOCK_LIMITS.recordsMax + BLOCK_LIMITS.bodyBytesMax

/** A whole block. */
export interface Block {
  readonly header: BlockHeader
  /** In the order of their ids. */
  readonly records: readonly Uint8Array[]
  /** Strictly ascending; the ids of `records`. */
  readonly ids: readonly Hash[]
}

/** The rule of form that an encoded block breaks. */
export type BlockRule =
  | HeaderRule | 'block-length' | 'block-encoding' | 'record-length' | 'body-sum' | 'record-order' | 'records-root'

/** What bytes turn out to be as a block. `invalid` condemns the bytes and their sender, not the block id. */
export type DecodedBlock =
  | { readonly kind: 'ok', readonly block: Block }
  | { readonly kind: 'newer', readonly what: 'encoding' | 'version' }
  | { readonly kind: 'invalid', readonly rule: BlockRule }

/** What bytes turn out to be as the announcement of a block. */
export type DecodedAnnouncement = DecodedHeader | { readonly kind: 'block' }

/**
 * Encodes a block plainly.
 * @param records in the order of their ids, as the header commits to them
 */
export function encodeBlock(header: BlockHeader, records: readonly Uint8Array[]): Uint8Array {
  return joinBlock(header.bytes, records)
}

/** The same of the bytes of a header. */
export function joinBlock(header: Uint8Array, records: readonly Uint8Array[]): Uint8Array {
  assert(records.length === recordCountOf(header), 'a block has the records its header counts')
  const bodyBytes = records.reduce((sum, record) => sum + record.length, 0)
  const writer = new ByteWriter(3 + header.length + 2 * records.length + bodyBytes)
  writer.u8(encodingPlain).u16(header.length).raw(header)
  for (const record of records) writer.u16(record.length)
  for (const record of records) writer.raw(record)
  return writer.done()
}

/** Encodes a header alone, to say that the block exists. */
export function encodeAnnouncement(header: BlockHeader): Uint8Array {
  const { bytes } = header
  return new ByteWriter(3 + bytes.length).u8(encodingHeader).u16(bytes.length).raw(bytes).done()
}

/**
 * Reads a block: form, body and root; neither signatures nor what the records say.
 * The records are views of `bytes`. Cost: one hash a record and the root.
 */
export function decodeBlock(bytes: Uint8Array): DecodedBlock {
  if (bytes.length > blockBytesMax || bytes.length < 3) return invalid('block-length')
  const encoding = bytes[0] ?? 0
  if (encoding > encodingHeader) return { kind: 'newer', what: 'encoding' }
  if (encoding !== encodingPlain) return invalid('block-encoding')
  const reader = new ByteReader(bytes.subarray(1))
  const headerBytes = reader.raw(reader.u16())
  if (reader.failed) return invalid('block-length')
  const decoded = decodeHeader(headerBytes)
  switch (decoded.kind) {
    case 'newer': return { kind: 'newer', what: 'version' }
    case 'invalid': return decoded
    default: return readBody(decoded.header, reader)
  }
}

/** The header of an encoded block, its form alone checked; undefined for other bytes. Cost: two hashes. */
export function headerOf(bytes: Uint8Array): BlockHeader | undefined {
  if (bytes[0] !== encodingPlain) return undefined
  const reader = new ByteReader(bytes.subarray(1))
  const headerBytes = reader.raw(reader.u16())
  const decoded = reader.failed ? undefined : decodeHeader(headerBytes)
  return decoded?.kind === 'ok' ? decoded.header : undefined
}

/** The id of an encoded block, its form unchecked; undefined when it holds no header. Cost: one hash. */
export function blockIdOf(bytes: Uint8Array): Hash | undefined {
  const reader = new ByteReader(bytes.subarray(1))
  const header = reader.raw(reader.u16())
  return reader.failed ? undefined : blake3Hash(header)
}

/** Reads an announcement; a whole block is told apart, to be read by decodeBlock. */
export function decodeAnnouncement(bytes: Uint8Array): DecodedAnnouncement {
  if (bytes[0] !== encodingHeader) return { kind: 'block' }
  const reader = new ByteReader(bytes.subarray(1))
  const headerBytes = reader.raw(reader.u16())
  return reader.ended ? decodeHeader(headerBytes) : { kind: 'invalid', rule: 'header-length' }
}

function readBody(header: BlockHeader, reader: ByteReader): DecodedBlock {
  const lengths: number[] = []
  for (let i = 0; i < header.recordCount; i++) lengths.push(reader.u16())
  if (reader.failed || reader.left !== header.bodyBytes) return invalid('body-sum')
  if (lengths.some((length) => length < 1 || length > RECORD_LIMITS.recordBytesMax)) return invalid('record-length')
  const records = lengths.map((length) => reader.raw(length))
  if (!reader.ended) return invalid('body-sum')
  const ids = records.map((record) => blake3Hash(record))
  if (!strictlyAscending(ids)) return invalid('record-order')
  if (recordsRoot(ids) !== header.recordsRoot) return invalid('records-root')
  return { kind: 'ok', block: { header, records, ids } }
}

function invalid(rule: BlockRule): DecodedBlock {
  return { kind: 'invalid', rule }
}

/** What a sealer says of a block besides its records. */
export type SealFields = Omit<HeaderFields, 'recordCount' | 'recordsRoot' | 'bodyBytes'>

/**
 * Makes a block of records: sorts them, takes count, root and length, signs.
 * @param records distinct, 1..1,024, any order
 */
export function sealBlock(
  fields: SealFields, records: readonly { readonly id: Hash, readonly bytes: Uint8Array }[], signer: Signer,
  networkId: NetworkId
): Block {
  const sorted = [...records].sort((a, b) => (a.id < b.id ? -1 : 1))
  const ids = sorted.map((record) => record.id)
  assert(strictlyAscending(ids), 'a block holds a record once')
  const bodyBytes = sorted.reduce((sum, record) => sum + record.bytes.length, 0)
  const header = sealHeader(
    { ...fields, recordCount: ids.length, recordsRoot: recordsRoot(ids), bodyBytes }, signer, networkId
  )
  return { header, records: sorted.map((record) => record.bytes), ids }
}
