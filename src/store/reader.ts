// Reading rows: point reads without a promise, ranges in batches. One rule for the live database and
// snapshots.

import { compareBytes } from '../base/index.js'
import { StoreError } from './errors.js'
import type { LevelDatabase, LevelIteratorOptions, LevelReadOptions, LevelSnapshot } from './level.js'
import type { KeyRange } from './ranges.js'
import { EMPTY } from './rows.js'

/** One row. */
export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** A range with its form: at most `limit` rows, from the end, or without values. `gt` wins over `gte`. */
export interface RangeOptions extends KeyRange {
  readonly limit?: number
  readonly reverse?: boolean
  readonly keysOnly?: boolean
}

/** Reads of one state of the index. Every method throws StoreError STORE_READ_FAILED for damage. */
export interface Reader {
  /** The value of a key; undefined when absent. Cost: a few us warm; it may read the disk. */
  get(key: Uint8Array): Uint8Array | undefined
  /** The values of many keys, in their order, read off the main thread. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>
  /** Rows in key order, one at a time. The state is the one at the first row asked for. */
  range(options: RangeOptions): AsyncIterable<Entry>
  /** Rows in key order, in batches of up to `BATCH_ROWS`: no promise per row. */
  batches(options: RangeOptions): AsyncIterable<readonly Entry[]>
  /** All rows of a range at once: for ranges known to be small, or with a limit. */
  rangeAll(options: RangeOptions): Promise<readonly Entry[]>
  /**
   * All rows of each of many ranges with few rows, in their order.
   * Cost: less than that of as many calls of `rangeAll`, since few iterators are made.
   */
  rangesAll(ranges: readonly KeyRange[]): Promise<readonly (readonly Entry[])[]>
}

/** A reader of a frozen state. Close it: it holds back compaction. */
export interface Snapshot extends Reader {
  close(): Promise<void>
}

/** Rows in one batch of a range. */
export const BATCH_ROWS = 1_000
const BATCH_BYTES = 1_048_576

/** A reader of what `database` gives at each call, or of one snapshot of it. */
export function createReader(database: () => LevelDatabase, snapshot?: LevelSnapshot): Reader {
  const encoding = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
  const read: LevelReadOptions = snapshot === undefined ? encoding : { snapshot, ...encoding }
  const batches = (options: RangeOptions): AsyncIterable<readonly Entry[]> =>
    iterate(database, iteratorOptions(options, read), options)
  return {
    get: (key) => {
      const level = database()
      try {
        return level.getSync(key, read)
      } catch (cause) {
        throw readFailed(cause)
      }
    },
    getMany: (keys) => database().getMany([...keys], read).catch((cause: unknown) => {
      throw readFailed(cause)
    }),
    batches,
    range: (options) => rowByRow(batches(options)),
    rangeAll: (options) => readAll(database, iteratorOptions(options, read), options),
    rangesAll: async (list) => {
      const width = Math.max(LANE_RANGES_MIN, Math.ceil(list.length / LANES_MAX))
      const lanes: Promise<readonly (readonly Entry[])[]>[] = []
      for (let at = 0; at < list.length; at += width) {
        lanes.push(readEach(database, iteratorOptions({}, read), list.slice(at, at + width)))
      }
      return (await Promise.all(lanes)).flat()
    }
  }
}

function iteratorOptions(options: RangeOptions, read: LevelReadOptions): LevelIteratorOptions {
  const { gte, gt, lt, limit, reverse, keysOnly } = options
  const { keyEncoding, valueEncoding, snapshot } = read
  const form: { -readonly [Name in keyof LevelIteratorOptions]: LevelIteratorOptions[Name] } = {
    keyEncoding, valueEncoding, limit: limit ?? -1, reverse: reverse ?? false, values: keysOnly !== true,
    highWaterMarkBytes: BATCH_BYTES
  }
  // Field by field: spreading objects of many shapes cost as much as a read of a few rows.
  if (gt !== undefined) form.gt = gt
  else if (gte !== undefined) form.gte = gte
  if (lt !== undefined) form.lt = lt
  if (snapshot !== undefined) form.snapshot = snapshot
  return form
}

async function* iterate(
  database: () => LevelDatabase, form: LevelIteratorOptions, options: RangeOptions
): AsyncGenerator<readonly Entry[]> {
  const iterator = database().iterator(form)
  try {
    for (;;) {
      const rows: Entry[] = await iterator.nextv(BATCH_ROWS).catch((cause: unknown) => {
        throw readFailed(cause)
      })
      if (rows.length === 0) return
      yield options.keysOnly === true ? rows.map(([key]): Entry => [key, EMPTY]) : rows
    }
  } finally {
    await iterator.close()
  }
}

// Without a generator: most ranges are a few rows of one key, and end with the first batch.
async function readAll(
  database: () => LevelDatabase, form: LevelIteratorOptions, options: RangeOptions
): Promise<readonly Entry[]> {
  const iterator = database().iterator(form)
  try {
    const rows = await iterator.nextv(BATCH_ROWS)
    for (let more = rows; more.length > 0;) {
      more = await iterator.nextv(BATCH_ROWS)
      for (const row of more) rows.push(row)
    }
    return options.keysOnly === true ? rows.map(([key]): Entry => [key, EMPTY]) : rows
  } catch (cause) {
    throw readFailed(cause)
  } finally {
    await iterator.close()
  }
}

/** Iterators that work on many ranges side by side, and ranges that are worth one of their own. */
const LANES_MAX = 4
const LANE_RANGES_MIN = 4
/** Rows read at a range's start, and from there on. */
const SEEK_ROWS = 4

/** Range after range with one iterator: making one costs as much as reading a few rows. */
async function readEach(
  database: () => LevelDatabase, form: LevelIteratorOptions, list: readonly KeyRange[]
): Promise<readonly (readonly Entry[])[]> {
  const iterator = database().iterator(form)
  try {
    const found: (readonly Entry[])[] = []
    for (const { gte, gt, lt } of list) {
      iterator.seek(gt ?? gte ?? EMPTY)
      const rows: Entry[] = []
      for (let wanted = SEEK_ROWS, inside = true; inside; wanted = BATCH_ROWS) {
        const more = await iterator.nextv(wanted)
        inside = more.length === wanted
        for (const row of more) {
          if (lt !== undefined && compareBytes(row[0], lt) >= 0) inside = false
          else if (gt === undefined || compareBytes(row[0], gt) > 0) rows.push(row)
        }
      }
      found.push(rows)
    }
    return found
  } catch (cause) {
    throw readFailed(cause)
  } finally {
    await iterator.close()
  }
}

async function* rowByRow(batches: AsyncIterable<readonly Entry[]>): AsyncGenerator<Entry> {
  for await (const batch of batches) yield* batch
}

function readFailed(cause: unknown): StoreError {
  return new StoreError({ code: 'STORE_READ_FAILED' }, 'the index could not be read', { cause })
}
