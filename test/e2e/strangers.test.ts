// Who does not belong stays out: another network, another pre-shared key, a closed federation.

import { afterAll, describe, expect, it } from 'vitest'
import { createFederation, type Federation } from '../../scripts/cluster/federation.js'
import type { HostilePeer } from '../../scripts/cluster/hostile-peer.js'
import { waitFor, type ProcessNode } from '../../scripts/cluster/process-node.js'
import { openRelay, type Relay } from '../../scripts/cluster/relay.js'
import { addressOf, peersOf, portOf, waitForGossip, waitForRecords } from './observe.js'

const federations: Federation[] = []
const relays: Relay[] = []

afterAll(async () => {
  for (const relay of relays) await relay.close()
  for (const federation of federations) await federation.end()
})

async function found(options: Parameters<typeof createFederation>[0]): Promise<Federation> {
  const federation = await createFederation(options)
  federations.push(federation)
  return federation
}

/** A relay in front of a node, which counts who knocks, and its address with the node's name. */
async function doorOf(node: ProcessNode): Promise<readonly [Relay, string]> {
  const relay = await openRelay()
  relays.push(relay)
  relay.target = portOf(node)
  return [relay, addressOf(node).replace(/\/tcp\/\d+/, `/tcp/${relay.port}`)]
}

/** A friend of the federation still links, gossips and gets what is written. */
async function expectOpenFor(federation: Federation, node: ProcessNode): Promise<void> {
  const member = await federation.member('friend')
  const friend = await federation.start(member, [addressOf(node)])
  await waitForGossip(friend, [federation.founder.peer])
  await waitForGossip(node, [member.peer])
  await waitForRecords(friend, [await federation.write(node, 'for friends')])
}

async function expectHungUp(peer: HostilePeer, address: string): Promise<void> {
  await peer.tell({ do: 'dial', address }).catch(() => undefined)
  await waitFor('the stranger is hung up on', 15_000, async () => (await peer.state()).connections === 0)
}

describe('a node of another network', () => {
  it('gets no link, however often it knocks', async () => {
    const federation = await found({ name: 'ours' })
    const other = await found({ name: 'theirs' })
    const node = await federation.start(federation.founder, [])
    const [door, address] = await doorOf(node)
    const stranger = await other.start(other.founder, [address])
    await other.write(stranger, 'theirs')
    await waitFor('it knocked twice', 30_000, async () => door.accepted >= 2)
    const peer = await federation.hostile('of another network', { networkId: other.networkId })
    await expectHungUp(peer, addressOf(node))
    expect([await peersOf(node), await peersOf(stranger)]).toEqual([[], []])
    await expectOpenFor(federation, node)
    expect((await node.state()).records).toBe(1)
    expect((await peer.state()).messages).toBe(0)
  })
})

describe('a private network', () => {
  it('links nobody with another key, or none', async () => {
    const federation = await found({ name: 'private', sharedKey: true })
    const node = await federation.start(federation.founder, [])
    const [door, address] = await doorOf(node)
    const wrong = await federation.member('wrong', { sharedKey: new Uint8Array(32).fill(7) })
    const stranger = await federation.start(wrong, [address])
    await waitFor('it knocked twice', 60_000, async () => door.accepted >= 2)
    const peer = await federation.hostile('without a key', { sharedKey: '08'.repeat(32) })
    await expectHungUp(peer, addressOf(node))
    expect([await peersOf(node), await peersOf(stranger)]).toEqual([[], []])
    await expectOpenFor(federation, node)
  })
})

describe('a closed federation', () => {
  it('links the nodes that a governor named, and nobody else', async () => {
    const federation = await found({ name: 'closed', admission: 'closed' })
    const node = await federation.start(federation.founder, [])
    const stolen = federation.certificateOf(federation.founder.nodeKey)
    for (const [name, more] of [['nobody', {}], ['thief', { certificate: stolen }]] as const) {
      const peer = await federation.hostile(name, more)
      await expectHungUp(peer, addressOf(node))
      expect(await peersOf(node)).toEqual([])
    }
    await expectOpenFor(federation, node)
    const thief = await federation.hostile('thief again', { certificate: stolen })
    await expectHungUp(thief, addressOf(node))
    expect((await thief.state()).messages).toBe(0)
    expect((await peersOf(node)).map(({ gossip }) => gossip)).toEqual([true])
  })
})
