// Batch: what one atomic write does. Rows of the accounted families are counted in the digest by existence.
// Rule: whether an accounted row is there is looked up when the batch's turn to be written comes, after all
// earlier batches, so that no two batches count one row twice.

import { assert } from '../base/index.js'
import { createDigestSum, type DigestSum } from './digest.js'
import type { LevelOperation } from './level.js'
import { EMPTY } from './rows.js'

/** Collects the writes of one atomic step. Written once; after STORE_NO_SPACE it may be tried again. */
export interface Batch {
  /** Sets a row of a family that is not accounted. The bytes must not change until the write is done. */
  put(key: Uint8Array, value: Uint8Array): void
  /** Removes a row of a family that is not accounted; harmless when absent. */
  delete(key: Uint8Array): void
  /**
   * Adds a row of an accounted family (H V S E A P R Q b f r u). A row that is there, or was added by this
   * batch, is left as it is: these rows are immutable. The first vote on an assertion brings its `keys.voted`
   * row along.
   * @param fresh  the caller knows that the index does not hold the row: saves a lookup
   */
  add(key: Uint8Array, value: Uint8Array, fresh?: boolean): void
  /** Takes a row of an accounted family away, if it is there. */
  remove(key: Uint8Array): void
  /**
   * Puts a row of an accounted family back that the totals count already: its bytes were lost or changed
   * under the index. For any other row the totals would no longer be those of the rows.
   */
  restore(key: Uint8Array, value: Uint8Array): void
  /** The WAL sequence up to which all frames are applied once this batch is written. */
  setCursor(sequence: number): void
  /** Rows so far. */
  readonly size: number
  /** Bytes of keys and values so far. */
  readonly bytes: number
}

/** What writing a batch does to the totals. */
export interface BatchEffect {
  readonly operations: LevelOperation[]
  readonly sum: DigestSum
  readonly recordsAdded: number
  readonly cursor: number | undefined
  /** Totals or cursor change, so their row must be written too. */
  readonly counts: boolean
}

/** A batch as the store that made it sees it. */
export interface PendingBatch extends Batch {
  /** Settles what happens, given what the index holds at this moment. Again only after a failed write. */
  settle(get: (key: Uint8Array) => Uint8Array | undefined): BatchEffect
  /** It is written, and must not be again. */
  finish(): void
}

interface AccountedRow {
  readonly key: Uint8Array
  /** The row to be there afterwards; undefined = none. */
  value: Uint8Array | undefined
  /** What is there must go first. */
  replace: boolean
  readonly fresh: boolean
}

const RECORD = 0x48
const VOTE = 0x56
const COLON = 0x3a
const SLASH = 0x2f
const ASSERTION_KEY_BYTES = 34
const accountedColon = new Set([...'HVSEAPRQ'].map((letter) => letter.charCodeAt(0)))
const accountedSlash = new Set([...'bfru'].map((letter) => letter.charCodeAt(0)))

/** True for keys of families that the digest covers. */
export function isAccounted(key: Uint8Array): boolean {
  const family = key[0] ?? 0
  return (key[1] === COLON && accountedColon.has(family)) || (key[1] === SLASH && accountedSlash.has(family))
}

/** True for H keys: their number is the record count. */
export function isRecord(key: Uint8Array): boolean {
  return key[0] === RECORD && key[1] === COLON
}

/** An empty batch. */
export function createBatch(): PendingBatch {
  return new RowBatch()
}

class RowBatch implements PendingBatch {
  bytes = 0
  readonly #operations: LevelOperation[] = []
  readonly #accounted = new Map<string, AccountedRow>()
  #cursor: number | undefined
  #settled = false
  #written = false

  get size(): number { return this.#operations.length + this.#accounted.size }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#plain({ type: 'put', key, value })
  }

  delete(key: Uint8Array): void {
    this.#plain({ type: 'del', key })
  }

  add(key: Uint8Array, value: Uint8Array, fresh = false): void {
    this.#account(key, value, fresh)
    if (key[0] === VOTE && key.length > ASSERTION_KEY_BYTES) {
      this.#account(key.subarray(0, ASSERTION_KEY_BYTES), EMPTY, false)
    }
  }

  remove(key: Uint8Array): void {
    this.#account(key, undefined, false)
  }

  restore(key: Uint8Array, value: Uint8Array): void {
    assert(isAccounted(key) && !this.#settled, 'restore is for accounted families of an unwritten batch')
    this.#operations.push({ type: 'put', key, value })
    this.bytes += key.length + value.length
    if (key[0] === VOTE && key.length > ASSERTION_KEY_BYTES) {
      this.#operations.push({ type: 'put', key: key.subarray(0, ASSERTION_KEY_BYTES), value: EMPTY })
    }
  }

  setCursor(sequence: number): void {
    this.#cursor = sequence
  }

  settle(get: (key: Uint8Array) => Uint8Array | undefined): BatchEffect {
    assert(!this.#written, 'a batch is written once')
    this.#settled = true
    return settleRows([...this.#operations], this.#accounted.values(), this.#cursor, get)
  }

  finish(): void {
    this.#written = true
  }

  #account(key: Uint8Array, value: Uint8Array | undefined, fresh: boolean): void {
    assert(isAccounted(key) && !this.#settled, 'add and remove are for accounted families of an unwritten batch')
    const name = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
    const row = this.#accounted.get(name)
    if (row === undefined) this.#accounted.set(name, { key, value, fresh, replace: value === undefined })
    else if (value === undefined) Object.assign(row, { value, replace: true })
    else row.value ??= value
    this.bytes += key.length + (value?.length ?? 0)
  }

  #plain(operation: LevelOperation): void {
    const { key } = operation
    assert(!isAccounted(key) && !this.#settled, 'put and delete are for other families of an unwritten batch')
    this.#operations.push(operation)
    this.bytes += key.length + (operation.type === 'put' ? operation.value.length : 0)
  }
}

function settleRows(
  operations: LevelOperation[], rows: Iterable<AccountedRow>, cursor: number | undefined,
  get: (key: Uint8Array) => Uint8Array | undefined
): BatchEffect {
  const sum = createDigestSum()
  let recordsAdded = 0
  let counts = cursor !== undefined
  for (const { key, value, replace, fresh } of rows) {
    const present = fresh ? undefined : get(key)
    if (present !== undefined && !replace) continue
    if (present === undefined && value === undefined) continue
    counts = true
    if (present !== undefined) sum.row(key, present, -1)
    if (value !== undefined) sum.row(key, value, 1)
    if (isRecord(key)) recordsAdded += (value === undefined ? 0 : 1) - (present === undefined ? 0 : 1)
    operations.push(value === undefined ? { type: 'del', key } : { type: 'put', key, value })
  }
  return { operations, sum, recordsAdded, cursor, counts }
}
