// Strict reader of canonical DAG-CBOR.
// Rule: it accepts a byte string iff that is the one canonical encoding of a value: definite shortest
// heads, sorted unique text keys, valid UTF-8 without a leading BOM, 64-bit floats that no integer can
// stand for, tag 42 around a CID, no rest.
// Source: https://ipld.io/specs/codecs/dag-cbor/spec/; docs/formats/record.md#canonical-form

import { isUtf8 } from 'node:buffer'
import { isCid, Link } from './link.js'
import type { CborRule } from './types.js'

/**
 * What canonical DAG-CBOR can hold. Maps keep the order of their keys on the wire. Byte strings are views,
 * not copies.
 */
export type CborValue =
  | null | boolean | number | bigint | string | Uint8Array | Link | readonly CborValue[] | CborMap

/** A decoded map. */
export type CborMap = ReadonlyMap<string, CborValue>

// One error for all: capturing a stack for each broken record costs more than reading a whole one.
const refused = new Error('not canonical DAG-CBOR')
const two32 = 0x1_0000_0000
const two53 = 2 ** 53
const oneByteTexts: readonly string[] = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
const asciiScanMax = 64

/** The first rule that some bytes break, and where. */
export interface Refusal {
  readonly rule: CborRule
  readonly offsetBytes: number
}

/** Reads one item after another and throws at the first byte that breaks a rule; `refusalOf` says which. */
export class CborReader {
  readonly data: Buffer
  at = 0
  readonly #depthMax: number
  #major = 0
  #refusal: Refusal | undefined

  constructor(bytes: Uint8Array, depthMax: number) {
    this.data = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#depthMax = depthMax
  }

  /** Why this reader threw. An error of any other origin is thrown on. */
  refusalOf(error: unknown): Refusal {
    if (error !== refused || this.#refusal === undefined) throw error
    return this.#refusal
  }

  /** Fails unless all bytes are read. */
  end(): void {
    if (this.at !== this.data.length) this.#fail('cbor-trailing')
  }

  /** Number of entries of the map that begins here; undefined when something else does. */
  mapHead(): number | undefined {
    if (((this.data[this.at] ?? 0) & 0xe0) !== 0xa0) return undefined
    return this.#length()
  }

  /**
   * The key that begins here. `previous` is where the key before it begins, so that the order can be
   * checked.
   */
  key(previous: number): string {
    const start = this.at
    const length = this.#length()
    if (this.#major !== 3) this.#fail('cbor-key', start)
    if (previous >= 0 && !ascends(this.data, previous, start, this.at + length)) this.#fail('cbor-order', start)
    return this.#text(length)
  }

  /** The item that begins here, at nesting `depth` if it is a container. */
  item(depth: number): CborValue {
    const start = this.at
    const first = this.data[start]
    if (first === undefined) return this.#fail('cbor-cut')
    if (first >= 0xe0) return this.#simple(first)
    const argument = this.#argument()
    switch (this.#major) {
      case 0: return argument
      case 1: return typeof argument === 'bigint' || argument === two53 - 1 ? -1n - BigInt(argument) : -1 - argument
      case 2: return this.#bytes(this.#within(argument))
      case 3: return this.#text(this.#within(argument))
    }
    if (depth > this.#depthMax) this.#fail('cbor-depth', start)
    if (this.#major === 4) return this.#list(this.#within(argument), depth)
    if (this.#major === 5) return this.#map(this.#within(argument), depth)
    return this.#tag(argument)
  }

  #list(length: number, depth: number): readonly CborValue[] {
    const items: CborValue[] = []
    for (let i = 0; i < length; i += 1) items.push(this.item(depth + 1))
    return items
  }

  #map(length: number, depth: number): CborMap {
    const entries = new Map<string, CborValue>()
    let previous = -1
    for (let i = 0; i < length; i += 1) {
      const start = this.at
      const key = this.key(previous)
      previous = start
      entries.set(key, this.item(depth + 1))
    }
    return entries
  }

  #tag(tag: number | bigint): Link {
    if (tag !== 42) this.#fail('cbor-tag')
    const length = this.#length()
    if (this.#major !== 2) this.#fail('cbor-cid')
    const bytes = this.#bytes(length)
    const cid = bytes.subarray(1)
    if (bytes[0] !== 0 || !isCid(cid)) this.#fail('cbor-cid')
    return new Link(cid)
  }

  #simple(first: number): CborValue {
    if (first === 0xfb) return this.#float()
    this.at += 1
    if (first === 0xf4) return false
    if (first === 0xf5) return true
    if (first === 0xf6) return null
    return this.#fail(first === 0xf9 || first === 0xfa ? 'cbor-float' : 'cbor-simple', this.at - 1)
  }

  #float(): number {
    const start = this.at
    if (start + 9 > this.data.length) this.#fail('cbor-cut')
    const value = this.data.readDoubleBE(start + 1)
    this.at = start + 9
    const isInteger = Number.isInteger(value) && Math.abs(value) <= two53
    if (isInteger || !Number.isFinite(value)) this.#fail('cbor-float', start)
    return value
  }

  #bytes(length: number): Uint8Array {
    const start = this.at
    if (start + length > this.data.length) this.#fail('cbor-cut')
    this.at = start + length
    return this.data.subarray(start, this.at)
  }

  #text(length: number): string {
    const { data, at: start } = this
    const end = start + length
    if (end > data.length) this.#fail('cbor-cut')
    this.at = end
    if (length === 1) return oneByteTexts[data[start] ?? 0] ?? this.#fail('cbor-utf8', start)
    if (length <= asciiScanMax && isAscii(data, start, end)) return data.toString('latin1', start, end)
    if (data[start] === 0xef && data[start + 1] === 0xbb && data[start + 2] === 0xbf) this.#fail('cbor-bom', start)
    if (!isUtf8(data.subarray(start, end))) this.#fail('cbor-utf8', start)
    return data.toString('utf8', start, end)
  }

  /** Length in the head that begins here; the caller checks the major type. */
  #length(): number {
    if (this.at >= this.data.length) this.#fail('cbor-cut')
    return this.#within(this.#argument())
  }

  #within(length: number | bigint): number {
    if (typeof length === 'bigint' || length > this.data.length) return this.#fail('cbor-cut')
    return length
  }

  /** Argument of the head that begins here, shortest form enforced; leaves its major type in #major. */
  #argument(): number | bigint {
    const { data, at } = this
    const first = data[at] ?? 0
    this.#major = first >> 5
    const info = first & 0x1f
    if (info < 24) {
      this.at = at + 1
      return info
    }
    if (info > 27) return this.#fail('cbor-head')
    const width = 1 << (info - 24)
    this.at = at + 1 + width
    if (this.at > data.length) return this.#fail('cbor-cut', at)
    if (width === 8) return this.#argument64(at)
    const value = width === 1 ? data[at + 1] ?? 0 : data.readUIntBE(at + 1, width)
    if (value < (width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000)) return this.#fail('cbor-shortest', at)
    return value
  }

  #argument64(at: number): number | bigint {
    const high = this.data.readUInt32BE(at + 1)
    if (high === 0) return this.#fail('cbor-shortest', at)
    if (high >= 0x20_0000) return this.data.readBigUInt64BE(at + 1)
    return high * two32 + this.data.readUInt32BE(at + 5)
  }

  #fail(rule: CborRule, at: number = this.at): never {
    this.#refusal = { rule, offsetBytes: at }
    throw refused
  }
}

function isAscii(data: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) if ((data[i] ?? 0) >= 0x80) return false
  return true
}

/**
 * True when the encoded key at `previous` sorts before the one at `start`. Heads are shortest, so comparing
 * the encodings
 * as bytes puts shorter keys first.
 */
function ascends(data: Uint8Array, previous: number, start: number, end: number): boolean {
  for (let i = previous, j = start; j < end; i += 1, j += 1) {
    const difference = (data[i] ?? 0) - (data[j] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
