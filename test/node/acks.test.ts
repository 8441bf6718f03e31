// Acknowledgements of peers: whole nodes over the network in memory, and the counter of waiters alone.

import { afterEach, describe, expect, it } from 'vitest'
import { blake3Hash, parseHash, type Hash, type PublicKey } from '../../src/base/index.js'
import { createHoldings, type Block } from '../../src/dag/index.js'
import { ACK_RECORDS_MAX, createAcks, type Acks } from '../../src/node/acks.js'
import { type AckRequest, type StemeNode } from '../../src/node/index.js'
import { seedFromName } from '../../src/record/index.js'
import { at, createPeer, createWriter, type Peer, type Writer } from '../dag/kit.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub, type MemoryHub } from '../fakes/memory-network.js'
import { settle } from '../fakes/until.js'
import {
  addressOf, alice, boot, createMachine, during, says, startMs, until, type Machine
} from './kit.js'

interface Fleet {
  readonly hub: MemoryHub
  readonly machines: readonly Machine[]
  readonly nodes: readonly StemeNode[]
  readonly first: Machine
}

const running: { readonly machine: Machine, readonly node: StemeNode }[] = []

afterEach(async () => {
  for (const { machine, node } of running.splice(0)) await during(machine, node.stop())
})

/** Nodes that are all linked to the first one. */
async function fleet(count: number): Promise<Fleet> {
  const clock = createManualClock(startMs)
  const hub = createMemoryHub({ clock })
  const machines: Machine[] = []
  const nodes: StemeNode[] = []
  for (let i = 0; i < count; i++) {
    const machine = await createMachine(`n${i}`, { hub, clock })
    const node = await boot(machine)
    machines.push(machine)
    nodes.push(node)
    running.push({ machine, node })
    if (i > 0) await node.dial(addressOf('n0'))
  }
  return { hub, machines, nodes, first: at(machines, 0) }
}

function ask(fleet: Fleet, record: Uint8Array, peers: number, timeoutMs = 5_000): Promise<object> {
  const request = { peers, timeoutMs }
  return during(fleet.first, at(fleet.nodes, 0).admitAcknowledged([record], request))
    .then(([outcome]) => outcome?.ack ?? {})
}

describe('a write that waits for peers', () => {
  it('is answered as soon as so many others hold it, without their next session', async () => {
    const all = await fleet(3)
    const startedMs = all.first.clock.monotonicMs()
    expect(await ask(all, says(alice, 'x', 'y'), 2)).toEqual({ wanted: 2, acknowledgedBy: 2 })
    expect(all.first.clock.monotonicMs() - startedMs).toBeLessThan(1_500)
  })

  it('says how many hold it when the time is over, and counts the others when asked again', async () => {
    const all = await fleet(2)
    const record = says(alice, 'x', 'y')
    expect(await ask(all, record, 2, 1_000)).toEqual({ wanted: 2, acknowledgedBy: 1, code: 'ACK_TIMEOUT' })
    const third = await createMachine('late', { hub: all.hub, clock: all.first.clock })
    const node = await boot(third)
    running.push({ machine: third, node })
    await node.dial(addressOf('n0'))
    expect(await ask(all, record, 2)).toEqual({ wanted: 2, acknowledgedBy: 2 })
  })

  it('counts nobody while alone, and what the others got once they are back', async () => {
    const all = await fleet(2)
    const names = [addressOf('n0'), addressOf('n1')].map((address) => address.slice('memory:'.length))
    all.hub.cut(at(names, 0), at(names, 1))
    const record = says(alice, 'x', 'y')
    expect(await ask(all, record, 1, 500)).toEqual({ wanted: 1, acknowledgedBy: 0, code: 'ACK_TIMEOUT' })
    all.hub.cut(at(names, 0), at(names, 1), false)
    await at(all.nodes, 1).dial(addressOf('n0'))
    expect(await ask(all, record, 1)).toEqual({ wanted: 1, acknowledgedBy: 1 })
  })

  it('counts the sealer of a record that came from elsewhere', async () => {
    const all = await fleet(2)
    const record = says(alice, 'x', 'y')
    await during(all.first, at(all.nodes, 1).admit([record]))
    const id = blake3Hash(record)
    let here = false
    await until(all.first, () => {
      void at(all.nodes, 0).record(id).then((found) => (here = found !== undefined))
      return here
    })
    expect(await ask(all, record, 1)).toEqual({ wanted: 1, acknowledgedBy: 1 })
  })

  it('counts what a peer held before this node was restarted', async () => {
    const all = await fleet(2)
    const record = says(alice, 'x', 'y')
    await ask(all, record, 1)
    await during(all.first, at(all.nodes, 0).stop())
    const again = await boot(all.first)
    running.push({ machine: all.first, node: again })
    await at(all.nodes, 1).dial(addressOf('n0'))
    const request = { peers: 1, timeoutMs: 5_000 }
    const [outcome] = await during(all.first, again.admitAcknowledged([record], request))
    expect(outcome).toMatchObject({ result: { kind: 'known' }, ack: { acknowledgedBy: 1 } })
  })

  it('answers at once for a record of the future, which nobody gets before its time', async () => {
    const all = await fleet(2)
    const record = says(alice, 'x', 'y', startMs + 3_600_000)
    const startedMs = all.first.clock.monotonicMs()
    expect(await ask(all, record, 1)).toEqual({ wanted: 1, acknowledgedBy: 0, code: 'ACK_QUARANTINED' })
    expect(all.first.clock.monotonicMs() - startedMs).toBeLessThan(1_000)
  })

  it('is let go when the node stops', async () => {
    const all = await fleet(1)
    const asked = ask(all, says(alice, 'x', 'y'), 1, 20_000)
    await until(all.first, () => at(all.nodes, 0).stats()['ingest_unsealed_records'] === 0)
    await during(all.first, at(all.nodes, 0).stop())
    expect(await asked).toEqual({ wanted: 1, acknowledgedBy: 0, code: 'ACK_STOPPED' })
  })
})

interface Bench {
  readonly acks: Acks
  readonly clock: ManualClock
  readonly peer: Peer
  readonly own: Writer
  readonly block: Block
  readonly holdings: ReturnType<typeof createHoldings>
  ask(records: readonly Hash[], request: AckRequest): ReturnType<Acks['admit']>
}

/** A counter over a graph in memory; a "record" is the 32 bytes of its id. */
async function bench(): Promise<Bench> {
  const clock = createManualClock()
  const own = createWriter('own')
  const peer = await createPeer('here')
  const block = own.next()
  await peer.load([block])
  const holdings = createHoldings({ dag: peer.dag, self: own.signer.publicKey })
  const acks = createAcks({
    store: peer.store, dag: peer.dag, holdings, clock,
    admit: async (records) => records.map((bytes) => {
      const id = parseHash(Buffer.from(bytes).toString('hex'))
      if (id === undefined) throw new Error('no id')
      return { kind: 'known', id } as const
    })
  })
  return {
    acks, clock, peer, own, block, holdings,
    ask: (ids, request) => acks.admit(ids.map((id) => Buffer.from(id, 'hex')), request)
  }
}

const node = (i: number): PublicKey => createWriter(`node ${i}`).signer.publicKey

describe('the counter of acknowledgements', () => {
  it('counts each node key once, however often it speaks', async () => {
    const { ask, holdings, block, clock } = await bench()
    const asked = ask([at(block.ids, 0)], { peers: 2, timeoutMs: 1_000 })
    await settle()
    for (let i = 0; i < 3; i++) holdings.told(node(1), [block.header.id])
    clock.advance(1_000)
    expect(await asked).toMatchObject([{ ack: { wanted: 2, acknowledgedBy: 1, code: 'ACK_TIMEOUT' } }])
  })

  it('waits for a record that is not in a block yet', async () => {
    const { ask, holdings, own, peer, acks } = await bench()
    const next = own.next()
    const asked = ask(next.ids, { peers: 1, timeoutMs: 1_000 })
    await settle()
    await peer.load([next])
    acks.applied(next.ids)
    await settle()
    holdings.told(node(1), [next.header.id])
    expect((await asked).map(({ ack }) => ack?.acknowledgedBy)).toEqual([1, 1])
  })

  it('adds up the holders of all blocks with the record', async () => {
    const { ask, holdings, own, peer, block } = await bench()
    const twin = own.next([], { texts: ['own 1 a'] })
    expect(twin.ids).toEqual([at(block.ids, block.ids.indexOf(at(twin.ids, 0)))])
    const foreign = createWriter('foreign').next([], { texts: ['own 1 a'] })
    await peer.load([twin, foreign])
    holdings.told(node(1), [block.header.id])
    const [outcome] = await ask(twin.ids, { peers: 2, timeoutMs: 1_000 })
    expect(outcome?.ack).toEqual({ wanted: 2, acknowledgedBy: 2 })
  })

  it('takes 16,384 records that wait and refuses one more before anything is admitted', async () => {
    const { acks, ask, block, clock } = await bench()
    const id = at(block.ids, 0)
    const request = { peers: 1, timeoutMs: 1_000 }
    const batches = Array.from({ length: ACK_RECORDS_MAX / 1_024 }, () =>
      ask(Array.from({ length: 1_024 }, () => id), request))
    expect(acks.waiting).toBe(ACK_RECORDS_MAX)
    await expect(ask([id], request)).rejects.toMatchObject({ code: 'NODE_ACK_BUSY' })
    await settle()
    clock.advance(1_000)
    await Promise.all(batches)
    expect(acks.waiting).toBe(0)
    const last = ask([id], request)
    await settle()
    clock.advance(1_000)
    expect(await last).toHaveLength(1)
    expect(clock.timers).toBe(0)
  })

  it('forgets who waited, whatever became of it', async () => {
    const { ask, acks, clock, holdings, block } = await bench()
    const asked = ask([blake3Hash(seedFromName('nowhere')), at(block.ids, 0)], { peers: 1, timeoutMs: 100 })
    await settle()
    clock.advance(100)
    await asked
    acks.applied([blake3Hash(seedFromName('nowhere'))])
    holdings.told(node(1), [block.header.id])
    expect([acks.waiting, clock.timers]).toEqual([0, 0])
  })
})
