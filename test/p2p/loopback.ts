// Real networks on loopback, port 0, with keys from a counter.

import { blake3, networkIdOf, systemClock, systemRandom, utf8Bytes } from '../../src/base/index.js'
import {
  createLibp2pNetwork, type NetworkDeps, type NetworkOptions, type PeerNetwork
} from '../../src/p2p/index.js'
import { quietLog } from '../fakes/until.js'

/** What a test may set. */
export interface LoopbackOptions extends Partial<NetworkOptions> {
  readonly federation?: string
  readonly gate?: NetworkDeps['gate']
}

let made = 0

/** A seed that no other network of this process has. */
export function nextSeed(): Uint8Array {
  return blake3(utf8Bytes(`loopback node ${made++}`))
}

export function makeLoopback(options: LoopbackOptions = {}): Promise<PeerNetwork> {
  const { federation = 'loopback', gate, ...rest } = options
  return createLibp2pNetwork(
    {
      networkId: networkIdOf(blake3(utf8Bytes(federation))),
      seed: nextSeed(),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      ...rest
    },
    { clock: systemClock, random: systemRandom, log: quietLog, ...(gate === undefined ? {} : { gate }) }
  )
}
