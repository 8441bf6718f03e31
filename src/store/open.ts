// Opening: decides whether the database on disk is this network's, of this format, and whole; and from which
// WAL sequence it must be brought up to date.
// Rule: a database that cannot be shown to hold its last checkpoint is never read; it is rebuilt from the
// ledger.

import { idBytes, toHex, type Disk, type Log, type NetworkId } from '../base/index.js'
import { StoreError, type RebuildReason } from './errors.js'
import { keys } from './keys.js'
import type { LevelDatabase, LevelSource, PrintVerdict } from './level.js'
import { readMarker, type Marker } from './marker.js'
import { FORMAT_VERSION, STORE_DEFAULTS, type StoreOptions } from './options.js'
import { createReader, type Reader } from './reader.js'
import { decodeNumberRow, encodeNumberRow } from './rows.js'
import { decodeTotals, encodeTotals, NO_TOTALS, sameRows, type Totals } from './totals.js'
import { scanTotals } from './verify.js'

/** What the store stands on. */
export interface StoreDeps {
  /** The database: `openLevel` on disk, a memory twin under test. */
  readonly level: LevelSource
  /** Where the marker file lies. */
  readonly disk: Disk
  readonly log: Log
}

/** A database that may be used. */
export interface UsableIndex {
  readonly kind: 'usable'
  readonly database: LevelDatabase
  readonly marker: Marker | undefined
  readonly totals: Totals
  readonly checkpoint: Totals
  /** Closed whole, untouched since. */
  readonly clean: boolean
}

/** What was found at open. Of an unusable index the database is closed again, untouched. */
export type Opening =
  | UsableIndex
  | { readonly kind: 'unusable'; readonly reason: RebuildReason; readonly marker: Marker | undefined }

/** Names of the store's own rows in meta. */
export const META: Readonly<Record<'format' | 'schema' | 'network' | 'checkpoint' | 'cursor', Uint8Array>> = {
  format: keys.meta('format'), schema: keys.meta('kinds'), network: keys.meta('network'),
  checkpoint: keys.meta('ckpt'), cursor: keys.meta('cursor')
}

/** @throws StoreError STORE_FOREIGN_NETWORK, STORE_LOCKED, STORE_OPEN_FAILED (platform) */
export async function openIndex(options: StoreOptions, deps: StoreDeps): Promise<Opening> {
  const found = options.markerPath === undefined ? 'absent' : await readMarker(deps.disk, options.markerPath)
  const marker = typeof found === 'string' ? undefined : found
  if (marker !== undefined) checkNetwork(options.networkId, marker.networkId)
  if (marker?.condemned === true) return { kind: 'unusable', reason: 'condemned', marker }
  const files = marker === undefined ? 'reopened' : await deps.level.compare(marker.prints)
  if (files === 'damaged' || (files === 'missing' && marker !== undefined)) {
    return { kind: 'unusable', reason: files, marker }
  }
  const database = await openOrReason(deps.level, marker === undefined)
  if (typeof database === 'string') return { kind: 'unusable', reason: database, marker }
  try {
    const opening = await examine(database, options, marker, files)
    if (opening.kind === 'unusable') await database.close()
    return opening
  } catch (error) {
    await database.close()
    if (!isDamage(error)) throw error
    return { kind: 'unusable', reason: 'damaged', marker }
  }
}

/** Makes an empty database this network's. */
export async function initialize(database: LevelDatabase, options: StoreOptions): Promise<void> {
  const totals = encodeTotals(NO_TOTALS)
  const rows = [
    [META.format, encodeNumberRow(FORMAT_VERSION)], [META.schema, encodeNumberRow(schemaOf(options))],
    [META.network, idBytes(options.networkId)], [META.checkpoint, totals], [META.cursor, totals]
  ] as const
  await database.batch(rows.map(([key, value]) => ({ type: 'put', key, value })), { sync: true })
}

async function openOrReason(level: LevelSource, create: boolean): Promise<LevelDatabase | RebuildReason> {
  try {
    return await level.open(create)
  } catch (error) {
    const detail = error instanceof StoreError ? error.detail : undefined
    if (detail?.code !== 'STORE_OPEN_FAILED' || detail.kind === 'platform') throw error
    return detail.kind
  }
}

async function examine(
  database: LevelDatabase, options: StoreOptions, marker: Marker | undefined, files: PrintVerdict
): Promise<Opening> {
  const reader = createReader(() => database)
  const unusable = (reason: RebuildReason): Opening => ({ kind: 'unusable', reason, marker })
  const network = reader.get(META.network)
  if (network === undefined) return examineUnnamed(database, reader, options, marker)
  if (toHex(network) !== options.networkId) throw foreign(options.networkId, toHex(network))
  if (numberAt(reader, META.format) !== FORMAT_VERSION) return unusable('format')
  if (numberAt(reader, META.schema) !== schemaOf(options)) return unusable('schema')
  const totals = totalsAt(reader, META.cursor)
  const checkpoint = totalsAt(reader, META.checkpoint)
  if (totals === undefined || checkpoint === undefined) return unusable('damaged')
  if (totals.sequence < checkpoint.sequence) return unusable('damaged')
  if (marker !== undefined && isBehind(checkpoint, marker.totals)) return unusable('behind')
  // Nothing vouches for the files: the marker is gone, or a start that did not get as far as writing one.
  if (files === 'reopened' && options.markerPath !== undefined) {
    const { totals: counted } = await scanTotals(reader)
    if (!sameRows(counted, totals)) return unusable(marker === undefined ? 'marker' : 'damaged')
  }
  const clean = marker !== undefined && marker.closed && files === 'same'
  return { kind: 'usable', database, marker, totals, checkpoint, clean }
}

// A database without a network id: new, or one that lost its rows.
async function examineUnnamed(
  database: LevelDatabase, reader: Reader, options: StoreOptions, marker: Marker | undefined
): Promise<Opening> {
  const rows = await reader.rangeAll({ limit: 1 })
  if (rows.length > 0) return { kind: 'unusable', reason: 'damaged', marker }
  if (marker !== undefined && isBehind(NO_TOTALS, marker.totals)) {
    return { kind: 'unusable', reason: 'emptied', marker }
  }
  await initialize(database, options)
  return { kind: 'usable', database, marker, totals: NO_TOTALS, checkpoint: NO_TOTALS, clean: false }
}

function isBehind(held: Totals, marked: Totals): boolean {
  return held.sequence < marked.sequence || (held.sequence === marked.sequence && !sameRows(held, marked))
}

function checkNetwork(expected: NetworkId, found: NetworkId): void {
  if (expected !== found) throw foreign(expected, found)
}

function foreign(expected: string, found: string): StoreError {
  const text = `the index belongs to network ${found}, not to ${expected}`
  return new StoreError({ code: 'STORE_FOREIGN_NETWORK', expected, found }, text)
}

function isDamage(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'STORE_READ_FAILED' || error.code === 'STORE_BAD_ROW')
}

function numberAt(reader: Reader, key: Uint8Array): number | undefined {
  const value = reader.get(key)
  return value === undefined ? undefined : decodeNumberRow(value)
}

function totalsAt(reader: Reader, key: Uint8Array): Totals | undefined {
  const value = reader.get(key)
  return value === undefined ? undefined : decodeTotals(value)
}

function schemaOf(options: StoreOptions): number {
  return options.schemaVersion ?? STORE_DEFAULTS.schemaVersion
}
