// Frames of a sync session: what they hold and how much at most. Format: docs/formats/sync.md.
// Rule: both sides know these limits; over one of them is misbehaviour.

import { type Hash, type NetworkId } from '../base/index.js'

/** Sync protocol version that this code speaks. */
export const syncVersion = 1
/** Bytes of the longest frame. */
export const syncFrameBytesMax = 1_048_576
/** Limits within frames. */
export const SYNC_LIMITS = {
  headsMax: 8,
  stateTagBytesMax: 1_024,
  /** Runs in one TIPS frame. */
  runsMax: 16_384,
  /** Runs that one side lists in one session. */
  sessionRunsMax: 262_144,
  /** Ranges in one WANT frame. */
  rangesMax: 256,
  /** Blocks in one BLOCKS frame. */
  blocksMax: 4_096,
  /** Tips up to which they ride along with STATUS. */
  inlineTipsMax: 64,
  /** Block ids in one HAVE frame. */
  haveIdsMax: 1_024,
  /** Bytes of blocks that may be under way before credit is given back. */
  creditBytes: 4_194_304
} as const

/** The last block known of a feed. */
export interface KnownTip {
  readonly feed: Hash
  readonly seq: number
  readonly id: Hash
}

/** First frame of both sides. */
export interface Status {
  readonly kind: 'status'
  /** Sync versions spoken: lowest and highest. */
  readonly versions: readonly [low: number, high: number]
  readonly networkId: NetworkId
  readonly frontierRoot: Hash
  readonly tipCount: number
  readonly recordCount: number
  /** The sender's TIPS follow at once: all buckets. */
  readonly tipsFollow: boolean
  readonly heads: readonly Hash[]
  /** The feed that the sender seals at present. */
  readonly ownFeed?: Hash
  /** The receiver's last block, as the sender knows it. */
  readonly yourTip?: KnownTip
  readonly stateTag?: Uint8Array
}

/** 256 bucket hashes, 16 bytes each. */
export interface Buckets {
  readonly kind: 'buckets'
  /** Hex, 32 digits each. */
  readonly hashes: readonly string[]
}

/** Blocks that hang together by hash. Prefixes select; the full hash of a block decides. */
export interface Run {
  /** First 16 bytes of the feed id, in hex. */
  readonly feed: string
  readonly low: number
  readonly high: number
  /** First 16 bytes of the id of the block at `high`, in hex. */
  readonly top: string
}

/** Tips of some buckets. */
export interface Tips {
  readonly kind: 'tips'
  /** More TIPS frames of this answer follow. */
  readonly more: boolean
  /** Buckets that the answer covers; undefined = all. */
  readonly buckets?: ReadonlySet<number>
  readonly admitted: readonly Run[]
  /** Blocks that wait for their prev here; only so that they are not sent again. */
  readonly pending: readonly Run[]
}

/** Blocks asked for: `low`..`high` of the chain that leads to `top`. */
export interface WantRange {
  /** Block id, or its first 16 bytes: 64 or 32 hex digits. */
  readonly top: string
  readonly low: number
  readonly high: number
}

/** One question for blocks. */
export interface Want {
  readonly kind: 'want'
  readonly ranges: readonly WantRange[]
}

/** Blocks as they travel, by (feed, seq). */
export interface Blocks {
  readonly kind: 'blocks'
  readonly blocks: readonly Uint8Array[]
}

/** Ranges of the question that could not be served in full: their positions. */
export interface Miss {
  readonly kind: 'miss'
  readonly ranges: readonly number[]
}

/** The question is answered. */
export interface Done {
  readonly kind: 'done'
}

/** The asker wants no more of the running answer: what is not sent yet is left out. */
export interface Stop {
  readonly kind: 'stop'
}

/** The receiver may send so many more bytes of blocks. */
export interface Credit {
  readonly kind: 'credit'
  readonly bytes: number
}

/** The sender asks for nothing more; its frontier as it stands then. */
export interface End {
  readonly kind: 'end'
  readonly frontierRoot: Hash
}

/** Blocks of the receiver that are durable at the sender. */
export interface Have {
  readonly kind: 'have'
  readonly ids: readonly Hash[]
}

/** A frame of a type that later versions may add (128..255): ignored. */
export interface Extension {
  readonly kind: 'extension'
}

/** Any frame. */
export type SyncFrame = Status | Buckets | Tips | Want | Blocks | Miss | Done | Stop | Credit | End | Have

/** Frame, or the word on what is wrong with the bytes. */
export type DecodedFrame = SyncFrame | Extension | { readonly kind: 'malformed', readonly what: string }

/** Type bytes. */
export const FRAME_TYPES = {
  status: 1, buckets: 2, tips: 3, want: 4, blocks: 5, miss: 6, done: 7, credit: 8, end: 9, have: 10, stop: 11
} as const

/** Bytes of a prefix of a feed or block id. */
export const prefixBytes = 16

/** The prefix of an id by which runs name it. */
export function prefixOf(id: Hash): string {
  return id.slice(0, 2 * prefixBytes)
}
