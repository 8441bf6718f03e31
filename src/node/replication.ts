// Replication of a node: gossip and sync over its network, into its write side.

import type { Hash } from '../base/index.js'
import { verifyHeader, type AdmissionRules, type Dag, type Holdings } from '../dag/index.js'
import type { Ingest } from '../ingest/index.js'
import { createReplicator, publicKeyOfPeer, type PeerNetwork, type Replicator } from '../p2p/index.js'
import type { Store } from '../store/index.js'
import type { NodeAudit } from './audit.js'
import { LOCAL_BLOCKS } from './open-graph.js'
import type { OwnFeed } from './own-feed.js'
import type { NodeParts } from './setup.js'
import type { StateTags } from './state-tag.js'
import { openNodeSession } from './sync-session.js'

/** The parts that replication works on. */
export interface ReplicatedParts {
  readonly dag: Dag
  readonly store: Store
  readonly rules: AdmissionRules
  readonly ownFeed: OwnFeed
  readonly holdings: Holdings
  readonly tags: StateTags
  readonly audit: NodeAudit
}

/** A replicator of these parts, not started. */
export function createReplication(
  ports: NodeParts, core: ReplicatedParts, ingest: Ingest, network: PeerNetwork
): Replicator {
  const { clock, random, log } = ports
  const replicator = createReplicator({}, {
    network, clock, random, log,
    recordCount: () => core.store.totals.recordCount,
    holds: (id: Hash) => core.dag.holds(id),
    admitBlock: (block, from) => ingest.admitBlock(block, from),
    verifyHeader: (header) => verifyHeader(header, core.rules, ports.verify) === undefined,
    onHave: (peer, ids) => told(core.holdings, peer, ids),
    audit: {
      open: (wire) => core.audit.open(wire), serve: (wire) => core.audit.serve(wire),
      hasOpen: () => core.audit.counts().open > 0, soon: core.store.unclean
    },
    openSession: (wire) => openNodeSession(wire, core, { clock, log })
  })
  let joining = true
  void replicator.whenSynced.then(() => (joining = false))
  core.dag.allowance.exempt((peer) => peer === LOCAL_BLOCKS || (joining && network.isChosen(peer)))
  return replicator
}

function told(holdings: Holdings, peer: string, ids: readonly Hash[]): number {
  const node = publicKeyOfPeer(peer)
  return node === undefined ? 0 : holdings.told(node, ids)
}
