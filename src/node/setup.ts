// What a node is built from: who it is, where its files lie, and the ports it stands on.

import type { Clock, Disk, Log, Random } from '../base/index.js'
import type { Certificate, DagOptions } from '../dag/index.js'
import type { IngestOptions } from '../ingest/index.js'
import type { Lens } from '../lenses/index.js'
import type { OpenedGenesis, PeerNetwork } from '../p2p/index.js'
import type { Signer, VerifySignature } from '../record/index.js'
import type { LevelSource } from '../store/index.js'
import type { WalOptions } from '../wal/index.js'
import type { TrustPolicy } from '../trustrank/index.js'
import type { TrustLane } from './trust-lane.js'
import type { TrustOptions } from './trust-options.js'

/** Identity, places and limits of a node. */
export interface NodeSetup {
  readonly genesis: OpenedGenesis
  /** The node key: signs blocks and state tags. */
  readonly signer: Signer
  /** For a closed federation. */
  readonly certificate?: Certificate
  /** Directory of the log, files of the index marker and the incarnation, and the directory they lie in. */
  readonly walDirectory: string
  readonly markerPath: string
  readonly incarnationPath: string
  readonly dataDirectory: string
  /** Addresses of peers are known: an old feed waits for one of them to confirm its last block. */
  readonly expectsPeers: boolean
  /** False: nothing is sealed, for work on a directory that no peer can be asked about. @default true */
  readonly seals?: boolean
  readonly ingest: IngestOptions
  /** Lenses beside the standard ones. @default none */
  readonly lenses?: readonly Lens[]
  /** Bytes of one other node's blocks that an open network admits an hour. @default 67108864 */
  readonly keyBytesPerHour?: number
  /** How computing trust is dosed; defaults otherwise. */
  readonly trust?: TrustOptions
  /** Segment size and queue of the log; defaults of the wal folder otherwise. */
  readonly wal?: Partial<Pick<WalOptions, 'segmentBytes' | 'queueBytesMax' | 'queueFramesMax'>>
  /** What the block graph may hold in memory; defaults of the dag folder otherwise. */
  readonly dag?: Partial<DagOptions>
}

/** The ports of a node. */
export interface NodeParts {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly log: Log
  readonly level: LevelSource
  /** Checks signatures on the main thread. @default verifySignature */
  readonly verify?: VerifySignature
  /** The way to what computes trust. @default a worker thread, or inline with `trust.workers` 0 */
  readonly openTrustLane?: (policy: TrustPolicy) => TrustLane
  /** Lets other work run between two slices of a long computation. */
  readonly yieldNow: () => Promise<void>
  /** Absent: a node alone. */
  readonly createNetwork?: () => Promise<PeerNetwork>
}
