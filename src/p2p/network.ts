// The network port as replication needs it: the base port, and a way to send a peer away.

import type { Clock, Log, Network, PeerName, Random } from '../base/index.js'
import type { Greeting } from './options.js'

/** Plain numbers for metrics. */
export interface NetworkCounts {
  /** Greeted connections now. */
  readonly links: number
  /** Mute gossip links mended in place, and closed for a redial, since the start. */
  readonly refreshes: number
  readonly redials: number
  /** Dials beside links over which nothing came any more. */
  readonly silences: number
  /** Bytes of gossip that wait for peers to take them, over all links. */
  readonly gossipQueueBytes: number
}

/** Network port of a StemeDB node. Implemented by the libp2p adapter and by the fake of the tests. */
export interface PeerNetwork extends Network {
  /**
   * Closes all links to a peer and refuses new ones for `forMs` (0 = it may come back at once, and a
   * configured address is redialled).
   */
  disconnect(peer: PeerName, forMs: number): Promise<void>
  /** True for a peer that was dialled at the wish of this node's operator: configured, invited or by hand. */
  isChosen(peer: PeerName): boolean
  counts(): NetworkCounts
}

/** What the adapter needs. */
export interface NetworkDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Asked for each peer at its hello, in both directions; false refuses it. None = everyone may come. */
  gate?(greeting: Greeting): boolean
}
