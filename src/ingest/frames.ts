// What ingest writes into the ledger: types and payloads of WAL frames. Format: docs/formats/ledger.md.
// Rule: a payload is checked when it is read back like any stranger's, for a disk may lie.

import { assert } from '../base/index.js'

/** Frame types of the ledger. Numbers are part of the format. */
export const FRAME: { readonly record: 1; readonly ownBlock: 2; readonly foreignBlock: 3 } = Object.freeze({
  /** Payload: the bytes of a record that a local client sent. */
  record: 1,
  /** Payload: header and record sequences of a block sealed here. */
  ownBlock: 2,
  /** Payload: a block from elsewhere as `encodeBlock` gives it. */
  foreignBlock: 3
} as const)

/** Payload of an own block's frame. */
export interface OwnBlockFrame {
  readonly header: Uint8Array
  /** WAL sequences of the records, in the order of their ids. */
  readonly sequences: readonly number[]
}

const HEAD_BYTES = 14

/**
 * Payload: header length u32, record count u16, lowest sequence u64 (all little-endian), header, then per
 * record its distance from the lowest sequence as u32.
 */
export function encodeOwnBlock(frame: OwnBlockFrame): Uint8Array {
  const base = frame.sequences.reduce((least, sequence) => Math.min(least, sequence), Number.MAX_SAFE_INTEGER)
  const bytes = Buffer.alloc(HEAD_BYTES + frame.header.length + 4 * frame.sequences.length)
  bytes.writeUInt32LE(frame.header.length, 0)
  bytes.writeUInt16LE(frame.sequences.length, 4)
  bytes.writeBigUInt64LE(BigInt(base), 6)
  bytes.set(frame.header, HEAD_BYTES)
  let at = HEAD_BYTES + frame.header.length
  for (const sequence of frame.sequences) {
    assert(sequence - base <= 0xffff_ffff, 'records of one block lie near each other in the log')
    at = bytes.writeUInt32LE(sequence - base, at)
  }
  return bytes
}

/** Header and sequences of an own block's frame; undefined when the payload has another form. */
export function decodeOwnBlock(payload: Uint8Array): OwnBlockFrame | undefined {
  if (payload.length < HEAD_BYTES) return undefined
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const headerBytes = bytes.readUInt32LE(0)
  const count = bytes.readUInt16LE(4)
  const base = Number(bytes.readBigUInt64LE(6))
  if (payload.length !== HEAD_BYTES + headerBytes + 4 * count) return undefined
  const start = HEAD_BYTES + headerBytes
  const sequences = Array.from({ length: count }, (_, index) => base + bytes.readUInt32LE(start + 4 * index))
  return { header: payload.subarray(HEAD_BYTES, start), sequences }
}
