// The ways in which gossip dies silently while the peers stay connected, on real processes: the topic
// is mute, it is mended, and what is written then arrives by gossip alone (the hostile peer never syncs).

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFederation, hostileName, type Federation } from '../../scripts/cluster/federation.js'
import type { HostilePeer } from '../../scripts/cluster/hostile-peer.js'
import { waitFor, type ProcessNode } from '../../scripts/cluster/process-node.js'
import { freePort, openRelay, type Relay } from '../../scripts/cluster/relay.js'
import { addressOf, metricOf, peersOf, waitForGossip, waitForMute, waitForRecords } from './observe.js'

let federation: Federation

beforeAll(async () => {
  federation = await createFederation({ name: 'deaths' })
})

afterAll(() => federation.end())

async function expectGossip(node: ProcessNode, peer: HostilePeer): Promise<void> {
  const { messages } = await peer.state()
  const text = `after a death ${messages}`
  await federation.write(node, text)
  await waitFor('the record by gossip', 10_000, async () => (await peer.state()).messages > messages)
}

describe('a link that stays up while its gossip is dead', () => {
  let node: ProcessNode
  let peer: HostilePeer

  // Its id sorts before the node's: of two connections both sides keep the one that it dialled.
  beforeAll(async () => {
    peer = await federation.hostile(hostileName('before', federation.founder.peer))
    node = await federation.start(federation.founder, [peer.addresses[0] ?? ''])
    await waitForGossip(node, [peer.name])
    await expectGossip(node, peer)
  })

  afterAll(async () => {
    await peer.kill()
    await node.kill('SIGKILL')
  })

  async function mendings(): Promise<number> {
    return await metricOf(node, 'p2p_gossip_refreshes_total') + await metricOf(node, 'p2p_gossip_redials_total')
  }

  it.each([
    ['one message larger than gossipsub reads', { do: 'oversized', bytes: 4_194_305 }],
    ['a reset of the stream that the node writes', { do: 'reset', direction: 'inbound' }],
    ['a reset of the stream that the node reads', { do: 'reset', direction: 'outbound' }]
  ] as const)('heals after %s', async (_, order) => {
    const before = await mendings()
    await peer.tell(order)
    await waitForMute(node, peer.name)
    await waitForGossip(node, [peer.name])
    expect(await mendings()).toBeGreaterThan(before)
    await expectGossip(node, peer)
  })

  // The node dialled; the peer dials too, and by the dial rule the connection with both streams is closed.
  it('heals after a second dial, by which the first connection closes', async () => {
    expect((await peersOf(node))[0]?.direction).toBe('outbound')
    await peer.tell({ do: 'dial', address: addressOf(node) })
    await waitFor('the first connection is gone', 10_000, async () =>
      (await peersOf(node))[0]?.direction === 'inbound' && await metricOf(node, 'p2p_links_count') === 1)
    await waitForGossip(node, [peer.name])
    await expectGossip(node, peer)
  })
})

describe('two nodes that dial each other at the same moment', () => {
  let nodes: readonly ProcessNode[]
  let relays: readonly Relay[]

  // Each is known by its relay alone: a link that was dialled anew must not pass it by.
  beforeAll(async () => {
    const members = [await federation.member('left'), await federation.member('right')]
    relays = [await openRelay(), await openRelay()]
    const addresses = relays.map((relay, i) => `/ip4/127.0.0.1/tcp/${relay.port}/p2p/${members[i]?.peer}`)
    nodes = await Promise.all(members.map(async (member, i) => {
      const port = await freePort()
      const [own = '', relay] = [addresses[i], relays[i]]
      if (relay !== undefined) relay.target = port
      const places = { listen: `/ip4/127.0.0.1/tcp/${port}`, announce: own }
      return federation.start(member, addresses.toSpliced(i, 1), places)
    }))
  })

  afterAll(async () => {
    for (const relay of relays) await relay.close()
  })

  const nodeAt = (i: number): ProcessNode => {
    const node = nodes[i]
    if (node === undefined) throw new Error(`no node ${i}`)
    return node
  }

  it('keep one connection, and gossip on it, three times in a row', async () => {
    const [left, right] = [nodeAt(0), nodeAt(1)]
    const names = nodes.map((node) => addressOf(node).split('/').at(-1) ?? '')
    for (let round = 0; round < 3; round++) {
      for (const relay of relays) relay.hold()
      for (const relay of relays) relay.cut()
      await waitFor('both have dialled', 60_000, async () => relays.every((relay) => relay.held > 0))
      for (const relay of relays) relay.release()
      await Promise.all([waitForGossip(left, [names[1] ?? '']), waitForGossip(right, [names[0] ?? ''])])
      await waitFor('one connection', 10_000, async () =>
        await metricOf(left, 'p2p_links_count') === 1 && await metricOf(right, 'p2p_links_count') === 1)
      const ids = [await federation.write(left, `left ${round}`), await federation.write(right, `right ${round}`)]
      await Promise.all([waitForRecords(left, ids, 20_000), waitForRecords(right, ids, 20_000)])
    }
  })
})
