// Trust sweeps: marking the keys whose views read a published value that changed.
// Rule: the sweep is noted in the very batch that makes the snapshot current. While it runs the publisher
// lists the keys; one that was cut off lists nothing any more, and then every key is marked.

import {
  type Batch, behind, decodeNumberRow, EMPTY, encodeNumberRow, keys, parseByPredicate, ranges, type Reader
} from '../store/index.js'

/** meta: the unfinished sweep: generation 8, chunks written 8, then the last P key when all are marked. */
const CURSOR_ROW = keys.meta('trust-sweep')

const NUMBER_BYTES = 8
const HEAD_BYTES = 2 * NUMBER_BYTES

/** A key whose view is to be computed anew. */
export interface SweptKey {
  readonly subject: string
  readonly predicate: string
}

/** True while marks are left to be written. */
export function isTrustSwept(reader: Reader): boolean {
  return reader.get(CURSOR_ROW) === undefined
}

/** Begins the sweep of a snapshot. */
export function noteTrustSweep(batch: Batch, generation: number): void {
  batch.put(CURSOR_ROW, Buffer.concat([encodeNumberRow(generation), encodeNumberRow(0)]))
}

/**
 * Writes the marks of some further keys, or ends the sweep when there are none.
 * @param listed the next keys that read a changed value; undefined = all keys, `keysMax` at a time
 * @returns true when the sweep goes on
 */
export async function continueTrustSweep(
  reader: Reader, batch: Batch, keysMax: number, listed: readonly SweptKey[] | undefined
): Promise<boolean> {
  const row = reader.get(CURSOR_ROW)
  if (row === undefined) return false
  const last = listed === undefined ? await walk(reader, row, keysMax) : { swept: listed, place: EMPTY }
  if (last.swept.length === 0) {
    batch.delete(CURSOR_ROW)
    return false
  }
  const generation = decodeNumberRow(row.subarray(0, NUMBER_BYTES))
  const chunk = decodeNumberRow(row.subarray(NUMBER_BYTES, HEAD_BYTES))
  for (const { subject, predicate } of last.swept) {
    batch.put(keys.trustMark(subject, predicate, generation, chunk), EMPTY)
  }
  batch.put(CURSOR_ROW, Buffer.concat([encodeNumberRow(generation), encodeNumberRow(chunk + 1), last.place]))
  return true
}

async function walk(
  reader: Reader, row: Uint8Array, keysMax: number
): Promise<{ readonly swept: readonly SweptKey[], readonly place: Uint8Array }> {
  const all = ranges.byPredicate()
  const range = row.length === HEAD_BYTES ? all : behind(all, row.subarray(HEAD_BYTES))
  const rows = await reader.rangeAll({ limit: keysMax, keysOnly: true, ...range })
  return { swept: rows.map(([key]) => parseByPredicate(key)), place: rows.at(-1)?.[0] ?? EMPTY }
}
