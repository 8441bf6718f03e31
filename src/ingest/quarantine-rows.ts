// Rows of the quarantine: what waits for its time, found in the index with its agent from the ledger.

import { TIME_LIMITS, type Hash, type PublicKey } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import { openRecord } from '../record/index.js'
import {
  behind, decodeNumberRow, encodeNumberRow, keys, parseQuarantined, ranges, type Entry, type Store
} from '../store/index.js'
import type { Wal } from '../wal/index.js'
import type { BacklogEntry } from './backlog.js'

/** One quarantined record. */
export interface QuarantineRow {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly releaseMs: number
}

/** A row with its record as the ledger holds it. */
export interface LoadedRow {
  readonly id: Hash
  readonly releaseMs: number
  readonly sequence: number
  readonly opened: OpenedRecord
}

/** Index and ledger, as far as the rows need them. */
export interface RowsDeps {
  readonly store: Store
  readonly wal: Wal
}

const PAGE_ROWS = 256

/** When a record of this timestamp may be admitted. */
export function releaseTime(timestampMs: number): number {
  return Math.max(0, timestampMs - TIME_LIMITS.gatewayAheadMsMax)
}

/** Rows by release time, the soonest first. @param dueMs absent = all; else those due by then */
export async function loadRows(deps: RowsDeps, limit: number, dueMs?: number): Promise<readonly LoadedRow[]> {
  return load(deps, await deps.store.rangeAll({ limit, ...ranges.quarantined(dueMs) }))
}

/** All rows, a page at a time: together they may be more than fits in memory. */
export async function* allRows(deps: RowsDeps): AsyncGenerator<LoadedRow, void, undefined> {
  for (let rest = ranges.quarantined(); ;) {
    const page = await deps.store.rangeAll({ limit: PAGE_ROWS, ...rest })
    yield* await load(deps, page)
    const last = page[page.length - 1]
    if (last === undefined || page.length < PAGE_ROWS) return
    rest = behind(rest, last[0])
  }
}

async function load(deps: RowsDeps, found: readonly Entry[]): Promise<readonly LoadedRow[]> {
  const loaded: LoadedRow[] = []
  const frames = await deps.wal.readMany(found.map(([, value]) => decodeNumberRow(value)))
  found.forEach(([key], index) => {
    const frame = frames[index]
    const opened = frame === undefined ? undefined : openRecord(frame.payload)
    if (frame === undefined || opened === undefined || opened.grade === 'invalid') return
    loaded.push({ ...parseQuarantined(key), sequence: frame.sequence, opened })
  })
  return loaded
}

/** When the next record is released; undefined when none waits. */
export async function nextRelease(store: Store): Promise<number | undefined> {
  const [next] = await store.rangeAll({ limit: 1, keysOnly: true, ...ranges.quarantined() })
  return next === undefined ? undefined : parseQuarantined(next[0]).releaseMs
}

/**
 * Moves rows from `Q:` to `u/`, at once.
 *
 * A record that a block holds by now waits for none: the block came from elsewhere, or the index was set back
 * to a state from before the release, and the replay of an own block admitted the record.
 * @returns the rows that were moved
 */
export async function releaseRows(store: Store, rows: readonly LoadedRow[]): Promise<readonly LoadedRow[]> {
  const batch = store.batch()
  const moved = rows.filter(({ id }) => store.get(keys.record(id)) === undefined)
  for (const row of rows) batch.remove(keys.quarantined(row.releaseMs, row.id))
  for (const row of moved) batch.add(keys.unsealed(row.id), encodeNumberRow(row.sequence))
  await store.write(batch)
  return moved
}

/** Moves entries from `u/` to `Q:`, at once. */
export async function holdRows(store: Store, entries: readonly BacklogEntry[]): Promise<void> {
  const batch = store.batch()
  for (const { opened, sequence } of entries) {
    batch.remove(keys.unsealed(opened.id))
    batch.add(keys.quarantined(releaseTime(opened.timestampMs), opened.id), encodeNumberRow(sequence))
  }
  await store.write(batch)
}
