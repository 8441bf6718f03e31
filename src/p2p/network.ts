// The network port as replication needs it: the base port, and a way to send a peer away.

import type { Network, PeerName } from '../base/index.js'

/** Network port of a StemeDB node. Implemented by the libp2p adapter and by the fake of the tests. */
export interface PeerNetwork extends Network {
  /**
   * Closes all links to a peer and refuses new ones for `forMs` (0 = it may come back at once, and a
   * configured address is redialled).
   */
  disconnect(peer: PeerName, forMs: number): Promise<void>
}
