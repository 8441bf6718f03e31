// A grow-only set on a whole node: each element is an assertion about one subject, the set is what all peers
// know of it.

import { join } from 'node:path'
import { blake3, systemClock, systemRandom, utf8Bytes, type Hash, type PeerName } from '../../src/base/index.js'
import { DEFAULTS } from '../../src/ingest/index.js'
import { createNode, silentLog, type StemeNode } from '../../src/node/index.js'
import { createGenesis, peerNameOf, type OpenedGenesis, type PeerNetwork } from '../../src/p2p/index.js'
import { buildAssertion, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { openLevel } from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'

const cacheBytes = 33_554_432
const subject = 'set'
const predicate = 'element'

/** A set. */
export interface SetNode {
  /** Resolves when the element is durable here. */
  add(element: number): Promise<void>
  /** Elements known here, in no order. */
  elements(): readonly number[]
  stop(): Promise<void>
}

/** Where a set lives. */
export interface SetPlace {
  readonly id: string
  /** An empty one. */
  readonly directory: string
  readonly network: PeerNetwork
}

/** The peer name of a node id: node keys come from the ids, so that each node knows all names. */
export function peerNameOfId(id: string): PeerName {
  return peerNameOf(nodeSigner(id).publicKey)
}

/** Starts a set on an empty directory. */
export async function openSetNode(
  place: SetPlace
): Promise<SetNode> {
  const genesis = sharedGenesis()
  const node = nodeOn(genesis, place)
  const elements = new Set<number>()
  node.onEvent((_, event) => {
    if (event.kind === 'record') void learn(node, event.id, elements)
  })
  await node.start()
  const agent = createSigner(seedFromName(`agent ${place.id}`))
  return {
    async add(element: number): Promise<void> {
      const fields = { timestampMs: systemClock.nowMs(), subject, predicate, object: element }
      const [result] = await node.admit([buildAssertion(fields, agent, genesis.networkId)])
      if (result?.kind !== 'admitted' && result?.kind !== 'known') throw new Error('the node is busy')
      elements.add(element)
    },
    elements: () => [...elements],
    stop: () => node.stop()
  }
}

async function learn(node: StemeNode, id: Hash, elements: Set<number>): Promise<void> {
  const found = await node.record(id)
  if (found?.record?.kind === 'assertion' && typeof found.record.object === 'number') {
    elements.add(found.record.object)
  }
}

function nodeOn(
  genesis: OpenedGenesis,
  { id, directory, network }: SetPlace
): StemeNode {
  return createNode(
    {
      genesis, signer: nodeSigner(id), walDirectory: join(directory, 'wal'),
      markerPath: join(directory, 'wal.marker'), incarnationPath: join(directory, 'incarnation'),
      dataDirectory: directory, expectsPeers: false, ingest: { ...DEFAULTS, verifyWorkers: 0 },
      trust: { workers: 0 }
    },
    {
      clock: systemClock, random: systemRandom, disk: createFileDisk(), log: silentLog,
      level: openLevel({ directory: join(directory, 'index'), cacheBytes }),
      yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
      createNetwork: () => Promise.resolve(network)
    }
  )
}

function nodeSigner(id: string): Signer {
  return createSigner(blake3(utf8Bytes(`maelstrom ${id}`)))
}

function sharedGenesis(): OpenedGenesis {
  return createGenesis({ name: 'maelstrom', created: 0, governors: [nodeSigner('governor').publicKey] })
}
