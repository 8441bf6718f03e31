// Replication of the real write side: real blocks, graph, sync sessions and admission, over libp2p on
// loopback and over the network in memory.

import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/index.js'
import { createSyncSession, verifyHeader } from '../../src/dag/index.js'
import {
  createReplicator, publicKeyOfPeer, type PeerNetwork, type Replicator
} from '../../src/p2p/index.js'
import { createMemoryHub } from '../fakes/memory-network.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { quietLog, until } from '../fakes/until.js'
import { alice, createMachine, live, networkId, rules, says, type Life, type Machine } from '../ingest/kit.js'
import { makeLoopback } from './loopback.js'

interface Node {
  readonly machine: Machine
  readonly life: Life
  readonly network: PeerNetwork
  readonly replicator: Replicator
  /** Admits records here, seals them and publishes the blocks. */
  write(count: number): Promise<void>
}

const running: Node[] = []

afterEach(async () => {
  for (const node of running.splice(0)) {
    await node.replicator.stop()
    await node.network.stop()
    await node.life.stop()
  }
})

let written = 0

async function makeNode(name: string, network: PeerNetwork): Promise<Node> {
  const machine = createMachine(name)
  const life = await live(machine)
  const { dag, ingest, store } = life
  const replicator = createReplicator({}, {
    network,
    recordCount: () => store.totals.recordCount,
    holds: (id) => dag.holds(id),
    admitBlock: (block, from) => ingest.admitBlock(block, from),
    verifyHeader: (header) => verifyHeader(header, rules()) === undefined,
    openSession(wire) {
      const peerKey = publicKeyOfPeer(wire.peer)
      const options = { networkId, peer: wire.peer, ...(peerKey === undefined ? {} : { peerKey }) }
      return createSyncSession(options, {
        dag, admit: wire.admit, send: wire.send, clock: systemClock, log: quietLog,
        recordCount: () => store.totals.recordCount
      })
    },
    clock: systemClock,
    random: seededRandom(1),
    log: quietLog
  })
  await network.start()
  replicator.start()
  const write = async (count: number): Promise<void> => {
    const sealedBefore = life.sealed.length
    await ingest.admitRecords(Array.from({ length: count }, () => says(alice, `subject ${written++}`, 'value')))
    await ingest.flush()
    for (const { block } of life.sealed.slice(sealedBefore)) await replicator.publish(block)
  }
  const node: Node = { machine, life, network, replicator, write }
  running.push(node)
  return node
}

const root = (node: Node): string => node.life.dag.frontier().root
const equal = (nodes: readonly Node[]): boolean =>
  nodes.every((node) => root(node) === root(nodes[0] as Node) && node.life.dag.frontier().tipCount > 0)

describe.each(['memory', 'libp2p'] as const)('nodes over %s', { timeout: 60_000 }, (kind) => {
  const hub = createMemoryHub()
  let made = 0
  const network = (): Promise<PeerNetwork> =>
    kind === 'memory' ? Promise.resolve(hub.join(`${made++}`)) : makeLoopback({ networkId })

  it('converge when each writes and one joins late', async () => {
    const [a, b] = [await makeNode('a', await network()), await makeNode('b', await network())]
    await b.network.dial(a.network.addresses()[0] ?? '')
    await a.write(20)
    await b.write(20)
    await until('a and b equal', () => equal([a, b]))
    const late = await makeNode('c', await network())
    await late.network.dial(b.network.addresses()[0] ?? '')
    await late.replicator.whenSynced
    await until('all equal', () => equal([a, b, late]))
    expect(late.life.store.totals.recordCount).toBe(40)
    expect(late.replicator.progress()).toMatchObject({ records: 40, remoteRecords: 40, synced: true })
    await late.write(5)
    await until('all equal again', () => equal([a, b, late]) && a.life.store.totals.recordCount === 45)
    expect([a, b, late].flatMap((node) => node.life.failures)).toEqual([])
    expect(a.replicator.stats().sessionsFailed + b.replicator.stats().sessionsFailed).toBe(0)
  })
})
