// Sweeps: marking every key when something changed on which all views depend.
// Rule: the sweep is noted in the same batch as its cause and goes on where it stopped after a crash. Each
// sweep has a number of its own, so its marks are never mistaken for those of another.

import { type Hash, hashOf, idBytes } from '../base/index.js'
import {
  type Batch, behind, decodeNumberRow, EMPTY, encodeNumberRow, keys, parseByPredicate, ranges, type Reader
} from '../store/index.js'

/** meta: fingerprint (32 bytes) of what the views were computed under, then the number of the last sweep. */
const CAUSE_ROW = keys.meta('views')
/** meta: the sweep that is not done: chunks written (8 bytes), then the last P key that was marked. */
const CURSOR_ROW = keys.meta('sweep')

const FINGERPRINT_BYTES = 32
const CHUNK_BYTES = 8

/** What the index says of sweeps. */
export interface SweepState {
  /** Undefined in a new index. */
  readonly fingerprint: Hash | undefined
  readonly generation: number
  /** True while marks are left to be written. */
  readonly unfinished: boolean
}

/** Reads the state of sweeps. */
export function readSweep(reader: Reader): SweepState {
  const row = reader.get(CAUSE_ROW)
  if (row === undefined) return { fingerprint: undefined, generation: 0, unfinished: false }
  return {
    fingerprint: hashOf(row.subarray(0, FINGERPRINT_BYTES)),
    generation: decodeNumberRow(row.subarray(FINGERPRINT_BYTES)),
    unfinished: reader.get(CURSOR_ROW) !== undefined
  }
}

/**
 * Notes what views are computed under from now on, and begins a sweep over all keys unless it is done
 * already.
 */
export function noteSweep(batch: Batch, fingerprint: Hash, generation: number, done: boolean): void {
  batch.put(CAUSE_ROW, Buffer.concat([idBytes(fingerprint), encodeNumberRow(generation)]))
  if (!done) batch.put(CURSOR_ROW, encodeNumberRow(0))
}

/** Writes the marks of up to `keysMax` further keys, or ends the sweep. */
export async function continueSweep(reader: Reader, batch: Batch, keysMax: number): Promise<void> {
  const row = reader.get(CURSOR_ROW)
  if (row === undefined) return
  const chunk = decodeNumberRow(row.subarray(0, CHUNK_BYTES))
  const all = ranges.byPredicate()
  const range = row.length === CHUNK_BYTES ? all : behind(all, row.subarray(CHUNK_BYTES))
  const rows = await reader.rangeAll({ limit: keysMax, keysOnly: true, ...range })
  const last = rows.at(-1)?.[0]
  if (last === undefined) {
    batch.delete(CURSOR_ROW)
    return
  }
  const { generation } = readSweep(reader)
  for (const [key] of rows) {
    const { subject, predicate } = parseByPredicate(key)
    batch.put(keys.sweepMark(subject, predicate, generation, chunk), EMPTY)
  }
  batch.put(CURSOR_ROW, Buffer.concat([encodeNumberRow(chunk + 1), last]))
}
