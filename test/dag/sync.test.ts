import { describe, expect, it } from 'vitest'
import { type Hash } from '../../src/base/index.js'
import { type Block } from '../../src/dag/index.js'
import { seededRandom } from '../fakes/seeded-random.js'
import {
  at, bytesOf, createPeer, createWriter, idleSigner, record, startMs, type Peer, type Writer
} from './kit.js'
import { codeOf, quiet, resultOf, syncPeers, type Talk } from './sync-kit.js'

/** Blocks of several feeds, each naming the last block of the feed before it as parent. */
function weave(writers: readonly Writer[], rounds: number): Block[] {
  const blocks: Block[] = []
  for (let round = 0; round < rounds; round++) {
    for (const writer of writers) {
      const last = blocks.at(-1)
      const own = last?.header.nodeKey === writer.signer.publicKey
      const parents = last === undefined || own ? [] : [last.header.id]
      blocks.push(writer.next(parents, { texts: [`${writer.signer.publicKey.slice(0, 6)} ${round}`] }))
    }
  }
  return blocks
}

function writersOf(count: number, label = 'w'): readonly Writer[] {
  return Array.from({ length: count }, (_, i) => createWriter(`${label}${i}`))
}

/** Both hold the same, both know, and nothing came twice. */
function expectConverged(a: Peer, b: Peer, talk: Talk): void {
  expect(a.dag.frontier().root).toBe(b.dag.frontier().root)
  expect([resultOf(talk.opener).converged, resultOf(talk.other).converged]).toEqual([true, true])
}

function expectNothingTwice(...peers: readonly Peer[]): void {
  for (const peer of peers) expect(new Set(peer.delivered).size).toBe(peer.delivered.length)
}

describe('sync of two peers', () => {
  it('with equal frontiers takes one round trip and less than 500 bytes', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const blocks = weave(writersOf(3), 3)
    await a.load(blocks)
    await b.load(blocks)
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expect(talk.roundTrips).toBe(1)
    expect(talk.controlBytes).toBeLessThan(500)
  })

  it('of empty peers ends at once', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    expectConverged(a, b, await syncPeers(a, b))
  })

  it('brings a joining peer everything once, whole and complete', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const blocks = weave(writersOf(5), 30)
    await b.load(blocks)
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a, b)
    expect([resultOf(talk.opener).blocksIn, resultOf(talk.other).blocksOut]).toEqual([150, 150])
    expect(talk.roundTrips).toBe(2)
    for (const { header } of blocks) expect(a.dag.isComplete(header.id)).toBe(true)
    const some = at(blocks, 77)
    expect(Buffer.from(a.dag.readBlock(some.header.id) ?? [])).toEqual(Buffer.from(bytesOf(some)))
  })

  it('serves the joiner when the full peer opens, too', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    await a.load(weave(writersOf(5), 10))
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a, b)
  })

  it('repairs 100 of 10,000 blocks in 16 feeds in 2 round trips and 2 kB of control bytes', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writers = writersOf(16)
    const old = weave(writers, 625)
    await a.load(old)
    await b.load(old)
    const fresh = weave(writers, 7).slice(0, 100)
    await b.load(fresh)
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a, b)
    expect(resultOf(talk.opener).blocksIn).toBe(100)
    expect(talk.roundTrips).toBe(2)
    expect(talk.controlBytes).toBeLessThanOrEqual(2_048)
  }, 120_000)

  it('carries both ways in one session', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const [mine, theirs] = [writersOf(3, 'm'), writersOf(3, 't')]
    const common = weave([...mine, ...theirs], 4)
    await a.load(common)
    await b.load(common)
    await a.load(weave(mine, 5))
    await b.load(weave(theirs, 6))
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a, b)
    expect([resultOf(talk.opener).blocksIn, resultOf(talk.other).blocksIn]).toEqual([18, 15])
    expect(talk.roundTrips).toBe(2)
  })

  it('compares buckets when there are more than 64 tips, in 3 round trips', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writers = writersOf(150)
    const common = weave(writers, 1)
    await a.load(common)
    await b.load(common)
    await b.load(writers.slice(0, 4).map((writer) => writer.next()))
    await a.load(writers.slice(10, 13).map((writer) => writer.next()))
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a, b)
    expect(talk.roundTrips).toBe(3)
    expect(talk.controlBytes).toBeLessThan(6_000)
  }, 60_000)

  it('takes 64 tips inline and asks for buckets at 65', async () => {
    for (const [count, roundTrips] of [[64, 2], [65, 3]] as const) {
      const [a, b] = [await createPeer('a'), await createPeer('b')]
      const writers = writersOf(count)
      const common = weave(writers, 1)
      await a.load(common)
      await b.load(common)
      await b.load([at(writers, 3).next()])
      const talk = await syncPeers(a, b)
      expectConverged(a, b, talk)
      expect(talk.roundTrips).toBe(roundTrips)
    }
  }, 60_000)

  it('fills a gap without sending again what waits behind it', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    const blocks = weave([writer], 40)
    await b.load(blocks)
    await a.load(blocks.slice(0, 10))
    for (const block of blocks.slice(20, 40)) await a.admit(bytesOf(block), 'gossip')
    a.delivered.length = 0
    expect(a.dag.pending.blocks).toBe(20)
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expect(a.delivered).toEqual(blocks.slice(10, 20).map((block) => block.header.id))
    expect(a.dag.pending.blocks).toBe(0)
  })

  it('makes both branches of a fork known to both, decided by hash', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    const trunk = weave([writer], 10)
    const left = [writer.next([], { texts: ['l1'] }), writer.next([], { texts: ['l2'] })]
    writer.rewind(at(trunk, -1).header)
    const right = ['r1', 'r2', 'r3', 'r4', 'r5'].map((text) => writer.next([], { texts: [text] }))
    await a.load([...trunk, ...left])
    await b.load([...trunk, ...right])
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expect([a.dag.forks().length, b.dag.forks().length]).toEqual([1, 1])
    expect(a.dag.frontier().tipCount).toBe(2)
  })

  it('repairs a fork of 600 blocks, deeper than what may wait, in one session', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    const first = writer.next()
    const left = weave([writer], 600)
    writer.rewind(first.header)
    const right = Array.from({ length: 590 }, (_, i) => writer.next([], { texts: [`right ${i}`] }))
    await a.load([first, ...left])
    await b.load([first, ...right])
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
  }, 60_000)

  it('converges when admissions overtake each other', async () => {
    const random = seededRandom(3)
    const delays = (): number => random.integer(12)
    const [a, b] = [await createPeer('a', { delays }), await createPeer('b', { delays })]
    const [mine, theirs] = [writersOf(2, 'm'), writersOf(3, 't')]
    await a.load(weave(mine, 40))
    await b.load(weave(theirs, 40))
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a, b)
  })

  it('goes on where a lost link left it', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    await b.load(weave(writersOf(4), 50))
    const sync = { blocksFrameBytes: 2_000 }
    const first = await syncPeers(a, b, { sync, cutAfter: 12 })
    expect(['SYNC_ABORTED', 'SYNC_LINK']).toContain(codeOf(first.opener))
    const half = a.dag.frontier().tips().reduce((sum, tip) => sum + tip.seq, 0)
    expect(half).toBeGreaterThan(0)
    const talk = await syncPeers(a, b, { sync })
    expectConverged(a, b, talk)
    expect(resultOf(talk.opener).blocksIn).toBeLessThanOrEqual(200 - half)
    expectNothingTwice(a)
  })

  it('stays within the credit and still brings everything', async () => {
    const [a, b] = [await createPeer('a', { delays: () => 2 }), await createPeer('b')]
    await b.load(weave(writersOf(4), 60))
    const talk = await syncPeers(a, b, { sync: { creditBytes: 4_096, blocksFrameBytes: 1_024 } })
    expectConverged(a, b, talk)
    expectNothingTwice(a)
    expect(talk.frames).toBeGreaterThan(30)
  })

  it('asks for more than 256 feeds in several questions', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    await b.load(weave(writersOf(300), 1))
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expectNothingTwice(a)
  }, 60_000)

  it('fetches every block once when sessions run at once', async () => {
    const [a, b, c] = [await createPeer('a'), await createPeer('b'), await createPeer('c')]
    const blocks = weave(writersOf(4), 40)
    await b.load(blocks)
    await c.load(blocks)
    await Promise.all([syncPeers(a, b), syncPeers(a, c)])
    expectNothingTwice(a)
    expect(a.dag.frontier().root).toBe(b.dag.frontier().root)
  })

  it('is not complete while another session fetches what the peer listed', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const blocks = weave(writersOf(2), 5)
    await b.load(blocks)
    const elsewhere = claimAll(a, blocks)
    const beside = resultOf((await besideOthers(a, elsewhere, syncPeers(a, b))).opener)
    expect([beside.blocksIn, beside.converged, beside.complete]).toEqual([0, false, false])
    a.dag.claims.free(elsewhere)
    expect(resultOf((await syncPeers(a, b)).opener).complete).toBe(true)
  })

  it('is complete when the peer has less than we have', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const blocks = weave(writersOf(2), 5)
    await a.load(blocks)
    await b.load(blocks.slice(0, 6))
    const b2 = await createPeer('b2')
    await b2.load(blocks.slice(0, 4))
    const talk = await besideOthers(b2, claimAll(b2, blocks), syncPeers(a, b2))
    expect([resultOf(talk.opener).converged, resultOf(talk.opener).complete]).toEqual([false, true])
    expect(resultOf(talk.other).complete).toBe(false)
    expect(resultOf((await syncPeers(b, a)).opener).complete).toBe(true)
  })

  it('does not ask again for a block that waits for the clock, but for what stands below it', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    const blocks = weave([writer], 5)
    const ahead = [1, 2].map((hours) => writer.next([], { sealedAtMs: startMs + hours * 3_600_000 }))
    await b.load([...blocks, ...ahead])
    for (const block of ahead) a.dag.deferred.add(block.header)
    const talk = await syncPeers(a, b)
    expect(a.delivered).toEqual(blocks.map((block) => block.header.id))
    expect(resultOf(talk.opener).converged).toBe(false)
    a.clock.advance(10 * 3_600_000)
    a.dag.deferred.takeDue(a.clock.nowMs())
    expectConverged(a, b, await syncPeers(a, b))
  })

  it('does not ask again for a chain that waits for the clock and is longer than what may wait', async () => {
    const [a, b] = [await createPeer('a', { deferredHeadersMax: 3 }), await createPeer('b')]
    const writer = createWriter('w')
    const blocks = weave([writer], 5)
    const ahead = [1, 2, 3, 4].map((hours) => writer.next([], { sealedAtMs: startMs + hours * 3_600_000 }))
    await b.load([...blocks, ...ahead])
    for (const block of ahead) a.dag.deferred.add(block.header)
    await syncPeers(a, b)
    expect(a.delivered).toEqual(blocks.map((block) => block.header.id))
    a.clock.advance(2 * 3_600_000)
    a.dag.deferred.takeDue(a.clock.nowMs())
    await syncPeers(a, b)
    expect(a.delivered).toEqual([...blocks, ...ahead.slice(0, 2)].map((block) => block.header.id))
  })

  it('tells a node that others hold blocks of its own feed which it lacks', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    const blocks = weave([writer], 5)
    await a.load(blocks.slice(0, 3))
    await b.load(blocks)
    const seen: number[] = []
    const { feed, nodeKey } = at(blocks, 0).header
    const deps = { ownFeed: (): Hash => feed, onOwnFeedAhead: (seq: number) => void seen.push(seq) }
    await syncPeers(b, a, { sync: { peerKey: nodeKey }, deps })
    expect(seen).toEqual([5, 5])
    await syncPeers(b, a, { sync: { peerKey: nodeKey }, deps })
    expect(seen).toEqual([5, 5])
  })

  it('repairs a block with an absent parent nobody has, and says that it converged', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    await b.load([writer.next([record('nowhere').id]), writer.next()])
    const talk = await syncPeers(a, b)
    expectConverged(a, b, talk)
    expect(a.dag.wanted()).toEqual([record('nowhere').id])
  })
})

/** Makes another session of a peer fetch all of these blocks. */
function claimAll(peer: Peer, blocks: readonly Block[]): object {
  const owner = {}
  peer.dag.claims.enter(owner, () => false)
  const all = { low: 1, high: 1_000 }
  for (const { header } of blocks) peer.dag.claims.take(owner, header.feed.slice(0, 32), all, 1_000)
  return owner
}

/** Lets 16 seconds pass for a peer whose other session gets on. */
async function besideOthers(peer: Peer, owner: object, talk: Promise<Talk>): Promise<Talk> {
  for (let second = 0; second < 16; second++) {
    await quiet()
    peer.dag.claims.renew(owner, 1)
    peer.clock.advance(1_000)
  }
  return talk
}

describe('sync of many peers', () => {
  it('converges with forks, withheld blocks, loss and reordering, for 4 seeds', async () => {
    for (let seed = 1; seed <= 4; seed++) await swarm(seed)
  }, 120_000)
})

/** Five peers gossip with loss while one node forks and withholds; then they sync until they agree. */
async function swarm(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const delays = (): number => random.integer(4)
  const peers = await Promise.all(Array.from({ length: 5 }, (_, i) => createPeer(`p${i}`, { delays })))
  const writers = writersOf(5, `s${seed} `)
  const liar = createWriter('liar', idleSigner('liar'))
  const lies: Block[] = []
  for (let step = 0; step < 60; step++) {
    const place = random.integer(peers.length)
    const own = at(peers, place)
    const writer = at(writers, place)
    const block = writer.next(own.dag.heads().filter((id) => id !== writer.tip?.id).slice(0, 3), {
      texts: [`${seed} ${step}`], sealedAtMs: startMs + step
    })
    await own.add(block)
    for (const peer of peers) if (random.integer(10) < 6) await peer.admit(bytesOf(block), 'gossip')
    if (random.integer(3) !== 0) continue
    liar.rewind(lies.at(-1 - random.integer(4))?.header)
    const lie = liar.next(random.integer(2) === 0 ? [record(`bogus ${step}`).id] : [], {
      texts: [`lie ${seed} ${step}`], sealedAtMs: startMs + step
    })
    lies.push(lie)
    if (random.integer(4) === 0) continue
    for (const peer of peers) if (random.integer(2) === 0) await peer.admit(bytesOf(lie), 'liar')
  }
  const agreed = (): boolean => new Set(peers.map((peer) => peer.dag.frontier().root)).size === 1
  for (let round = 0; round < 10 && !agreed(); round++) {
    for (const [i, peer] of peers.entries()) await syncPeers(peer, at(peers, (i + 1 + random.integer(4)) % 5))
  }
  expect(agreed(), `seed ${seed}`).toBe(true)
  expect(new Set(peers.map((peer) => [...peer.dag.heads()].sort().join())).size, `seed ${seed}`).toBe(1)
}
