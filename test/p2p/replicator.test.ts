// Replication over the network in memory, on a clock that the test moves.

import { describe, expect, it } from 'vitest'
import { NETWORK_LIMITS, REPLICATION_LIMITS } from '../../src/p2p/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub, type MemoryHub } from '../fakes/memory-network.js'
import { settle } from '../fakes/until.js'
import { chain, makeBlockNode, seal, type BlockNode } from './block-node.js'

interface Scene {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  add(name: string, options?: Parameters<typeof makeBlockNode>[2]): Promise<BlockNode>
  link(from: string, to: string): Promise<void>
  pass(ms: number): Promise<void>
}

function scene(): Scene {
  const clock = createManualClock()
  const hub = createMemoryHub({ clock })
  const nodes = new Map<string, BlockNode>()
  return {
    clock,
    hub,
    async add(name, options) {
      const node = makeBlockNode(hub.join(name), clock, options)
      nodes.set(name, node)
      await node.network.start()
      node.replicator.start()
      return node
    },
    async link(from, to) {
      await nodes.get(from)?.network.dial(`memory:${to}`)
      await settle()
    },
    async pass(ms) {
      for (let moved = 0; moved < ms; moved += 50) {
        clock.advance(50)
        await settle(2)
      }
      await settle(10)
    }
  }
}

describe('gossip of blocks', () => {
  it('spreads a published block along a chain of peers', async () => {
    const { add, link } = scene()
    const [a, b, c] = [await add('a'), await add('b'), await add('c')]
    await link('a', 'b')
    await link('b', 'c')
    const [block] = chain('feed', 1)
    if (block === undefined) throw new Error('no block')
    await a.publish(block)
    await settle()
    expect([b, c].map((node) => node.blocks.has(block.header.id))).toEqual([true, true])
    expect(b.replicator.peerStats().find((peer) => peer.peer === 'a')).toMatchObject({ gossipIn: 1, blocksIn: 1 })
  })

  it('does not forward what admission ignores', async () => {
    const { add, link, hub } = scene()
    const [a, b] = [await add('a'), await add('b'), await add('c')]
    await link('a', 'b')
    await link('b', 'c')
    b.verdict = { kind: 'ignore', why: 'deferred' }
    await a.replicator.publish(seal(createSigner(seedFromName('x'))).bytes)
    await settle()
    expect(hub.delivered.get('b')).toBe(1)
    expect(hub.delivered.get('c')).toBeUndefined()
  })

  it('announces a block over the payload limit by its header, and peers fetch it', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    const large = seal(createSigner(seedFromName('large')), undefined, { sizeBytes: 80_000 })
    expect(large.bytes.length).toBeGreaterThan(NETWORK_LIMITS.payloadBytesMax)
    await pass(200)
    await a.publish(large)
    await pass(200)
    expect(b.blocks.has(large.header.id)).toBe(true)
    expect(a.replicator.stats()).toMatchObject({ published: 0, announced: 1, publishFailed: 0 })
  })

  it('publishes a block of exactly the payload limit whole, and announces one byte more', async () => {
    const { add } = scene()
    const a = await add('a')
    for (const [extra, published, announced] of [[0, 1, 0], [1, 1, 1]] as const) {
      await a.publish(sealTo(NETWORK_LIMITS.payloadBytesMax + extra))
      expect(a.replicator.stats()).toMatchObject({ published, announced })
    }
  })

  it('never throws when it cannot publish', async () => {
    const { add } = scene()
    const a = await add('a')
    await a.network.stop()
    await a.replicator.publish(seal(createSigner(seedFromName('x'))).bytes)
    expect(a.replicator.stats().publishFailed).toBe(1)
  })

  it('rejects garbage, and disconnects who keeps sending it for ten minutes', async () => {
    const { add, link, hub, pass, clock } = scene()
    const a = await add('a')
    const evil = hub.join('evil')
    await evil.start()
    await evil.dial('memory:a')
    await pass(2_000)
    for (let i = 0; i < 4; i++) {
      expect(a.network.peers()).toHaveLength(1)
      await evil.publish(Buffer.from([0, 0, 1, i]))
      await settle()
    }
    expect(a.network.peers()).toEqual([])
    expect(a.replicator.stats().expelled).toBe(1)
    await expect(evil.dial('memory:a')).rejects.toHaveProperty('code')
    clock.advance(REPLICATION_LIMITS.expelMs)
    await link('evil', 'a')
    await evil.dial('memory:a')
    expect(a.network.peers()).toHaveLength(1)
  })

  it('forgives a fault now and then', async () => {
    const { add, hub, pass } = scene()
    const a = await add('a')
    const clumsy = hub.join('clumsy')
    await clumsy.start()
    await clumsy.dial('memory:a')
    for (let i = 0; i < 8; i++) {
      await clumsy.publish(Buffer.from([0, 0, 2, i]))
      await pass(150_000)
    }
    expect(a.replicator.stats().expelled).toBe(0)
  })

  it('punishes an oversized message and keeps the link', async () => {
    const clock = createManualClock()
    const hub = createMemoryHub({ clock, payloadBytesMax: 1_000_000 })
    const a = makeBlockNode(hub.join('a'), clock)
    await a.network.start()
    a.replicator.start()
    const evil = hub.join('evil')
    await evil.start()
    await evil.dial('memory:a')
    await evil.publish(Buffer.alloc(NETWORK_LIMITS.payloadBytesMax + 1))
    await settle()
    expect(a.replicator.peerStats()[0]).toMatchObject({ gossipRejected: 1, score: 30 })
    expect(a.network.peers()).toHaveLength(1)
    expect(a.blocks.size).toBe(0)
  })

  it.each([
    'known', 'gap', 'newer version', 'sealed in the future', 'share of its node used up', 'no room on the disk',
    'busy', 'log', 'stopping', 'too many bad signatures'
  ])('blames nobody for a block that is ignored: %s', async (why) => {
    const { add, link } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    b.verdict = { kind: 'ignore', why }
    await a.replicator.publish(seal(createSigner(seedFromName('x'))).bytes)
    await settle()
    const stats = b.replicator.peerStats()[0]
    expect(stats).toMatchObject({ gossipIn: 1, gossipIgnored: 1, gossipRejected: 0, score: 0 })
  })

  it('opens no session over a block that was put off, though its predecessor is missing', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(2_000)
    const signer = createSigner(seedFromName('parents'))
    const missing = seal(createSigner(seedFromName('missing')))
    const opened = b.opened
    b.verdict = { kind: 'ignore', why: 'share of its node used up' }
    await a.replicator.publish(seal(signer, undefined, { parents: [missing.header.id] }).bytes)
    await pass(1_000)
    expect(b.opened).toBe(opened)
  })

  it('ignores a newer encoding without points', async () => {
    const { add, hub } = scene()
    const a = await add('a')
    const newer = hub.join('newer')
    await newer.start()
    await newer.dial('memory:a')
    a.verdict = { kind: 'ignore', why: 'newer' }
    await newer.publish(Buffer.from([1, 0, 1, 9]))
    await settle()
    expect(a.replicator.peerStats()[0]).toMatchObject({ gossipIgnored: 1, score: 0 })
  })
})

describe('sync sessions', () => {
  it('brings a joiner everything at once, and reports how far it is', async () => {
    const { add, link, pass } = scene()
    const a = await add('a')
    for (const block of chain('feed', 50)) a.take(block)
    const b = await add('b')
    let synced = false
    void b.replicator.whenSynced.then(() => (synced = true))
    expect(b.replicator.progress()).toMatchObject({ records: 0, bytes: 0, synced: false })
    await link('b', 'a')
    await pass(1_000)
    expect(b.blocks.size).toBe(50)
    expect(synced).toBe(true)
    const bytes = [...a.blocks.values()].reduce((sum, block) => sum + block.length, 0)
    expect(b.replicator.progress()).toMatchObject({ here: 50, records: 50, remoteRecords: 50, synced: true })
    expect(b.replicator.progress().bytes).toBeGreaterThan(bytes)
    expect(b.replicator.progress().recordsPerSecond).toBeGreaterThan(0)
    expect(b.replicator.peerStats()[0]).toMatchObject({ peer: 'a', sessions: 1, blocksIn: 50, equalFrontier: true })
  })

  it('is synced only after a session that left nothing to fetch', async () => {
    const { add, link, pass } = scene()
    await add('a')
    const b = await add('b')
    b.ending = { converged: false, complete: false }
    await link('b', 'a')
    await pass(1_000)
    expect(b.replicator.peerStats()[0]).toMatchObject({ sessions: 1, blocksIn: 0, equalFrontier: false })
    expect(b.replicator.progress().synced).toBe(false)
    b.ending = { converged: false, complete: true }
    await pass(20_000)
    expect(b.replicator.progress().synced).toBe(true)
    expect(b.replicator.peerStats()[0]).toMatchObject({ equalFrontier: false })
  })

  it('is not synced by a peer with little while another session is bringing more', async () => {
    const { add, link, pass } = scene()
    await add('mute', { hang: true })
    await add('poor')
    const b = await add('b')
    b.blocksWanted = 7
    await link('b', 'mute')
    await link('b', 'poor')
    await pass(5_000)
    expect(b.results.map(({ peer }) => peer)).toContain('poor')
    expect(b.replicator.progress().synced).toBe(false)
    b.blocksWanted = 0
    await pass(20_000)
    expect(b.replicator.progress().synced).toBe(true)
  })

  it('opens one session on connect, from the side that dialled', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(3_000)
    expect([a.opened, b.opened]).toEqual([1, 1])
    expect([a.results.length, b.results.length]).toEqual([1, 1])
  })

  it('runs one session when both sides open one at the same moment', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(3_000)
    const both = await Promise.all([a.replicator.syncWith('b'), b.replicator.syncWith('a')])
    await settle()
    expect(both[0]).toBeDefined()
    expect(both[1]).toBeUndefined()
    expect([a.results.length, b.results.length]).toEqual([2, 2])
    expect(a.replicator.stats().sessionsFailed + b.replicator.stats().sessionsFailed).toBe(0)
  })

  it('converges over a link whose gossip is dead, within fifteen seconds', async () => {
    const { add, link, hub, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(3_000)
    hub.mute('a', 'b')
    hub.mute('b', 'a')
    for (const block of chain('quiet', 3)) await a.publish(block)
    await settle()
    expect(b.blocks.size).toBe(0)
    await pass(15_500)
    expect(b.blocks.size).toBe(3)
  })

  it('asks the sender at once when a block lacks its prev', async () => {
    const { add, link, hub, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(1_000)
    const [one, two] = chain('gap', 2)
    if (one === undefined || two === undefined) throw new Error('no chain')
    hub.mute('a', 'b')
    await a.publish(one)
    await settle()
    hub.mute('a', 'b', false)
    const before = b.opened
    await a.publish(two)
    await pass(100)
    expect(b.opened).toBe(before + 1)
    expect(b.blocks.size).toBe(2)
  })

  it('gives unknown parents a moment, then asks the sender', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(1_000)
    const [parent] = chain('parent', 1)
    if (parent === undefined) throw new Error('no parent')
    a.take(parent)
    const child = seal(createSigner(seedFromName('child')), undefined, { parents: [parent.header.id] })
    await a.publish(child)
    await pass(100)
    expect([b.blocks.has(child.header.id), b.blocks.has(parent.header.id)]).toEqual([true, false])
    await pass(300)
    expect(b.blocks.has(parent.header.id)).toBe(true)
  })

  it('asks another peer for a parent that the sender does not have', async () => {
    const { add, link, pass } = scene()
    const limits = { syncEveryMs: 10_000_000 }
    const [a, b, c] = [await add('a', { limits }), await add('b', { limits }), await add('c', { limits })]
    await link('a', 'b')
    await link('b', 'c')
    await pass(2_000)
    const [parent] = chain('elsewhere', 1)
    if (parent === undefined) throw new Error('no parent')
    c.take(parent)
    const child = seal(createSigner(seedFromName('orphan')), undefined, { parents: [parent.header.id] })
    await a.publish(child)
    await pass(2_000)
    expect(b.blocks.has(parent.header.id)).toBe(true)
  })

  it('does not ask when the parent arrives in time', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(1_000)
    const [parent] = chain('late parent', 1)
    if (parent === undefined) throw new Error('no parent')
    const child = seal(createSigner(seedFromName('late child')), undefined, { parents: [parent.header.id] })
    const before = b.opened
    await a.publish(child)
    await settle()
    await a.publish(parent)
    await pass(500)
    expect(b.blocks.size).toBe(2)
    expect(b.opened).toBe(before)
  })

  it('compares when a link that was silent for five seconds speaks again', async () => {
    const { add, link, pass } = scene()
    const limits = { syncEveryMs: 10_000_000 }
    const [a, b] = [await add('a', { limits }), await add('b', { limits })]
    await link('a', 'b')
    await pass(8_000)
    const before = b.opened
    const [one, two] = chain('silence', 2)
    if (one === undefined || two === undefined) throw new Error('no chain')
    await a.publish(one)
    await pass(200)
    expect(b.opened).toBe(before + 1)
    await a.publish(two)
    await pass(200)
    expect(b.opened).toBe(before + 1)
  })

  it('asks those peers that are named and connected, else any one', async () => {
    const { add, link, pass } = scene()
    const limits = { syncEveryMs: 10_000_000 }
    const [a, b, c] = [await add('a', { limits }), await add('b', { limits }), await add('c', { limits })]
    await a.replicator.ask(['nobody'])
    await link('a', 'b')
    await link('a', 'c')
    await pass(3_000)
    const before = [b.opened, c.opened]
    a.replicator.ask(['c', 'gone'])
    await pass(500)
    expect([b.opened, c.opened]).toEqual([before[0], (before[1] ?? 0) + 1])
    a.replicator.ask(['gone'])
    await pass(500)
    expect(b.opened + c.opened).toBe((before[0] ?? 0) + (before[1] ?? 0) + 2)
  })

  it('melts many requests into one session after the gap', async () => {
    const { add, link, pass } = scene()
    const [a, b] = [await add('a'), await add('b')]
    await link('a', 'b')
    await pass(2_000)
    const before = b.opened
    const orphans = Array.from({ length: 40 }, (_, i) => chain(`orphans ${i}`, 2)[1])
    for (const orphan of orphans) if (orphan !== undefined) await a.replicator.publish(orphan.bytes)
    await pass(200)
    expect(b.opened - before).toBeLessThanOrEqual(3)
  })

  it('ends a session that says nothing for a minute, and the link with it, without points', async () => {
    const { add, link, pass } = scene()
    const a = await add('a')
    await add('mute', { hang: true })
    await link('a', 'mute')
    await pass(50_000)
    expect(a.replicator.stats()).toMatchObject({ sessionsRunning: 1, sessionsFailed: 0 })
    await pass(11_000)
    expect(a.replicator.stats()).toMatchObject({ sessionsFailed: 1, expelled: 0 })
    expect(a.replicator.peerStats()[0]).toMatchObject({ score: 0 })
    expect(a.network.peers()).toEqual([])
    await link('a', 'mute')
    expect(a.network.peers()).toHaveLength(1)
  })

  it('disconnects a peer after two sessions that broke the protocol', async () => {
    const { add, link, pass } = scene()
    const a = await add('a', { misbehave: true })
    await add('b')
    await link('a', 'b')
    await pass(30_000)
    expect(a.replicator.stats().expelled).toBe(1)
    expect(a.network.peers()).toEqual([])
  })

  it('ends the sessions of a link that goes, and syncs again when it is back', async () => {
    const { add, link, hub, pass } = scene()
    const a = await add('a')
    await add('mute', { hang: true })
    await link('a', 'mute')
    await pass(100)
    expect(a.replicator.stats().sessionsRunning).toBe(1)
    hub.cut('a', 'mute')
    await settle()
    expect(a.replicator.stats().sessionsRunning).toBe(0)
  })

  it('ends its sessions and timers when it stops, twice', async () => {
    const { add, link, pass, clock } = scene()
    const a = await add('a')
    await add('mute', { hang: true })
    await link('a', 'mute')
    await pass(100)
    await a.replicator.stop()
    await a.replicator.stop()
    expect(a.replicator.stats().sessionsRunning).toBe(0)
    const opened = a.opened
    clock.advance(120_000)
    await settle()
    expect(a.opened).toBe(opened)
  })
})

// A block of exactly this many bytes, found by trying: the lengths of texts have lengths of their own.
function sealTo(bytes: number): ReturnType<typeof seal> {
  const signer = createSigner(seedFromName('exact'))
  const near = bytes - 1_000
  const off = bytes - seal(signer, undefined, { sizeBytes: near }).bytes.length
  for (let size = near + off - 8; size < near + off + 8; size++) {
    const block = seal(signer, undefined, { sizeBytes: size })
    if (block.bytes.length === bytes) return block
  }
  throw new Error(`no block of ${bytes} bytes`)
}
