// Frame: the unit of the write-ahead log, one opaque payload behind a header of 48 bytes.
// Invariant: a frame is valid iff its own keyed checksum holds; `prev` links it to the one before.
// Bytes: docs/formats/wal-segment.md.

import { createKeyedBlake3, type KeyedHash } from '../base/index.js'

/** Bytes before the payload. */
export const FRAME_HEADER_BYTES = 48

/** Largest whole frame in bytes: header, payload and padding. */
export const FRAME_BYTES_MAX: number = 1024 * 1024

/** Largest payload in bytes. */
export const PAYLOAD_BYTES_MAX: number = FRAME_BYTES_MAX - FRAME_HEADER_BYTES

const checksumAt = 32
const checksumBytes = 16
const linkBytes = 8
const hiUnit = 0x1_0000_0000
const hiMax = 0x1f_ffff

/** A frame found valid within a buffer; positions count from the buffer's start. */
export interface FoundFrame {
  readonly type: number
  readonly sequence: number
  /** Last sequence that was synced when this frame's group was written. */
  readonly durable: number
  readonly payloadStart: number
  readonly payloadEnd: number
  /** Whole frame in bytes, a multiple of 8. */
  readonly sizeBytes: number
}

/** Writes and checks frames under one log's checksum key. */
export interface FrameCodec {
  /**
   * Writes a frame at `at` and moves `link` on to it; the buffer must have room. Returns the frame's bytes.
   * Cost: about 2 us for 400 bytes.
   */
  encode(
    into: Buffer, at: number, type: number, payload: Uint8Array, sequence: number, durable: number,
    link: Buffer
  ): number
  /**
   * The valid frame at `at` whose sequence lies in a range, or undefined. Bytes from `end` on are not looked
   * at.
   * A header that is no frame's costs a few reads; only a plausible one is hashed.
   */
  check(
    bytes: Buffer, at: number, end: number, sequenceMin: number, sequenceMax: number
  ): FoundFrame | undefined
}

/** A codec for the checksum key of 32 bytes. */
export async function createFrameCodec(key: Uint8Array): Promise<FrameCodec> {
  const hash = await createKeyedBlake3(key, checksumBytes)
  return {
    encode: (into, at, type, payload, sequence, durable, link) =>
      encode(hash, into, at, type, payload, sequence, durable, link),
    check: (bytes, at, end, sequenceMin, sequenceMax) => check(hash, bytes, at, end, sequenceMin, sequenceMax)
  }
}

/** Bytes that a payload takes on disk. */
export function frameBytesOf(payloadBytes: number): number {
  return FRAME_HEADER_BYTES + Math.ceil(payloadBytes / 8) * 8
}

/** The link that the first frame of a log carries. */
export function firstLink(): Buffer {
  return Buffer.alloc(linkBytes)
}

/** True when the frame at `at` names `link` as its predecessor. */
export function followsLink(bytes: Buffer, at: number, link: Buffer): boolean {
  return bytes.compare(link, 0, linkBytes, at + checksumAt - linkBytes, at + checksumAt) === 0
}

/** Sets `link` to the frame at `at`. */
export function moveLink(link: Buffer, bytes: Buffer, at: number): void {
  bytes.copy(link, 0, at + checksumAt, at + checksumAt + linkBytes)
}

/** Writes a safe integer as u64, least byte first. */
export function writeU64(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % hiUnit, at)
  into.writeUInt32LE(Math.floor(value / hiUnit), at + 4)
}

/** Reads a u64, least byte first; undefined past 2^53 - 1. */
export function readU64(bytes: Buffer, at: number): number | undefined {
  const hi = bytes.readUInt32LE(at + 4)
  return hi > hiMax ? undefined : hi * hiUnit + bytes.readUInt32LE(at)
}

function encode(
  hash: KeyedHash, into: Buffer, at: number, type: number, payload: Uint8Array, sequence: number,
  durable: number, link: Buffer
): number {
  const size = frameBytesOf(payload.length)
  const start = at + FRAME_HEADER_BYTES
  into.writeUInt32LE(payload.length, at)
  into.writeUInt32LE(type, at + 4)
  writeU64(into, sequence, at + 8)
  writeU64(into, durable, at + 16)
  into.set(link, at + checksumAt - linkBytes)
  into.set(payload, start)
  into.fill(0, start + payload.length, at + size)
  into.set(checksumOf(hash, into, at, size), at + checksumAt)
  moveLink(link, into, at)
  return size
}

function check(
  hash: KeyedHash, bytes: Buffer, at: number, end: number, sequenceMin: number, sequenceMax: number
): FoundFrame | undefined {
  if (end - at < FRAME_HEADER_BYTES) return undefined
  const type = bytes.readUInt32LE(at + 4)
  // Flags and the reserved bytes are zero in version 1, so the word is the type alone.
  if (type === 0 || type > 255) return undefined
  const length = bytes.readUInt32LE(at)
  if (length > PAYLOAD_BYTES_MAX) return undefined
  const sizeBytes = frameBytesOf(length)
  if (sizeBytes > end - at) return undefined
  const sequence = readU64(bytes, at + 8)
  const durable = readU64(bytes, at + 16)
  if (sequence === undefined || durable === undefined || durable >= sequence) return undefined
  if (sequence < sequenceMin || sequence > sequenceMax) return undefined
  const checksum = checksumOf(hash, bytes, at, sizeBytes)
  if (bytes.compare(checksum, 0, checksumBytes, at + checksumAt, at + FRAME_HEADER_BYTES) !== 0) {
    return undefined
  }
  const payloadStart = at + FRAME_HEADER_BYTES
  return { type, sequence, durable, payloadStart, payloadEnd: payloadStart + length, sizeBytes }
}

function checksumOf(hash: KeyedHash, bytes: Buffer, at: number, size: number): Uint8Array {
  return hash(bytes.subarray(at, at + checksumAt), bytes.subarray(at + FRAME_HEADER_BYTES, at + size))
}
