// Segment header: the first 128 bytes of a segment file, written once before the file gets its name.
// Invariant: a file named *.log has a valid header and its full size; anything else is damage, never a crash.
// Bytes: docs/formats/wal-segment.md.

import { blake3, idBytes, type NetworkId } from '../base/index.js'
import { readU64, writeU64 } from './frame.js'

/** Bytes before the first frame. */
export const SEGMENT_HEADER_BYTES = 128

/** Version of segments and frames. */
export const WAL_FORMAT_VERSION = 1

/** What a segment says about itself. */
export interface SegmentHeader {
  /** First 16 bytes of the network id. */
  readonly network: Buffer
  /** Position in the log, from 0. */
  readonly index: number
  /** Sequence of the first frame in it. All frames before are on stable storage. */
  readonly firstSequence: number
  /** Size of the file. */
  readonly sizeBytes: number
  /** Checksum key of the log, 32 bytes; it never leaves the machine. */
  readonly key: Buffer
}

/** What the first bytes of a segment file turn out to be. */
export type HeaderReading =
  | { readonly kind: 'header'; readonly header: SegmentHeader }
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'invalid' }

const magic = Buffer.from('STEMWAL1', 'latin1')
const networkBytes = 16
const checksumAt = 112
const checksumBytes = 16

/** The part of a network id that a segment header holds. */
export function networkPrefix(networkId: NetworkId): Buffer {
  return Buffer.from(idBytes(networkId).subarray(0, networkBytes))
}

/** The header's 128 bytes. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  bytes.set(magic, 0)
  bytes.writeUInt32LE(WAL_FORMAT_VERSION, 8)
  bytes.set(header.network, 16)
  writeU64(bytes, header.index, 32)
  writeU64(bytes, header.firstSequence, 40)
  writeU64(bytes, header.sizeBytes, 48)
  bytes.set(header.key, 56)
  bytes.set(checksumOf(bytes), checksumAt)
  return bytes
}

/**
 * Reads a header. Magic, version and checksum keep their places in every version, so that damage is never
 * taken for a later one.
 */
export function decodeSegmentHeader(bytes: Buffer): HeaderReading {
  if (bytes.length < SEGMENT_HEADER_BYTES) return { kind: 'invalid' }
  if (bytes.compare(magic, 0, 8, 0, 8) !== 0) return { kind: 'invalid' }
  const stored = bytes.subarray(checksumAt, checksumAt + checksumBytes)
  if (stored.compare(checksumOf(bytes)) !== 0) return { kind: 'invalid' }
  const version = bytes.readUInt32LE(8)
  if (version !== WAL_FORMAT_VERSION) return { kind: 'version', version }
  const index = readU64(bytes, 32)
  const firstSequence = readU64(bytes, 40)
  const sizeBytes = readU64(bytes, 48)
  if (index === undefined || firstSequence === undefined || sizeBytes === undefined) return { kind: 'invalid' }
  if (firstSequence < 1 || sizeBytes < SEGMENT_HEADER_BYTES || sizeBytes % 8 !== 0) return { kind: 'invalid' }
  const network = Buffer.from(bytes.subarray(16, 16 + networkBytes))
  const key = Buffer.from(bytes.subarray(56, 88))
  return { kind: 'header', header: { network, index, firstSequence, sizeBytes, key } }
}

function checksumOf(bytes: Buffer): Uint8Array {
  return blake3(bytes.subarray(0, checksumAt)).subarray(0, checksumBytes)
}
