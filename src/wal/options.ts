// Options of the write-ahead log with their defaults.

import { assert } from '../base/index.js'
import { FRAME_BYTES_MAX } from './frame.js'
import { SEGMENT_HEADER_BYTES } from './segment-header.js'
import type { WalPlace } from './types.js'

/** How a log is opened. */
export interface WalOptions extends WalPlace {
  /** Size of new segment files in bytes, a multiple of 4,096, 1 MiB..1 GiB. @default 67108864 */
  readonly segmentBytes?: number
  /** Bytes of frames that may wait to be written. @default 67108864 */
  readonly queueBytesMax?: number
  /** Frames that may wait to be written. @default 65536 */
  readonly queueFramesMax?: number
  /** Append calls that may wait for room in the queue. @default 4096 */
  readonly waitingCallsMax?: number
  /** Bytes of waiting calls past which no further one may wait. @default 67108864 */
  readonly waitingBytesMax?: number
  /** Bytes that one write and sync may carry, at least one whole frame. @default 4194304 */
  readonly groupBytesMax?: number
  /** Bytes of synced frames kept in memory for readers that keep up. @default 16777216 */
  readonly recentBytesMax?: number
  /**
   * The greatest sequence number that the store's checkpoint or cursor proves to have been synced; 0 for
   * none.
   */
  readonly provenSequence: number
  /** Changes nothing on disk: no repair of a torn end, no appends. @default false */
  readonly readOnly?: boolean
}

/** Options with every default filled in. */
export type WalSettings = Required<WalOptions>

/** The options that may be left out. */
export type WalDefaults = Readonly<Omit<WalSettings, 'directory' | 'networkId' | 'provenSequence'>>

/** Defaults of the write-ahead log. */
export const WAL_DEFAULTS: WalDefaults = Object.freeze({
  /** Large enough that making a new one is rare, small enough to keep one ahead of need. */
  segmentBytes: 64 * 1024 * 1024,
  /** A second or so of full load: more would only hide that the disk cannot follow. */
  queueBytesMax: 64 * 1024 * 1024,
  queueFramesMax: 65_536,
  /** As much again as the queue holds; blocks of 64 sessions at once, each with 64 under way. */
  waitingCallsMax: 4_096,
  waitingBytesMax: 64 * 1024 * 1024,
  /** Bounds the write buffer and what a crash can leave torn; larger groups gain nothing measurable. */
  groupBytesMax: 4 * 1024 * 1024,
  /** The ingestor and the sealer read what was just written. */
  recentBytesMax: 16 * 1024 * 1024,
  readOnly: false
})

/** Smallest segment: the simulator needs small ones, and a protocol block must fit. */
export const SEGMENT_BYTES_MIN: number = 1024 * 1024

const segmentBytesMax = 1024 * 1024 * 1024

/** Fills in defaults. Bad values are a bug of the caller: configuration is checked where it is read. */
export function walSettings(options: WalOptions): WalSettings {
  const settings = { ...WAL_DEFAULTS, ...options }
  const { segmentBytes } = settings
  assert(segmentBytes >= SEGMENT_BYTES_MIN && segmentBytes <= segmentBytesMax, 'segment of 1 MiB..1 GiB')
  assert(segmentBytes % 4096 === 0, 'segment of whole pages')
  assert(settings.groupBytesMax >= FRAME_BYTES_MAX, 'group that holds a frame')
  assert(Number.isSafeInteger(settings.provenSequence) && settings.provenSequence >= 0, 'proven sequence')
  return settings
}

/** Largest frame in bytes that a segment of this size takes. */
export function frameBytesMaxOf(segmentBytes: number): number {
  return Math.min(FRAME_BYTES_MAX, segmentBytes - SEGMENT_HEADER_BYTES)
}
