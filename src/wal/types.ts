// What the write-ahead log gives: frames, appends, readers.
// Rule: a frame is seen by readers only after it is on stable storage; sequence numbers are 1, 2, 3 …
// without gaps.

import type { Disk, Log, NetworkId, Random } from '../base/index.js'
import type { WalError } from './errors.js'

/** A frame to be appended. The payload must not change until the append settles. */
export interface NewFrame {
  /** 1..255; what it means is the caller's business. */
  readonly type: number
  readonly payload: Uint8Array
}

/** A stored frame. The payload may be a view into memory that others see too: never write to it. */
export interface Frame extends NewFrame {
  readonly sequence: number
}

/** What waits to be written. */
export interface QueueState {
  /** Frames accepted into the bounded queue, at most `queueFramesMax`. */
  readonly frames: number
  /** Their bytes on disk, at most `queueBytesMax`. */
  readonly bytes: number
  /** Append calls that wait for room in the queue, at most `waitingCallsMax`; above 0: time to push back. */
  readonly waiting: number
}

/** Which directory this log is, so that a copy can be told from the original. */
export interface WalIdentity {
  readonly device: bigint
  readonly inode: bigint
  /** True when this open created the log. */
  readonly created: boolean
}

/** An open write-ahead log. */
export interface Wal {
  /**
   * Stores one frame and resolves to its sequence number once it is on stable storage. Waits for room when
   * the queue is full, and is refused when too many wait already.
   * @throws WalError WAL_BUSY, WAL_FRAME_TOO_LARGE, WAL_NO_SPACE, WAL_FAILED, WAL_READ_ONLY, WAL_CLOSED
   */
  append(type: number, payload: Uint8Array): Promise<number>
  /**
   * Stores frames under consecutive sequence numbers, with one promise for all. When it rejects, the first of
   * them may be stored nevertheless. Errors as `append`; one that is too large refuses all.
   */
  appendMany(frames: readonly NewFrame[]): Promise<readonly number[]>
  /**
   * Synced frames from a sequence number on, in order, in batches of up to 1 MiB; then waits for more. Ends
   * when the signal aborts or the log closes. Holds one batch at a time. @throws WalError WAL_CORRUPT,
   * WAL_IO
   */
  tail(fromSequence: number, signal: AbortSignal): AsyncIterable<readonly Frame[]>
  /** One synced frame. @throws WalError WAL_NOT_FOUND, WAL_CORRUPT, WAL_IO */
  read(sequence: number): Promise<Frame>
  /** Synced frames in the order asked for; neighbours share one disk read. Errors as `read`. */
  readMany(sequences: readonly number[]): Promise<readonly Frame[]>
  /** The greatest sequence number on stable storage, 0 when there is none. */
  readonly lastSynced: number
  /** Set for good once a write or sync failed: the log is read-only until it is opened anew. */
  readonly failure: WalError | undefined
  queued(): QueueState
  readonly identity: WalIdentity
  /** Bytes of all segment files. */
  sizeBytes(): number
  /** Calls back after each sync with the new `lastSynced`; returns how to stop that. */
  onSynced(callback: (lastSynced: number) => void): () => void
  /** Writes what is queued, then releases the files. May be called twice. */
  close(): Promise<void>
}

/** What the write-ahead log stands on. */
export interface WalDeps {
  readonly disk: Disk
  readonly random: Random
  readonly log: Log
}

/** Where a log is and whose. */
export interface WalPlace {
  readonly directory: string
  readonly networkId: NetworkId
}
