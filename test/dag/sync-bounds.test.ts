// Sync where much waits, or where a node has had its share.

import { describe, expect, it } from 'vitest'
import { type Block } from '../../src/dag/index.js'
import { at, bytesOf, createPeer, createWriter, idleSigner, startMs, type Peer } from './kit.js'
import { resultOf, syncPeers } from './sync-kit.js'

/** Lets `count` blocks wait for predecessors that nobody has, each in a feed of its own. */
function crowd(peer: Peer, count: number, from: string): void {
  const signer = idleSigner('crowd')
  for (let i = 0; i < count; i++) {
    const writer = createWriter('crowd', signer, i.toString(16).padStart(16, '0'))
    writer.next([], { texts: [`${i}`] })
    const orphan = writer.next([], { texts: [`${i} orphan`] })
    peer.dag.pending.add(bytesOf(orphan), orphan.header, from)
  }
}

describe('repair of gaps', () => {
  it('finds the gap that the peer can fill behind 4,200 others that wait', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    crowd(b, 4_200, 'somebody')
    expect(b.dag.pending.blocks).toBe(4_200)
    const writer = createWriter('w')
    const trunk = [writer.next(), writer.next()]
    const left = Array.from({ length: 30 }, (_, i) => writer.next([], { texts: [`left ${i}`] }))
    writer.rewind(at(trunk, 1).header)
    const right = Array.from({ length: 25 }, (_, i) => writer.next([], { texts: [`right ${i}`] }))
    await a.load([...trunk, ...right])
    await b.load([...trunk, ...left])
    const talk = await syncPeers(a, b)
    expect(resultOf(talk.opener).converged).toBe(true)
    expect(b.dag.frontier().root).toBe(a.dag.frontier().root)
    expect(b.dag.pending.blocks).toBe(4_200)
  })

  it('walks back with windows of 1, 4, 16, 64 blocks, none of them twice', async () => {
    const [a, b] = [await createPeer('a'), await createPeer('b')]
    const writer = createWriter('w')
    const first = writer.next()
    const left = Array.from({ length: 90 }, (_, i) => writer.next([], { texts: [`left ${i}`] }))
    writer.rewind(first.header)
    const right = Array.from({ length: 86 }, (_, i) => writer.next([], { texts: [`right ${i}`] }))
    await a.load([first, ...right])
    await b.load([first, ...left])
    const talk = await syncPeers(b, a)
    expect(resultOf(talk.opener).converged).toBe(true)
    // The top of the branch, then its 85 predecessors: 1 + 4 + 16 + 64.
    expect([resultOf(talk.opener).blocksIn, resultOf(talk.opener).rounds]).toEqual([86, 1 + 1 + 4])
    expect(new Set(b.delivered).size).toBe(b.delivered.length)
  })
})

describe('a node that has had its share', () => {
  function blocksOf(count: number): readonly Block[] {
    const writer = createWriter('w')
    return Array.from({ length: count }, (_, i) => writer.next([], { texts: [`${i}`.padEnd(4_000, 'x')] }))
  }

  it('is not asked for more, nor is the session called complete; the rest comes when there is room', async () => {
    const blocks = blocksOf(60)
    const room = blocks.slice(0, 20).reduce((sum, block) => sum + bytesOf(block).length, 0)
    const [a, b] = [await createPeer('a', { keyBytesPerHour: room }), await createPeer('b')]
    await b.load(blocks)
    const first = resultOf((await syncPeers(a, b)).opener)
    expect(a.dag.counts().blocks).toBe(20)
    // One question too many tells that the share is used up; a block of usual size was all it asked for.
    expect([first.blocksIn, first.converged, first.complete]).toEqual([21, false, false])
    const second = resultOf((await syncPeers(a, b)).opener)
    expect([second.blocksIn, second.complete]).toEqual([0, false])
    for (let hours = 0; a.dag.counts().blocks < 60 && hours < 5; hours++) {
      a.clock.advance(3_600_000)
      await syncPeers(a, b)
    }
    expect(a.dag.frontier().root).toBe(b.dag.frontier().root)
  })

  it('is asked for all of it where the peer is exempt', async () => {
    const blocks = blocksOf(60)
    const [a, b] = [await createPeer('a', { keyBytesPerHour: 1 }), await createPeer('b')]
    a.dag.allowance.exempt((from) => from === 'b')
    await b.load(blocks)
    const talk = resultOf((await syncPeers(a, b)).opener)
    expect([talk.blocksIn, talk.converged, talk.complete]).toEqual([60, true, true])
    expect(a.clock.nowMs()).toBe(startMs)
  })

  it('leaves no gap that is asked for again', async () => {
    const blocks = blocksOf(6)
    const [a, b] = [await createPeer('a', { keyBytesPerHour: 5_000 }), await createPeer('b')]
    await b.load(blocks)
    for (const block of blocks.slice(4)) await a.admit(bytesOf(block), 'b')
    expect(a.dag.pending.blocks).toBe(2)
    await syncPeers(a, b)
    expect(a.dag.counts().blocks).toBe(1)
    const again = resultOf((await syncPeers(a, b)).opener)
    expect(again.blocksIn).toBe(0)
  })
})
