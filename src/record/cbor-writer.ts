// Writer of canonical DAG-CBOR.
// Rule: a value has one encoding; keys are sorted here whatever their order in the value. What has no
// encoding is refused.
// Source: https://ipld.io/specs/codecs/dag-cbor/spec/; docs/formats/record.md#canonical-form

import { compareBytes, utf8Bytes, utf8Length } from '../base/index.js'
import { notEncodable } from './errors.js'
import { Link } from './link.js'

/** What can be encoded: as decoded, and plain objects, whose undefined fields are left out. */
export type CborInput =
  | null | boolean | number | bigint | string | Uint8Array | Link | readonly CborInput[]
  | ReadonlyMap<string, CborInput>
  | { readonly [key: string]: CborInput | undefined }

const two53 = 2 ** 53
const asciiLoopMax = 23
const depthMax = 64

/** Writes items one after another into a buffer that grows. Reset and use again: the bytes are copied out. */
export class CborWriter {
  #data: Buffer = Buffer.allocUnsafeSlow(65_536)
  #at = 0

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return Buffer.copyBytesFrom(this.#data, 0, this.#at)
  }

  /** True when exactly these bytes were written. */
  wrote(bytes: Uint8Array): boolean {
    return this.#at === bytes.length && this.#data.compare(bytes, 0, bytes.length, 0, this.#at) === 0
  }

  /** Head of a map with that many entries: the entries follow, sorted by the caller. */
  mapHead(entries: number): void {
    this.#head(5, entries)
  }

  text(text: string): void {
    if (text.length <= asciiLoopMax && this.#asciiText(text)) return
    if (!text.isWellFormed()) throw notEncodable('a text with a lone surrogate')
    if (text.charCodeAt(0) === 0xfeff) throw notEncodable('a text with a leading byte order mark')
    const length = utf8Length(text)
    this.#head(3, length)
    this.#room(length)
    this.#at += this.#data.write(text, this.#at, 'utf8')
  }

  item(value: CborInput, depth: number = 1): void {
    switch (typeof value) {
      case 'string': return this.text(value)
      case 'number': return this.#number(value)
      case 'bigint': return this.#integer(value)
      case 'boolean': return this.#byte(value ? 0xf5 : 0xf4)
      case 'object': break
      default: throw notEncodable(`a ${typeof value}`)
    }
    if (value === null) return this.#byte(0xf6)
    if (value instanceof Uint8Array) return this.#bytes(value)
    if (depth > depthMax) throw notEncodable('a value nested too deep')
    if (value instanceof Link) return this.#link(value)
    if (isList(value)) return this.#list(value, depth)
    return this.#map(isMap(value) ? [...value] : definedEntries(value), depth)
  }

  #list(items: readonly CborInput[], depth: number): void {
    this.#head(4, items.length)
    for (const item of items) this.item(item, depth + 1)
  }

  #map(entries: [string, CborInput][], depth: number): void {
    entries.sort(([a], [b]) => compareKeys(a, b))
    this.#head(5, entries.length)
    for (const [key, value] of entries) {
      this.text(key)
      this.item(value, depth + 1)
    }
  }

  #link(link: Link): void {
    this.#head(6, 42)
    this.#head(2, link.cid.length + 1)
    this.#byte(0)
    this.#raw(link.cid)
  }

  #bytes(bytes: Uint8Array): void {
    this.#head(2, bytes.length)
    this.#raw(bytes)
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#data.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) <= two53) {
      if (Math.abs(value) === two53) return this.#integer(BigInt(value))
      return value < 0 ? this.#head(1, -1 - value) : this.#head(0, value)
    }
    if (!Number.isFinite(value)) throw notEncodable('a number that is not finite')
    this.#byte(0xfb)
    this.#room(8)
    this.#at = this.#data.writeDoubleBE(value, this.#at)
  }

  #integer(value: bigint): void {
    const argument = value < 0n ? -1n - value : value
    if (argument >= 1n << 64n) throw notEncodable('an integer beyond 64 bits')
    const major = value < 0n ? 1 : 0
    if (argument < BigInt(two53)) return this.#head(major, Number(argument))
    this.#byte((major << 5) | 27)
    this.#room(8)
    this.#at = this.#data.writeBigUInt64BE(argument, this.#at)
  }

  #head(major: number, argument: number): void {
    const top = major << 5
    this.#room(9)
    const data = this.#data
    if (argument < 24) {
      data[this.#at++] = top | argument
    } else if (argument < 0x100) {
      data[this.#at++] = top | 24
      data[this.#at++] = argument
    } else if (argument < 0x1_0000) {
      data[this.#at++] = top | 25
      this.#at = data.writeUInt16BE(argument, this.#at)
    } else if (argument < 0x1_0000_0000) {
      data[this.#at++] = top | 26
      this.#at = data.writeUInt32BE(argument, this.#at)
    } else {
      data[this.#at++] = top | 27
      this.#at = data.writeUInt32BE(Math.floor(argument / 0x1_0000_0000), this.#at)
      this.#at = data.writeUInt32BE(argument % 0x1_0000_0000, this.#at)
    }
  }

  /** Writes a short ASCII text; false and nothing written when it is none. */
  #asciiText(text: string): boolean {
    this.#room(24)
    const data = this.#data
    const start = this.#at
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return false
      data[start + 1 + i] = code
    }
    data[start] = 0x60 | text.length
    this.#at = start + 1 + text.length
    return true
  }

  #byte(byte: number): void {
    this.#room(1)
    this.#data[this.#at++] = byte
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#data.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#data.length, this.#at + bytes))
    this.#data.copy(larger, 0, 0, this.#at)
    this.#data = larger
  }
}

/** Order of map keys: fewer UTF-8 bytes first, then by bytes. */
export function compareKeys(a: string, b: string): number {
  const lengthA = utf8Length(a)
  const lengthB = utf8Length(b)
  if (lengthA !== lengthB) return lengthA - lengthB
  if (lengthA === a.length && lengthB === b.length) return a < b ? -1 : a > b ? 1 : 0
  return compareBytes(utf8Bytes(a), utf8Bytes(b))
}

function isList(value: object): value is readonly CborInput[] {
  return Array.isArray(value)
}

function isMap(value: object): value is ReadonlyMap<string, CborInput> {
  return value instanceof Map
}

function definedEntries(value: { readonly [key: string]: CborInput | undefined }): [string, CborInput][] {
  const entries: [string, CborInput][] = []
  for (const [key, item] of Object.entries(value)) if (item !== undefined) entries.push([key, item])
  return entries
}
