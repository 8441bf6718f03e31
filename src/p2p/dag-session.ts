// Sessions of src/dag, made for the wire that replication gives.

import type { NetworkId } from '../base/index.js'
import { createSyncSession, type SyncDeps, type SyncSession } from '../dag/index.js'
import { publicKeyOfPeer } from './peer-name.js'
import type { SessionWire } from './session-run.js'

/** What sessions need besides their wire. */
export type DagSessionDeps = Omit<SyncDeps, 'admit' | 'send'>

/** A maker of sync sessions over one block graph: the `openSession` of a replicator. */
export function dagSessions(
  options: { readonly networkId: NetworkId }, deps: DagSessionDeps
): (wire: SessionWire) => SyncSession {
  return (wire) => {
    const peerKey = publicKeyOfPeer(wire.peer)
    return createSyncSession(
      { networkId: options.networkId, peer: wire.peer, ...(peerKey === undefined ? {} : { peerKey }) },
      { ...deps, admit: wire.admit, send: wire.send }
    )
  }
}
