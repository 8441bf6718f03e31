// The libp2p adapter keeps the contract over loopback TCP.

import { NETWORK_LIMITS, type PeerNetwork } from '../../src/p2p/index.js'
import { networkContract } from '../contract/network.js'
import { makeLoopback } from './loopback.js'

networkContract('libp2p on loopback', () => {
  const made: PeerNetwork[] = []
  return {
    make: async (federation) => {
      const network = await makeLoopback({ federation: federation ?? 'contract' })
      made.push(network)
      return network
    },
    payloadBytesMax: NETWORK_LIMITS.payloadBytesMax,
    frameBytesMax: NETWORK_LIMITS.frameBytesMax,
    cleanUp: async () => {
      for (const network of made) await network.stop()
    }
  }
})
