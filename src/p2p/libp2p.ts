// The door to the libp2p adapter: its modules are loaded when a network is made, not before, since most
// commands of the command line never make one and loading would cost them most of a second.

import type { NetworkDeps, PeerNetwork } from './network.js'
import type { NetworkOptions } from './options.js'

/**
 * Makes the libp2p network port, not started.
 * @throws P2pError P2P_BAD_KEY for a seed or shared key that has not 32 bytes
 */
export async function createLibp2pNetwork(options: NetworkOptions, deps: NetworkDeps): Promise<PeerNetwork> {
  const { openLibp2pNetwork } = await import('./libp2p-network.js')
  return openLibp2pNetwork(options, deps)
}
