// A sync session as its users see it: frames in, frames out, blocks handed to an admit function.

import { type Clock, type Hash, type Log, type NetworkId, type PublicKey, type Verdict } from '../base/index.js'
import { type FrontierView } from './frontier.js'
import { type SyncTuning } from './options.js'
import { type Status } from './sync-frames.js'
import { type Dag } from './types.js'

/** How a session runs. */
export interface SyncOptions extends Partial<SyncTuning> {
  readonly networkId: NetworkId
  /** The peer's name: what its blocks are accounted to. */
  readonly peer: string
  /** The peer's node key, if known: it is told the latest block of its own that is here. */
  readonly peerKey?: PublicKey
}

/** What a session needs. */
export interface SyncDeps {
  readonly dag: Dag
  /**
   * Takes a block that came in. Resolves when it is admitted or reserved, parked, or dropped: its credit is
   * given back then. The bytes are a view of a frame: copy what is kept.
   */
  readonly admit: (block: Uint8Array, from: string) => Promise<Verdict>
  /** Sends one frame; resolves when the link can take more. */
  readonly send: (frame: Uint8Array) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly recordCount: () => number
  /** The latest state tag, if there is one. */
  readonly stateTag?: () => Uint8Array | undefined
  /** The feed that is sealed here at present. */
  readonly ownFeed?: () => Hash | undefined
  /** The peer's STATUS is here. */
  readonly onStatus?: (status: Status) => void
  /** The peer's frontier was this one of ours: it holds all blocks up to it. */
  readonly onEqual?: (view: FrontierView) => void
  /** The peer has a block of our own feed that we lack: the feed must be retired. */
  readonly onOwnFeedAhead?: (seq: number) => void
}

/** What the peer said of itself; the root is its last word. */
export interface SyncRemote {
  readonly frontierRoot: Hash
  readonly recordCount: number
  readonly tipCount: number
  readonly stateTag?: Uint8Array
}

/** How a session ended. */
export interface SyncResult {
  /** Both frontiers were the same at the end. */
  readonly converged: boolean
  /** Nothing that the peer listed is left to fetch: it converged, or all of the peer's blocks are here. */
  readonly complete: boolean
  readonly blocksIn: number
  readonly blocksOut: number
  /** Bytes of all frames, without the link's own framing. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Of these, bytes that are not blocks. */
  readonly controlBytesIn: number
  readonly controlBytesOut: number
  /** Questions asked that an answer had to be waited for: round trips as this side saw them. */
  readonly rounds: number
  readonly remote: SyncRemote
}

/** How far a session is. */
export interface SyncProgress {
  readonly blocksIn: number
  /** Blocks asked for so far. */
  readonly blocksWanted: number
  readonly bytesIn: number
  /** Bytes of blocks that brought something new here, and of blocks served. */
  readonly usefulBytes: number
  readonly remoteRecordCount: number
}

/** One session with one peer; both sides pull and push in it. */
export interface SyncSession {
  /** Opens the session: for the side that opened the link. The other side just receives. */
  start(): Promise<void>
  /**
   * Takes the peer's next frame. Never rejects: what is wrong ends the session. Resolves when the next frame
   * may come.
   */
  receive(frame: Uint8Array): Promise<void>
  /** The peer will send nothing more. Ends the session if it owes an answer or its END. */
  closed(): void
  /** Settles once: the result, or SyncError. The link can be closed then. */
  readonly done: Promise<SyncResult>
  progress(): SyncProgress
  /** Ends the session: the link is gone or the node stops. */
  abort(): void
}
