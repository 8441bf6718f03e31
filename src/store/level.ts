// The database below the store, as far as the store needs it: `level` and its memory twin both fit.
// Keys and values are bytes ('buffer' encoding).

/** A frozen state of a database. */
export interface LevelSnapshot {
  close(): Promise<void>
}

/** One write of a batch. */
export type LevelOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** What a read sees: the newest state, or a snapshot's. */
export interface LevelReadOptions {
  readonly keyEncoding: 'buffer'
  readonly valueEncoding: 'buffer'
  readonly snapshot?: LevelSnapshot
}

/** Bounds and form of an iterator. */
export interface LevelIteratorOptions extends LevelReadOptions {
  readonly gte?: Uint8Array
  readonly gt?: Uint8Array
  readonly lt?: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
  readonly values?: boolean
  readonly highWaterMarkBytes?: number
}

/** A cursor over rows in key order. */
export interface LevelIterator {
  /** Up to `count` further rows; none = end. */
  nextv(count: number): Promise<[key: Uint8Array, value: Uint8Array][]>
  /** Goes to the first row at or behind a key. */
  seek(target: Uint8Array): void
  close(): Promise<void>
}

/** An opened database. */
export interface LevelDatabase {
  getSync(key: Uint8Array, options: LevelReadOptions): Uint8Array | undefined
  getMany(keys: Uint8Array[], options: LevelReadOptions): Promise<(Uint8Array | undefined)[]>
  iterator(options: LevelIteratorOptions): LevelIterator
  snapshot(): LevelSnapshot
  batch(operations: LevelOperation[], options: { readonly sync: boolean }): Promise<void>
  /**
   * Moves the rows held in memory to a table and starts a new log. After a failed batch the log ends in a
   * part of it, and whatever is written behind that is lost at the next open, without an error.
   * @returns false when the database stays with its old log
   */
  rotate(): Promise<boolean>
  close(): Promise<void>
}

/** A file and how much of it counts. */
export interface FileSize {
  readonly name: string
  readonly sizeBytes: number
}

/**
 * What a file that the database only appends to held at one time.
 * For a manifest the hash covers the last MiB before `sizeBytes`, else all bytes before it.
 */
export interface FilePrint extends FileSize {
  readonly hash: Uint8Array
}

/**
 * How files on disk relate to prints of them: the same; grown as a running database lets them grow; opened
 * since by somebody else (a manifest with a greater number); damaged; or there is no database.
 */
export type PrintVerdict = 'same' | 'grown' | 'reopened' | 'damaged' | 'missing'

/** Where a database comes from: a directory, or memory under test. */
export interface LevelSource {
  /** Names the place in errors and logs. */
  readonly directory: string
  /**
   * Opens the database; makes a missing one only if `create`.
   * @throws StoreError STORE_LOCKED, STORE_OPEN_FAILED
   */
  open(create: boolean): Promise<LevelDatabase>
  /** Removes the closed database, whatever is left of it. @throws StoreError STORE_LOCKED */
  destroy(): Promise<void>
  /** The append-only files as they are, each on stable storage. Empty where there are no files. */
  sizes(): Promise<readonly FileSize[]>
  /** Prints of the files up to these sizes; a file that went away is left out. */
  prints(sizes: readonly FileSize[]): Promise<readonly FilePrint[]>
  /** Compares the files with prints taken earlier. Call before `open`, which changes them. */
  compare(prints: readonly FilePrint[]): Promise<PrintVerdict>
}
