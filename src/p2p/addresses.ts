// Addresses: texts of multiaddrs, as invites, options and links carry them.

import { CODE_P2P, multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { PeerName } from '../base/index.js'
import { P2pError } from './errors.js'

/**
 * The multiaddr that a text is.
 * @throws P2pError P2P_BAD_ADDRESS
 */
export function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (cause) {
    throw new P2pError({ code: 'P2P_BAD_ADDRESS', address }, `not a multiaddr: ${address}`, { cause })
  }
}

/** The peer that an address names; undefined when it names none or is no address. */
export function peerOfAddress(address: string): PeerName | undefined {
  try {
    return multiaddr(address).getComponents().findLast((part) => part.code === CODE_P2P)?.value
  } catch {
    return undefined
  }
}
