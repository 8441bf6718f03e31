// Totals: how far the ledger is applied, and what the accounted rows add up to. The same 48 bytes in
// meta/cursor (with every counted batch), meta/ckpt (synced) and the marker file.

import { equalBytes } from '../base/index.js'
import { badRow } from './errors.js'
import { readU64, writeU64 } from './rows.js'

/** State of the index after the frame with WAL sequence `sequence`. */
export interface Totals {
  /** Last WAL sequence applied; 0 = none. */
  readonly sequence: number
  /** H rows. */
  readonly recordCount: number
  /** Sum modulo 2^256 of BLAKE3(key || value) over the accounted rows, 32 bytes little-endian. */
  readonly digest: Uint8Array
}

/** Length of encoded totals. */
export const TOTALS_BYTES = 48

/** Totals of an empty index. */
export const NO_TOTALS: Totals = { sequence: 0, recordCount: 0, digest: new Uint8Array(32) }

/** sequence u64, record count u64, digest 32 bytes. */
export function encodeTotals(totals: Totals): Uint8Array {
  const bytes = Buffer.alloc(TOTALS_BYTES)
  writeU64(bytes, totals.sequence, 0)
  writeU64(bytes, totals.recordCount, 8)
  bytes.set(totals.digest, 16)
  return bytes
}

/** @throws StoreError STORE_BAD_ROW */
export function decodeTotals(bytes: Uint8Array): Totals {
  if (bytes.length !== TOTALS_BYTES) throw badRow('meta/')
  const digest = new Uint8Array(bytes.subarray(16))
  return { sequence: readU64(bytes, 0), recordCount: readU64(bytes, 8), digest }
}

/** True when record count and digest agree, whatever the sequences. */
export function sameRows(a: Totals, b: Totals): boolean {
  return a.recordCount === b.recordCount && equalBytes(a.digest, b.digest)
}
