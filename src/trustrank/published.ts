// Published values as bytes, for storage and for the trust digest in the state tag.
// Layout: docs/formats/trust.md. Group numbers are given anew by the order of first appearance, so that equal
// groupings are equal bytes.

import {
  assert, blake3Hash, type Hash, idBytes, parsePublicKey, type PublicKey, utf8Bytes, utf8Text
} from '../base/index.js'
import type { AgentTrust, ClosedTrust, Published } from './types.js'

/** Version of the bytes of each mode. */
const VERSION = { neutral: 1, computed: 9 } as const
const KEY_BYTES = 32
const NO_GROUP = 0xffff_ffff

/** Bytes of the published values. */
export function encodePublished(published: Published): Uint8Array {
  const out = new Writer()
  const groups = new Map<number, number>()
  out.u8(VERSION[published.mode])
  out.u8(published.mode === 'neutral' ? 0 : 1)
  writeValues(out, published.prior, groups)
  const rows = [...published.agents].sort(([a], [b]) => (a < b ? -1 : 1))
  const names = predicateNames(published)
  if (published.mode === 'computed') {
    out.u32(names.size)
    for (const name of names.keys()) out.text(utf8Bytes(name))
  }
  out.u32(rows.length)
  for (const [agent, values] of rows) {
    out.bytes(idBytes(agent))
    writeValues(out, values, groups)
    if (published.mode !== 'computed') continue
    writeRounds(out, values)
    writePredicates(out, values, names)
  }
  if (published.mode === 'computed') {
    out.whole(published.roundMs)
    out.u32(published.closed.length)
    for (const closed of published.closed) writeClosed(out, closed)
  }
  return out.done()
}

/** BLAKE3 of the published values. */
export function publishedDigest(published: Published): Hash {
  return blake3Hash(encodePublished(published))
}

/** The published values of bytes that `encodePublished` made; undefined for any other bytes. */
export function decodePublished(bytes: Uint8Array): Published | undefined {
  try {
    const from = new Reader(bytes)
    const version = from.u8()
    const mode = from.u8() === 0 ? 'neutral' : 'computed'
    if (version !== VERSION[mode]) return undefined
    const prior = readValues(from)
    const agents = new Map<PublicKey, AgentTrust>()
    const names: string[] = []
    for (let left = mode === 'neutral' ? 0 : from.u32(); left > 0; left -= 1) {
      names.push(utf8Text(from.text()) ?? cutShort())
    }
    for (let left = from.u32(); left > 0; left -= 1) {
      const agent = from.key()
      const values = readValues(from)
      const rounds = mode === 'neutral' ? undefined : readRounds(from)
      const predicates = mode === 'neutral' ? undefined : readPredicates(from, names)
      agents.set(agent, { rounds, predicates, ...values })
    }
    const roundMs = mode === 'neutral' ? 0 : from.whole()
    const closed: ClosedTrust[] = []
    for (let left = mode === 'neutral' ? 0 : from.u32(); left > 0; left -= 1) closed.push(readClosed(from))
    const published: Published = { mode, prior, agents, roundMs, closed }
    return from.atEnd() ? published : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function writeValues(out: Writer, values: AgentTrust, groups: Map<number, number>): void {
  out.u16(values.accuracy)
  out.u16(values.standing)
  out.u16(values.gate)
  out.u32(groupNumber(values.group, groups))
}

function readValues(from: Reader): AgentTrust {
  const [accuracy, standing, gate, group] = [from.u16(), from.u16(), from.u16(), from.u32()]
  return { accuracy, standing, gate, group: group === NO_GROUP ? undefined : group }
}

function groupNumber(group: number | undefined, groups: Map<number, number>): number {
  if (group === undefined) return NO_GROUP
  const known = groups.get(group) ?? groups.size
  groups.set(group, known)
  return known
}

function writeRounds(out: Writer, { rounds }: AgentTrust): void {
  const rows = [...rounds ?? []].sort(([a], [b]) => a - b)
  out.u32(rows.length)
  for (const [round, gate] of rows) {
    out.whole(round)
    out.u16(gate)
  }
}

function readRounds(from: Reader): ReadonlyMap<number, number> | undefined {
  const rounds = new Map<number, number>()
  for (let left = from.u32(); left > 0; left -= 1) rounds.set(from.whole(), from.u16())
  return rounds.size === 0 ? undefined : rounds
}

/** Predicates under which some agent has an accuracy of its own, ascending, with their numbers. */
function predicateNames({ agents }: Published): ReadonlyMap<string, number> {
  const names = new Set<string>()
  for (const { predicates } of agents.values()) for (const name of predicates?.keys() ?? []) names.add(name)
  return new Map([...names].sort().map((name, at) => [name, at]))
}

function writePredicates(out: Writer, { predicates }: AgentTrust, names: ReadonlyMap<string, number>): void {
  const rows = [...predicates ?? []].map(([name, accuracy]) => [names.get(name) ?? 0, accuracy] as const)
    .sort(([a], [b]) => a - b)
  out.u32(rows.length)
  for (const [name, accuracy] of rows) {
    out.u32(name)
    out.u16(accuracy)
  }
}

function readPredicates(from: Reader, names: readonly string[]): ReadonlyMap<string, number> | undefined {
  const predicates = new Map<string, number>()
  for (let left = from.u32(); left > 0; left -= 1) predicates.set(names[from.u32()] ?? cutShort(), from.u16())
  return predicates.size === 0 ? undefined : predicates
}

function writeClosed(out: Writer, closed: ClosedTrust): void {
  out.text(utf8Bytes(closed.predicate))
  out.u8(closed.turnedBits)
  out.u16(closed.values.length)
  for (const value of closed.values) out.text(Buffer.from(value, 'hex'))
  out.cells(closed.base)
  out.cells(closed.spread)
  const rows = [...closed.own].sort(([a], [b]) => (a < b ? -1 : 1))
  out.u32(rows.length)
  for (const [agent, cells] of rows) {
    out.bytes(idBytes(agent))
    out.cells(cells)
  }
  const shares = [...closed.shares].sort(([a], [b]) => (a < b ? -1 : 1))
  out.u32(shares.length)
  for (const [agent, share] of shares) {
    out.bytes(idBytes(agent))
    out.u16(share)
  }
}

function readClosed(from: Reader): ClosedTrust {
  const predicate = utf8Text(from.text()) ?? cutShort()
  const turnedBits = from.u8()
  const values = Array.from({ length: from.u16() }, () => Buffer.from(from.text()).toString('hex'))
  const [base, spread] = [from.cells(values.length), from.cells(values.length ** 2)]
  const own = new Map<PublicKey, Uint16Array>()
  for (let left = from.u32(); left > 0; left -= 1) own.set(from.key(), from.cells(values.length ** 2))
  const shares = new Map<PublicKey, number>()
  for (let left = from.u32(); left > 0; left -= 1) shares.set(from.key(), from.u16())
  return { predicate, turnedBits, values, base, spread, own, shares }
}

function cutShort(): never {
  throw new RangeError('bytes that are no published trust')
}

/** Little-endian, growing. */
class Writer {
  #bytes = Buffer.allocUnsafe(4_096)
  #at = 0

  u8(value: number): void { this.#at = this.#room(1).writeUInt8(value, this.#at) }
  u16(value: number): void { this.#at = this.#room(2).writeUInt16LE(value, this.#at) }
  u32(value: number): void { this.#at = this.#room(4).writeUInt32LE(value, this.#at) }

  /** A whole number up to 2^53 - 1, eight bytes. */
  whole(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'published numbers are whole')
    this.#at = this.#room(8).writeBigUInt64LE(BigInt(value), this.#at)
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#at)
    this.#at += bytes.length
  }

  text(bytes: Uint8Array): void {
    this.u32(bytes.length)
    this.bytes(bytes)
  }

  cells(cells: Uint16Array): void {
    for (const cell of cells) this.u16(cell)
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  #room(bytes: number): Buffer {
    if (this.#at + bytes > this.#bytes.length) {
      const wider = Buffer.allocUnsafe(2 * (this.#at + bytes))
      this.#bytes.copy(wider, 0, 0, this.#at)
      this.#bytes = wider
    }
    return this.#bytes
  }
}

/** Reads beyond the end throw RangeError, as do those of impossible values. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(): number { return this.#bytes.readUInt8(this.#step(1)) }
  u16(): number { return this.#bytes.readUInt16LE(this.#step(2)) }
  u32(): number { return this.#bytes.readUInt32LE(this.#step(4)) }

  whole(): number {
    const value = Number(this.#bytes.readBigUInt64LE(this.#step(8)))
    return Number.isSafeInteger(value) ? value : cutShort()
  }

  key(): PublicKey {
    const at = this.#step(KEY_BYTES)
    return parsePublicKey(this.#bytes.toString('hex', at, at + KEY_BYTES)) ?? cutShort()
  }

  text(): Uint8Array {
    const length = this.u32()
    const at = this.#step(length)
    return this.#bytes.subarray(at, at + length)
  }

  cells(count: number): Uint16Array {
    const at = this.#step(2 * count)
    return Uint16Array.from({ length: count }, (_, cell) => this.#bytes.readUInt16LE(at + 2 * cell))
  }

  atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  #step(bytes: number): number {
    const at = this.#at
    if (at + bytes > this.#bytes.length) cutShort()
    this.#at = at + bytes
    return at
  }
}
