// Options of the block graph and of sync. Protocol limits stand in base/limits.ts; these bound a node's own
// means.

import { type AllowanceOptions } from './allowance.js'
import { type PendingLimits } from './pending.js'
import { SYNC_LIMITS } from './sync-frames.js'

/** What the block graph may hold in memory. */
export interface DagOptions extends PendingLimits, AllowanceOptions {
  /** Headers of blocks sealed too far ahead, at most. */
  readonly deferredHeadersMax: number
  /** Headers kept in memory. About 1 KiB each. */
  readonly headersMax: number
  /** Invalid block ids remembered. */
  readonly invalidMax: number
  /** Missing parents remembered; the rows know all. */
  readonly wantedMax: number
  /** How long the claims of a session last without a new block, in ms. */
  readonly claimMs: number
  /** Sessions that fetch at once. */
  readonly fetchersMax: number
  /** How long one of them fetches though another waits, in ms: the slowest then gives its place up. */
  readonly fetchTurnMs: number
}

/** Limits of design: 64 MiB of waiting blocks is the most that strangers can make a node hold. */
export const DAG_DEFAULTS: DagOptions = Object.freeze({
  feedBlocksMax: 256,
  feedBytesMax: 4_194_304,
  peerBytesMax: 16_777_216,
  totalBytesMax: 67_108_864,
  deferredHeadersMax: 1_024,
  keyBytesPerHour: 67_108_864,
  forkedBytesPerHour: 1_048_576,
  allowanceKeysMax: 4_096,
  headersMax: 4_096,
  invalidMax: 4_096,
  wantedMax: 4_096,
  claimMs: 5_000,
  fetchersMax: 4,
  // Less than the 15 s that a session waits for something to fetch.
  fetchTurnMs: 10_000
})

/** What one sync session may use. */
export interface SyncTuning {
  /** Bytes of blocks the peer may have under way to us; both sides count from the protocol's 4 MiB. */
  readonly creditBytes: number
  /** Bytes of blocks after which a frame goes out, at most 512 KiB. */
  readonly blocksFrameBytes: number
  /**
   * Admissions under way at once: enough to fill the signature workers, few enough that none is far out of
   * order.
   */
  readonly admissionsMax: number
  /** A session without progress ends after this long, in ms. */
  readonly idleMs: number
  /**
   * Blocks of one feed, and their bytes, that sessions in parallel may fetch ahead of those below them: less
   * than what may wait of a feed, else they would be fetched twice.
   */
  readonly aheadBlocksMax: number
  readonly aheadBytesMax: number
}

/**
 * Measured, 40,000 records of 300 bytes served from memory: frames of 32 KiB cost half as much again as
 * those of 64 KiB; 256 KiB gain 5 % more, 512 KiB another 10 % at twice the memory of a link.
 */
export const SYNC_DEFAULTS: SyncTuning = Object.freeze({
  creditBytes: SYNC_LIMITS.creditBytes,
  blocksFrameBytes: 262_144,
  admissionsMax: 64,
  idleMs: 60_000,
  aheadBlocksMax: 192,
  aheadBytesMax: 3_145_728
})
