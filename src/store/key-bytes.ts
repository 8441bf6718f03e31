// Bytes of keys: parts in an order-preserving, self-delimiting encoding.
// Rule: order of keys = order of the tuples of parts, texts compared by their UTF-8 bytes; no encoded tuple
// is a prefix of another with the same shape. Text: each byte 00 -> 01 01, 01 -> 01 02, then an end byte 00.
// Hashes are 32 raw bytes, numbers 8 (or 4) bytes big-endian. Format: docs/formats/keyspace.md.

import { asBuffer, hashAt, publicKeyAt, utf8Text, type Hash, type PublicKey } from '../base/index.js'
import { badRow } from './errors.js'

const END = 0
const ESCAPE = 1
const HASH_BYTES = 32
const WORD = 4_294_967_296

let scratch: Buffer = Buffer.allocUnsafe(4_096)
let used = 0

/** Starts the next key with its family prefix (ASCII). One key at a time; `endKey` takes it. */
export function beginKey(prefix: string): void {
  used = scratch.write(prefix, 0, 'latin1')
}

/** Ends the key begun last and gives its bytes. */
export function endKey(): Uint8Array {
  const key = Buffer.allocUnsafe(used)
  scratch.copy(key, 0, 0, used)
  return key
}

/** Adds the 32 bytes of an id. */
export function putHash(id: Hash | PublicKey): void {
  reserve(HASH_BYTES)
  used += scratch.write(id, used, 'hex')
}

/** Adds a whole number 0..2^53 as 8 bytes big-endian. */
export function putU64(value: number): void {
  reserve(8)
  scratch.writeUInt32BE(Math.floor(value / WORD), used)
  scratch.writeUInt32BE(value % WORD, used + 4)
  used += 8
}

/** Adds a whole number 0..2^32-1 as 4 bytes big-endian. */
export function putU32(value: number): void {
  reserve(4)
  used = scratch.writeUInt32BE(value, used)
}

/** Adds one byte. */
export function putByte(value: number): void {
  reserve(1)
  scratch[used++] = value
}

/** Adds a text with its end byte. Lone surrogates become U+FFFD: callers check foreign text first. */
export function putText(text: string): void {
  reserve(text.length * 6 + 1)
  const start = used
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) {
      used = start
      putUtf8(text)
      return
    }
    if (unit <= ESCAPE) scratch[used++] = ESCAPE
    scratch[used++] = unit <= ESCAPE ? unit + 1 : unit
  }
  scratch[used++] = END
}

// A text with characters beyond ASCII; room for twice its bytes is reserved.
function putUtf8(text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  for (const byte of bytes) {
    if (byte <= ESCAPE) scratch[used++] = ESCAPE
    scratch[used++] = byte <= ESCAPE ? byte + 1 : byte
  }
  scratch[used++] = END
}

function reserve(bytes: number): void {
  if (used + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, used + bytes))
  scratch.copy(larger, 0, 0, used)
  scratch = larger
}

/** Reads the parts of one key in order. Every step throws STORE_BAD_ROW where the key has another form. */
export interface KeyReader {
  hash(): Hash
  publicKey(): PublicKey
  u64(): number
  u32(): number
  byte(): number
  text(): string
  /** True when all bytes are read. */
  atEnd(): boolean
  /** Checks that all bytes are read. */
  end(): void
}

/** A reader of the parts behind the family prefix. */
export function readKey(key: Uint8Array, prefix: string): KeyReader {
  return new PartReader(asBuffer(key), prefix)
}

class PartReader implements KeyReader {
  readonly #bytes: Buffer
  readonly #prefix: string
  #at: number

  constructor(bytes: Buffer, prefix: string) {
    for (let at = 0; at < prefix.length; at++) if (bytes[at] !== prefix.charCodeAt(at)) throw badRow(prefix)
    this.#bytes = bytes
    this.#prefix = prefix
    this.#at = prefix.length
  }

  hash(): Hash {
    return hashAt(this.#bytes, this.#take(HASH_BYTES))
  }

  publicKey(): PublicKey {
    return publicKeyAt(this.#bytes, this.#take(HASH_BYTES))
  }

  u64(): number {
    const from = this.#take(8)
    return this.#bytes.readUInt32BE(from) * WORD + this.#bytes.readUInt32BE(from + 4)
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4))
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  text(): string {
    const from = this.#at
    const end = this.#bytes.indexOf(END, from)
    if (end < 0) throw badRow(this.#prefix)
    this.#at = end + 1
    return isPlain(this.#bytes, from, end)
      ? this.#bytes.toString('latin1', from, end) : unescape(this.#bytes, from, end, this.#prefix)
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  end(): void {
    if (!this.atEnd()) throw badRow(this.#prefix)
  }

  #take(count: number): number {
    const from = this.#at
    this.#at += count
    if (this.#at > this.#bytes.length) throw badRow(this.#prefix)
    return from
  }
}

/** ASCII without escapes, as most texts are: there a decoder costs more than all else. */
function isPlain(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0
    if (byte <= ESCAPE || byte >= 0x80) return false
  }
  return true
}

function unescape(bytes: Buffer, from: number, end: number, prefix: string): string {
  const escaped = bytes.subarray(from, end)
  let plain = escaped
  if (escaped.includes(ESCAPE)) {
    plain = Buffer.allocUnsafe(escaped.length)
    let length = 0
    for (let i = 0; i < escaped.length; i++) {
      const byte = escaped[i] ?? 0
      const next = byte === ESCAPE ? escaped[++i] : undefined
      if (byte === ESCAPE && next !== 1 && next !== 2) throw badRow(prefix)
      plain[length++] = next === undefined ? byte : next - 1
    }
    plain = plain.subarray(0, length)
  }
  const text = utf8Text(plain)
  if (text === undefined) throw badRow(prefix)
  return text
}

/** The smallest byte string above all that start with `prefix`; undefined when there is none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return undefined
  const bound = Buffer.from(prefix.subarray(0, length))
  bound[length - 1] = (bound[length - 1] ?? 0) + 1
  return bound
}
