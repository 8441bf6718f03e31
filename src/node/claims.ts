// Files of claims and of gold facts: JSON lines, plain or gzip, read as a stream.
// Rule: a line that cannot be used is reported with its number, and reading goes on.
// Only a file that cannot be read throws.
// Memory holds one chunk and one line, whatever the file holds.

import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { concatBytes, systemText, utf8Text } from '../base/index.js'
import { NodeError } from './errors.js'

/** Limits of the files. */
export const CLAIMS_LIMITS = {
  /** Bytes of one line without its line feed. */
  lineBytesMax: 65_536
} as const

/** A value as JSON gives it; whether a record can hold it is the record's to say. Never null. */
export type ClaimValue = string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>>

/** What one source says of one item. */
export interface Claim {
  /** Name of the source, not empty. */
  readonly source: string
  /** `subject|predicate`; see `splitItem`. */
  readonly item: string
  readonly value: ClaimValue
  /** Whole ms since 1970, at least 0. */
  readonly ts?: number
}

/** The settled value of one item; without a value the fact is listed as ambiguous. */
export interface GoldFact {
  readonly item: string
  readonly value?: ClaimValue
}

/** Why a line is of no use. `field` is the first field at fault. */
export type LineError =
  | { readonly code: 'LINE_TOO_LONG'; readonly bytesMax: number }
  | { readonly code: 'LINE_NOT_UTF8' }
  | { readonly code: 'LINE_NOT_JSON' }
  | { readonly code: 'LINE_NOT_OBJECT' }
  | { readonly code: 'LINE_FIELD'; readonly field: 'source' | 'item' | 'value' | 'ts' }

/** One line of a file of claims. Lines count from 1, blank ones too, but those are not given. */
export type ClaimLine =
  | { readonly line: number; readonly claim: Claim }
  | { readonly line: number; readonly error: LineError }

/** One line of a file of gold facts, counted likewise. */
export type GoldLine =
  | { readonly line: number; readonly gold: GoldFact }
  | { readonly line: number; readonly error: LineError }

/**
 * The claims of a file, line by line: `{source, item, value, ts?}`, other fields ignored.
 * @param path  read through gzip when it ends in `.gz`
 * @throws NodeError NODE_CLAIMS_READ when the file is missing, unreadable or broken gzip
 */
export async function* readClaims(path: string): AsyncGenerator<ClaimLine, void, undefined> {
  for await (const { line, fields, error } of readLines(path)) {
    if (error !== undefined) yield { line, error }
    else yield { line, ...claimOf(fields) }
  }
}

/**
 * The gold facts of a file, line by line: `{item, value}` or `{item, ambiguous: true}`, other fields ignored.
 * @param path  read through gzip when it ends in `.gz`
 * @throws NodeError NODE_CLAIMS_READ when the file is missing, unreadable or broken gzip
 */
export async function* readGold(path: string): AsyncGenerator<GoldLine, void, undefined> {
  for await (const { line, fields, error } of readLines(path)) {
    if (error !== undefined) yield { line, error }
    else yield { line, ...goldOf(fields) }
  }
}

/** Subject and predicate of an item: `a|b|p` is `p` of `a|b`, and without a bar the predicate is `value`. */
export function splitItem(item: string): { readonly subject: string; readonly predicate: string } {
  const bar = item.lastIndexOf('|')
  if (bar < 0) return { subject: item, predicate: 'value' }
  return { subject: item.slice(0, bar), predicate: item.slice(bar + 1) }
}

const lineFeed = 0x0a
const nothing = new Uint8Array(0)

type Fields = Readonly<Record<string, unknown>>
type Faulty = { readonly error: LineError }
type Parsed = { readonly fields: Fields; readonly error?: never } | (Faulty & { readonly fields?: never })

function claimOf({ source, item, value, ts }: Fields): { readonly claim: Claim } | Faulty {
  if (!isName(source)) return faulty('source')
  if (!isItem(item)) return faulty('item')
  if (!isValue(value)) return faulty('value')
  if (ts === undefined) return { claim: { source, item, value } }
  return isTimestamp(ts) ? { claim: { source, item, value, ts } } : faulty('ts')
}

function goldOf({ item, value, ambiguous }: Fields): { readonly gold: GoldFact } | Faulty {
  if (!isItem(item)) return faulty('item')
  if (ambiguous === true) return { gold: { item } }
  return isValue(value) ? { gold: { item, value } } : faulty('value')
}

function faulty(field: 'source' | 'item' | 'value' | 'ts'): Faulty {
  return { error: { code: 'LINE_FIELD', field } }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.isWellFormed()
}

function isItem(value: unknown): value is string {
  if (!isName(value)) return false
  const { subject, predicate } = splitItem(value)
  return subject !== '' && predicate !== ''
}

function isValue(value: unknown): value is ClaimValue {
  if (typeof value === 'string') return value.isWellFormed()
  return value !== undefined && value !== null
}

function isTimestamp(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)
}

/** Parsed lines that are not blank. A byte order mark at the start of the file is skipped. */
async function* readLines(path: string): AsyncGenerator<{ readonly line: number } & Parsed, void, undefined> {
  for await (const { line, bytes } of splitLines(readChunks(path))) {
    if (bytes === undefined) {
      yield { line, error: { code: 'LINE_TOO_LONG', bytesMax: CLAIMS_LIMITS.lineBytesMax } }
      continue
    }
    const text = utf8Text(bytes)
    if (text === undefined) yield { line, error: { code: 'LINE_NOT_UTF8' } }
    else if (text.trim() !== '') yield { line, ...parseLine(line === 1 ? text.replace(/^\uFEFF/u, '') : text) }
  }
}

function parseLine(text: string): Parsed {
  let fields: unknown
  try {
    fields = JSON.parse(text)
  } catch {
    return { error: { code: 'LINE_NOT_JSON' } }
  }
  const isObject = typeof fields === 'object' && fields !== null && !Array.isArray(fields)
  return isObject ? { fields: fields as Fields } : { error: { code: 'LINE_NOT_OBJECT' } }
}

/** Lines without their line feeds; a line over the limit comes without bytes, and none of it is kept. */
async function* splitLines(
  chunks: AsyncIterable<Buffer>
): AsyncGenerator<{ readonly line: number; readonly bytes: Uint8Array | undefined }, void, undefined> {
  let line = 1
  let bytes: Uint8Array | undefined = nothing
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      yield { line, bytes: joined(bytes, chunk.subarray(start, end)) }
      bytes = nothing
      line++
      start = end + 1
    }
    bytes = joined(bytes, chunk.subarray(start))
  }
  if (bytes === undefined || bytes.length > 0) yield { line, bytes }
}

function joined(bytes: Uint8Array | undefined, more: Uint8Array): Uint8Array | undefined {
  if (bytes === undefined || bytes.length + more.length > CLAIMS_LIMITS.lineBytesMax) return undefined
  return bytes.length === 0 ? more : concatBytes(bytes, more)
}

async function* readChunks(path: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* openFile(path) as AsyncIterable<Buffer>
  } catch (cause) {
    throw new NodeError({ code: 'NODE_CLAIMS_READ', path }, `cannot read ${path}: ${systemText(cause)}`, { cause })
  }
}

/** The pipeline hands a failure of the file to the stream's reader, and closes the file when that leaves. */
function openFile(path: string): Readable {
  const file = createReadStream(path)
  return path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file
}
