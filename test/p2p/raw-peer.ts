// The raw peer of scripts/cluster in this process, under the names of a test federation.

import { blake3, networkIdOf, utf8Bytes } from '../../src/base/index.js'
import { createRawPeer, type RawPeer } from '../../scripts/cluster/raw-peer.js'
import { nextSeed } from './loopback.js'

/** Makes and starts the peer. */
export function makeRawPeer(federation: string): Promise<RawPeer> {
  return createRawPeer({ networkId: networkIdOf(blake3(utf8Bytes(federation))), seed: nextSeed() })
}
