// Byte reader and writer of the binary formats of this folder.
// Rule: numbers are big-endian or shortest-form LEB128; reading past the end or a wrong form never throws,
// it sets `failed` for good, and whoever reads checks that (or `ended`) once at the end.

const empty = new Uint8Array(0)

/** Largest number of bytes of a variable-length number: 2^53 - 1 takes 8. */
const varintBytesMax = 8

/** Reads numbers and byte strings from one array; nothing is copied. */
export class ByteReader {
  private readonly bytes: Uint8Array
  private offset = 0
  /** Something did not fit; every value read since is worthless. */
  failed = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Bytes that are left. */
  get left(): number {
    return this.bytes.length - this.offset
  }

  /** True when everything was well formed and nothing is left over. */
  get ended(): boolean {
    return !this.failed && this.left === 0
  }

  u8(): number {
    return this.bytes[this.take(1)] ?? 0
  }

  u16(): number {
    return this.u8() * 256 + this.u8()
  }

  u32(): number {
    return this.u16() * 65_536 + this.u16()
  }

  /** 8 bytes that must be a safe integer. */
  u64(): number {
    const value = this.u32() * 4_294_967_296 + this.u32()
    if (value > Number.MAX_SAFE_INTEGER) return this.fail()
    return value
  }

  /** Shortest-form LEB128 of 0..2^53-1. */
  varint(): number {
    let value = 0
    let unit = 1
    for (let i = 0; i < varintBytesMax; i++) {
      const byte = this.u8()
      value += (byte & 127) * unit
      if (byte < 128) return (byte === 0 && i > 0) || value > Number.MAX_SAFE_INTEGER ? this.fail() : value
      unit *= 128
    }
    return this.fail()
  }

  /** A view of the next `length` bytes; of zeros once failed. */
  raw(length: number): Uint8Array {
    const start = this.take(length)
    if (!this.failed) return this.bytes.subarray(start, start + length)
    return length <= 64 ? new Uint8Array(length) : empty
  }

  /** Marks the input as malformed. */
  fail(): 0 {
    this.failed = true
    return 0
  }

  private take(length: number): number {
    const start = this.offset
    if (this.failed || length > this.left) {
      this.failed = true
      return this.bytes.length
    }
    this.offset += length
    return start
  }
}

/**
 * Collects numbers and byte strings into one array that grows by doubling. The array is a part of a pool:
 * making one of its own costs more than most of what is written.
 */
export class ByteWriter {
  private bytes: Buffer
  private offset = 0

  constructor(sizeHint = 256) {
    this.bytes = Buffer.allocUnsafe(sizeHint)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.offset
  }

  u8(value: number): this {
    this.reserve(1)
    this.bytes[this.offset++] = value
    return this
  }

  u16(value: number): this {
    this.reserve(2)
    this.offset = this.bytes.writeUInt16BE(value, this.offset)
    return this
  }

  u32(value: number): this {
    this.reserve(4)
    this.offset = this.bytes.writeUInt32BE(value, this.offset)
    return this
  }

  /** A safe integer in 8 bytes. */
  u64(value: number): this {
    return this.u32(Math.floor(value / 4_294_967_296)).u32(value % 4_294_967_296)
  }

  /** A safe integer as shortest-form LEB128. */
  varint(value: number): this {
    let rest = value
    while (rest >= 128) {
      this.u8((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    return this.u8(rest)
  }

  raw(bytes: Uint8Array): this {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.offset)
    this.offset += bytes.length
    return this
  }

  /** What was written, as a view: the writer is not used further. */
  done(): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset, this.offset)
  }

  private reserve(length: number): void {
    if (this.offset + length <= this.bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.offset + length))
    this.bytes.copy(grown, 0, 0, this.offset)
    this.bytes = grown
  }
}
