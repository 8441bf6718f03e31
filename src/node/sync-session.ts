// One sync session of this node with one peer: dag's state machine over a wire of p2p.

import type { Clock, Log, PublicKey } from '../base/index.js'
import {
  createSyncSession, SYNC_DEFAULTS, type AdmissionRules, type Dag, type Holdings, type Status,
  type SyncSession
} from '../dag/index.js'
import { publicKeyOfPeer, type SessionWire } from '../p2p/index.js'
import type { Store } from '../store/index.js'
import type { OwnFeed } from './own-feed.js'
import type { StateTags } from './state-tag.js'

/** Opens the session that a wire carries. */
export function openNodeSession(
  wire: SessionWire,
  core: {
    readonly dag: Dag
    readonly store: Store
    readonly rules: AdmissionRules
    readonly ownFeed: OwnFeed
    readonly tags: StateTags
    readonly holdings: Holdings
  },
  ports: { readonly clock: Clock; readonly log: Log }
): SyncSession {
  const peerKey = publicKeyOfPeer(wire.peer)
  const session = createSyncSession(
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
      onOwnFeedAhead: (seq) => core.ownFeed.shown(seq),
      // Never makes one: a peer that asks must not cost a pass over all views.
      stateTag: () => core.tags.current()?.bytes,
      onStatus: (status) => {
        core.ownFeed.heard(wire.peer, status.yourTip?.id)
        if (peerKey !== undefined) note(core.holdings, peerKey, status)
      },
      ...(peerKey === undefined ? {} : {
        onEqual: (view) => core.holdings.equal(peerKey, view)
      }),
      ...ports
    }
  )
  if (peerKey !== undefined) {
    session.done.then((result) => core.tags.compare(peerKey, result), () => undefined)
  }
  return session
}

/** What a peer knows of our feed it holds. */
function note(holdings: Holdings, peerKey: PublicKey, { yourTip }: Status): void {
  if (yourTip !== undefined) holdings.told(peerKey, [yourTip.id])
}
