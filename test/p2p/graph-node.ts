// A node of real block graph, real sync sessions and real replicator over the network in memory, with the
// least admission. Its faults are switched frame by frame.

import { type PeerName } from '../../src/base/index.js'
import { createSyncSession, type Block } from '../../src/dag/index.js'
import { createReplicator, type PeerNetwork, type Replicator } from '../../src/p2p/index.js'
import { createPeer, createWriter, loopTurn, networkId, type Peer } from '../dag/kit.js'
import { type ManualClock } from '../fakes/manual-clock.js'
import { type MemoryHub } from '../fakes/memory-network.js'
import { type MemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { quietLog } from '../fakes/until.js'

/** What becomes of a frame on its way out; nothing = it is lost. */
export type Fault = (frame: Uint8Array) => Promise<readonly Uint8Array[]>

/** A node under test. */
export interface GraphNode {
  readonly peer: Peer
  readonly network: PeerNetwork
  readonly replicator: Replicator
  /** Bytes of blocks that came in, by who sent them. */
  readonly bytesFrom: Map<PeerName, number>
  /** Blocks that a session took in, the same one again included. */
  blocksIn: number
}

// A credit far below what is to be fetched, so that no peer has sent all before the others are asked.
const narrow = { creditBytes: 65_536, blocksFrameBytes: 8_192 }

export async function makeGraphNode(
  hub: MemoryHub, clock: ManualClock, name: string, options: { index?: MemoryIndex, fault?: Fault } = {}
): Promise<GraphNode> {
  const peer = await createPeer(name, { clock }, options.index)
  const network = hub.join(name)
  const bytesFrom = new Map<PeerName, number>()
  const pass: Fault = async (frame) => [frame]
  const replicator = createReplicator({}, {
    network, clock, random: seededRandom(name.length), log: quietLog,
    recordCount: () => peer.store.totals.recordCount,
    holds: (id) => peer.dag.holds(id),
    admitBlock(block, from) {
      node.blocksIn += 1
      bytesFrom.set(from, (bytesFrom.get(from) ?? 0) + block.length)
      return peer.admit(block, from)
    },
    verifyHeader: () => true,
    openSession: (wire) => createSyncSession({ networkId, peer: wire.peer, ...narrow }, {
      dag: peer.dag, clock, log: quietLog,
      admit: (block, from) => wire.admit(block, from),
      async send(frame) {
        // A frame takes a turn of the event loop, so that sessions run side by side.
        await loopTurn()
        for (const one of await (options.fault ?? pass)(frame)) await wire.send(one)
      },
      recordCount: () => peer.store.totals.recordCount
    })
  })
  const node: GraphNode = { peer, network, replicator, bytesFrom, blocksIn: 0 }
  await network.start()
  replicator.start()
  return node
}

/** Feeds of equal length; each block holds two records of `recordBytes`. */
export function feedsOf(count: number, length: number, recordBytes = 1_000): readonly Block[] {
  return Array.from({ length: count }, (_, feed) => {
    const writer = createWriter(`feed ${feed}`)
    return Array.from({ length }, (__, seq) => writer.next([], {
      texts: ['a', 'b'].map((half) => `${feed} ${seq} ${half} `.padEnd(recordBytes, 'x'))
    }))
  }).flat()
}
