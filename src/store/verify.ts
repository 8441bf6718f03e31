// Recounting: the totals of all accounted rows, by a full scan of their families.

import { isRecord } from './batch.js'
import { createDigestSum } from './digest.js'
import { ranges } from './ranges.js'
import type { Reader } from './reader.js'
import { sameRows, type Totals } from './totals.js'

/** How a scan proceeds. */
export interface ScanOptions {
  /** Called after each batch of rows (up to 1,000): waits as long as the scan shall pause. */
  readonly pause?: () => Promise<void>
  /** Ends the scan early: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** What a scan found, beside what was kept row by row. */
export interface Verification {
  readonly equal: boolean
  readonly expected: Totals
  readonly found: Totals
  readonly rowCount: number
}

/** Counts one state of the index. `sequence` is 0: rows do not tell it. */
export async function scanTotals(
  reader: Reader, options: ScanOptions = {}
): Promise<{ readonly totals: Totals; readonly rowCount: number }> {
  const sum = createDigestSum()
  let recordCount = 0
  let rowCount = 0
  const families = [
    ranges.records(), ranges.allVotes(), ranges.candidates(), ranges.epochs(), ranges.byAgent(),
    ranges.byPredicate(), ranges.references(), ranges.blocks(), ranges.feed(), ranges.holders(),
    ranges.unsealed(), ranges.quarantined()
  ]
  for (const family of families) {
    for await (const rows of reader.batches(family)) {
      for (const [key, value] of rows) {
        sum.row(key, value, 1)
        if (isRecord(key)) recordCount++
      }
      rowCount += rows.length
      options.signal?.throwIfAborted()
      await options.pause?.()
    }
  }
  return { totals: { sequence: 0, recordCount, digest: sum.bytes() }, rowCount }
}

/** Compares a scan of one state with the totals kept for it. */
export async function verifyTotals(
  reader: Reader, expected: Totals, options?: ScanOptions
): Promise<Verification> {
  const { totals, rowCount } = await scanTotals(reader, options)
  const found = { ...totals, sequence: expected.sequence }
  return { equal: sameRows(found, expected), expected, found, rowCount }
}
