// A node has one key: it signs its blocks and it is its libp2p peer id.
// Rule: the name is the multihash text of the Ed25519 key, so name and key each give the other.

import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { idBytes, publicKeyOf, type PeerName, type PublicKey } from '../base/index.js'
import { P2pError } from './errors.js'

/**
 * The libp2p peer id of a node key, in text form (`12D3Koo…`).
 * @throws Error when the 32 bytes are no point of the curve
 */
export function peerNameOf(publicKey: PublicKey): PeerName {
  return peerIdFromPublicKey(publicKeyFromRaw(idBytes(publicKey))).toString()
}

/** Names whose keys are remembered. Nodes ask for those of their links again and again. */
const KNOWN_MAX = 1_024
const known = new Map<PeerName, PublicKey>()

/**
 * The node key that a peer id stands for; undefined for other text and for keys of another type.
 * Cost: about 15 us, nothing for one of the last 1,024 names.
 */
export function publicKeyOfPeer(name: PeerName): PublicKey | undefined {
  const key = known.get(name) ?? readKey(name)
  if (key === undefined || known.has(name)) return key
  for (const [oldest] of known) {
    if (known.size < KNOWN_MAX) break
    known.delete(oldest)
  }
  known.set(name, key)
  return key
}

function readKey(name: PeerName): PublicKey | undefined {
  try {
    const peer = peerIdFromString(name)
    return peer.type === 'Ed25519' ? publicKeyOf(peer.publicKey.raw) : undefined
  } catch {
    return undefined
  }
}

/**
 * The libp2p key of a 32-byte Ed25519 seed.
 * @throws P2pError P2P_BAD_KEY for another length
 */
export async function libp2pKeyOf(seed: Uint8Array): Promise<PrivateKey> {
  if (seed.length !== 32) {
    throw new P2pError({ code: 'P2P_BAD_KEY', lengthBytes: seed.length }, 'a node key is a seed of 32 bytes')
  }
  return generateKeyPairFromSeed('Ed25519', seed)
}
