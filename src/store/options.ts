// Options of the store.

import type { NetworkId } from '../base/index.js'

/** What an index belongs to and where its marker lies. */
export interface StoreOptions {
  readonly networkId: NetworkId
  /** The marker file, beside the WAL. Absent: no check against silent loss (throw-away indexes). */
  readonly markerPath?: string
  /**
   * Version of the record schema that rows are made by; an index of another version is rebuilt.
   * @default 1
   */
  readonly schemaVersion?: number
  /**
   * Free bytes beside the marker below which nothing is written, at least 0.
   * @default 67_108_864: LevelDB must not run out of space while it merges tables, since it then refuses all
   *   writes until it is opened again
   */
  readonly reserveBytes?: number
}

/** Settings of the database on disk. */
export interface LevelOptions {
  readonly directory: string
  /**
   * Bytes of uncompressed table blocks kept in memory, at least 8 MiB.
   * @default 134_217_728: below 128 MiB point reads of a million records go to the disk
   */
  readonly cacheBytes?: number
  /**
   * Bytes of rows held in memory and in one log of the database, 1 to 64 MiB; up to two are held at once.
   * @default 8_388_608: a checkpoint hashes at most this much; larger ones did not ingest faster
   */
  readonly writeBufferBytes?: number
  /**
   * Table files kept open, 64 to 10,000.
   * @default 1_000: with 8 MiB files about 8 GB of index without reopening
   */
  readonly openFilesMax?: number
}

/** Format of keys and rows: docs/formats/keyspace.md. An index of another format is rebuilt. */
export const FORMAT_VERSION = 4

/** Defaults of the store's options. */
export const STORE_DEFAULTS: Required<Pick<StoreOptions, 'schemaVersion' | 'reserveBytes'>> = Object.freeze({
  schemaVersion: 1,
  reserveBytes: 67_108_864
})

/** Defaults of the database's options. */
export const LEVEL_DEFAULTS: Required<Omit<LevelOptions, 'directory'>> = Object.freeze({
  cacheBytes: 134_217_728,
  writeBufferBytes: 8_388_608,
  openFilesMax: 1_000
})

/** Bytes written between two looks at the free space. */
export const SPACE_CHECK_BYTES = 4_194_304

/** Bytes of one table file: fewer files than LevelDB's 2 MiB, still short compactions. */
export const TABLE_FILE_BYTES = 8_388_608
