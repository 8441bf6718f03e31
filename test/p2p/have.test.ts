// HAVE over the network in memory, on a clock that the test moves.

import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes, type FrameStream, type Hash, type PeerName } from '../../src/base/index.js'
import { decodeHave, encodeHave, type BlockHeader } from '../../src/dag/index.js'
import { peerNameOf, REPLICATION_LIMITS, type PeerNetwork } from '../../src/p2p/index.js'
import { createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub } from '../fakes/memory-network.js'
import { settle } from '../fakes/until.js'
import { makeBlockNode, seal, type BlockNode } from './block-node.js'

interface Scene {
  readonly clock: ManualClock
  readonly sealer: Signer
  /** The node under test, and the network of the node it is linked to, which the test plays. */
  readonly node: BlockNode
  readonly far: PeerNetwork
  readonly frames: (readonly Hash[])[]
  pass(ms: number): Promise<void>
}

/** A node linked to a sealer whose HAVE frames are collected. */
async function scene(onHave?: (peer: PeerName, ids: readonly Hash[]) => number): Promise<Scene> {
  const clock = createManualClock()
  const hub = createMemoryHub({ clock })
  const sealer = createSigner(seedFromName('sealer'))
  const node = makeBlockNode(hub.join('node'), clock, onHave === undefined ? {} : { onHave })
  const far = hub.join(peerNameOf(sealer.publicKey))
  const frames: (readonly Hash[])[] = []
  far.onStream(async (stream) => {
    for await (const frame of stream.frames) {
      const ids = decodeHave(frame)
      if (ids === undefined) return
      frames.push(ids)
    }
  })
  await node.network.start()
  await far.start()
  node.replicator.start()
  await far.dial('memory:node')
  await settle()
  return {
    clock, sealer, node, far, frames,
    async pass(ms) {
      for (let moved = 0; moved < ms; moved += 10) await clock.advanceAsync(10)
      await settle()
    }
  }
}

function headersOf(signer: Signer, count: number): readonly BlockHeader[] {
  const { header } = seal(signer)
  return Array.from({ length: count }, (_, i) => ({ ...header, id: blake3Hash(utf8Bytes(`block ${i}`)) }))
}

async function openHave(far: PeerNetwork): Promise<FrameStream> {
  return far.open('node')
}

describe('HAVE', () => {
  it('tells the sealer at once, then at most every 50 ms, what became durable meanwhile', async () => {
    const { node, sealer, frames, pass } = await scene()
    const [first, ...others] = headersOf(sealer, 5)
    if (first === undefined) throw new Error('no header')
    node.replicator.admitted(first)
    await pass(10)
    expect(frames).toEqual([[first.id]])
    for (const header of others) node.replicator.admitted(header)
    await pass(20)
    expect(frames).toHaveLength(1)
    await pass(30)
    expect(frames).toEqual([[first.id], others.map(({ id }) => id)])
  })

  it('is sent to the sealer alone, and not at all while it is not connected', async () => {
    const { node, sealer, far, frames, pass } = await scene()
    node.replicator.admitted(seal(createSigner(seedFromName('stranger'))).header)
    await node.network.disconnect(far.self, 0)
    for (const header of headersOf(sealer, 3)) node.replicator.admitted(header)
    await pass(200)
    expect(frames).toEqual([])
    await far.dial('memory:node')
    await pass(200)
    expect(frames).toEqual([])
  })

  it('names 1,024 blocks in a frame and the next one in another, the last 4,096 in all', async () => {
    const { node, sealer, frames, pass } = await scene()
    const headers = headersOf(sealer, REPLICATION_LIMITS.haveQueueMax + 1)
    for (const header of headers) node.replicator.admitted(header)
    await pass(1_000)
    expect(frames.map((ids) => ids.length)).toEqual([1_024, 1_024, 1_024, 1_024])
    expect(frames.flat()).toEqual(headers.slice(1).map(({ id }) => id))
  })

  it('closes its stream when it carried nothing for ten seconds', async () => {
    const { node, sealer, frames, pass, far } = await scene()
    let ended = 0
    far.onStream(async (stream) => {
      for await (const frame of stream.frames) frames.push(decodeHave(frame) ?? [])
      ended += 1
    })
    for (const header of headersOf(sealer, 2)) {
      node.replicator.admitted(header)
      await pass(100)
    }
    expect(frames).toHaveLength(2)
    const before = ended
    await pass(REPLICATION_LIMITS.haveIdleMs + 100)
    expect(ended).toBeGreaterThan(before)
  })

  it('goes on after the sealer has reset the stream', async () => {
    const { node, sealer, far, pass } = await scene()
    const got: Hash[] = []
    far.onStream(async (stream) => {
      for await (const frame of stream.frames) {
        got.push(...decodeHave(frame) ?? [])
        return stream.abort(new Error('reset'))
      }
    })
    for (const header of headersOf(sealer, 6)) {
      node.replicator.admitted(header)
      await pass(100)
    }
    expect(got.length).toBeGreaterThan(2)
  })
})

describe('a node that hears HAVE', () => {
  it('takes frames of one stream and sessions beside it', async () => {
    const heard: Hash[] = []
    const { far, node, pass } = await scene((_, ids) => heard.push(...ids))
    const ids = headersOf(createSigner(seedFromName('x')), 3).map(({ id }) => id)
    const stream = await openHave(far)
    for (const id of ids) await stream.send(encodeHave([id]))
    await pass(100)
    expect(heard).toEqual(ids)
    const before = node.opened
    const session = await far.open('node')
    await session.send(Buffer.from('4c', 'hex'))
    await pass(50)
    expect(node.opened).toBe(before + 1)
  })

  it('charges a frame that names nothing known, and sends the liar away at last', async () => {
    const { far, node, pass } = await scene(() => 0)
    const stream = await openHave(far)
    const frame = encodeHave(headersOf(createSigner(seedFromName('x')), 1_024).map(({ id }) => id))
    await stream.send(frame)
    await pass(50)
    expect(node.replicator.peerStats().find(({ peer }) => peer === far.self)?.score).toBe(5)
    for (let i = 0; i < 25; i++) await stream.send(frame).catch(() => undefined)
    await pass(1_000)
    expect(node.replicator.stats().expelled).toBe(1)
    expect(node.network.peers()).toEqual([])
  })

  it('cuts a stream that carries something else, and charges it', async () => {
    const { far, node, pass } = await scene()
    const stream = await openHave(far)
    await stream.send(encodeHave([blake3Hash(utf8Bytes('a'))]))
    await stream.send(Buffer.from('0a0000', 'hex'))
    await pass(50)
    expect(node.replicator.peerStats().find(({ peer }) => peer === far.self)?.score).toBe(60)
    await expect(stream.send(Uint8Array.of(10))).rejects.toThrow()
  })

  it('reads a flood no faster than twice the rate of the protocol, past a burst of 16', async () => {
    let frames = 0
    const { far, pass } = await scene(() => (frames += 1))
    const stream = await openHave(far)
    const frame = encodeHave([blake3Hash(utf8Bytes('a'))])
    for (let i = 0; i < 200; i++) await stream.send(frame)
    await pass(1_000)
    expect(frames).toBeGreaterThan(40)
    expect(frames).toBeLessThan(65)
  })

  it('forgets a stream that never says what it is for', async () => {
    const { far, pass } = await scene()
    const stream = await openHave(far)
    await pass(REPLICATION_LIMITS.firstFrameMsMax + 100)
    await expect(stream.send(encodeHave([blake3Hash(utf8Bytes('a'))]))).rejects.toThrow()
  })
})
