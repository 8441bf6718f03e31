// One sync session of this node with one peer: dag's state machine over a wire of p2p.

import type { Clock, Log } from '../base/index.js'
import { createSyncSession, SYNC_DEFAULTS, type AdmissionRules, type Dag, type SyncSession } from '../dag/index.js'
import { publicKeyOfPeer, type SessionWire } from '../p2p/index.js'
import type { Store } from '../store/index.js'
import type { OwnFeed } from './own-feed.js'

/** Opens the session that a wire carries. */
export function openNodeSession(
  wire: SessionWire,
  core: {
    readonly dag: Dag
    readonly store: Store
    readonly rules: AdmissionRules
    readonly ownFeed: OwnFeed
  },
  ports: { readonly clock: Clock; readonly log: Log }
): SyncSession {
  const peerKey = publicKeyOfPeer(wire.peer)
  return createSyncSession(
    {
      ...SYNC_DEFAULTS,
      networkId: core.rules.networkId,
      peer: wire.peer,
      ...(peerKey === undefined ? {} : { peerKey })
    },
    {
      dag: core.dag,
      admit: (block, from) => wire.admit(block, from),
      send: (frame) => wire.send(frame),
      recordCount: () => core.store.totals.recordCount,
      ownFeed: () => core.ownFeed.current.feed,
      onOwnFeedAhead: (seq) => core.ownFeed.retire(`a peer holds its block ${seq}, which is not here`),
      onStatus: () => core.ownFeed.heard(),
      ...ports
    }
  )
}
