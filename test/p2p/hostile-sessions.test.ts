// Peers that open sessions, or answer them, only to hold them: what honest peers notice of it.

import { describe, expect, it } from 'vitest'
import { type FrameStream } from '../../src/base/index.js'
import { type Block } from '../../src/dag/index.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { type SyncFrame } from '../../src/dag/sync-frames.js'
import { REPLICATION_LIMITS } from '../../src/p2p/index.js'
import { at, bytesOf, createWriter } from '../dag/kit.js'
import { statusFrame } from '../dag/sync-kit.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub, type MemoryHub } from '../fakes/memory-network.js'
import { settle } from '../fakes/until.js'
import { makeGraphNode, type GraphNode } from './graph-node.js'

const { servedMax, sessionWindowMs } = REPLICATION_LIMITS
const noTips: SyncFrame = { kind: 'tips', more: false, admitted: [], pending: [] }

interface Scene {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  readonly victim: GraphNode
  readonly honest: GraphNode
  /** A block of the victim's own. */
  readonly block: Block
}

async function scene(): Promise<Scene> {
  const clock = createManualClock()
  const hub = createMemoryHub({ clock })
  const [victim, honest] = [await makeGraphNode(hub, clock, 'victim'), await makeGraphNode(hub, clock, 'honest')]
  const block = createWriter('v').next()
  await victim.peer.add(block)
  const writer = createWriter('h')
  await honest.peer.load(Array.from({ length: 5 }, () => writer.next()))
  return { clock, hub, victim, honest, block }
}

/** Sends STATUS and TIPS of nothing, reads what comes, and says nothing more. */
async function hold(stream: FrameStream): Promise<void> {
  await stream.send(encodeFrame(statusFrame()))
  await stream.send(encodeFrame(noTips))
  for await (const frame of stream.frames) void frame
}

/** A peer that holds the sessions opened to it, and opens as many. */
async function addHolder({ hub }: Scene, name: string, opens: number): Promise<readonly FrameStream[]> {
  const network = hub.join(name)
  await network.start()
  network.onStream((stream) => hold(stream).catch(() => undefined))
  await network.dial('memory:victim')
  const streams: FrameStream[] = []
  for (let i = 0; i < opens; i++) {
    const stream = await network.open('victim')
    hold(stream).catch(() => undefined)
    streams.push(stream)
    await settle(20)
  }
  return streams
}

/** Moves the clock until the condition holds; gives the ms that it took. */
async function passUntil(
  { clock }: Scene, msMax: number, holds: () => boolean, eachS?: () => void
): Promise<number> {
  for (let passed = 0; passed <= msMax; passed += 1_000) {
    if (holds()) return passed
    eachS?.()
    clock.advance(1_000)
    await settle(5)
  }
  throw new Error(`not within ${msMax} ms`)
}

const areEqual = ({ victim, honest }: Scene) => (): boolean => {
  return victim.peer.dag.frontier().root === honest.peer.dag.frontier().root
}

/** A stranger that lists a run of 2^40 blocks and answers with one of them every two seconds. */
async function addDripper({ hub, clock }: Scene): Promise<void> {
  const network = hub.join('liar')
  await network.start()
  const writer = createWriter('liar')
  const first = writer.next()
  const feed = first.header.feed.slice(0, 32)
  const admitted = [{ feed, low: 1, high: 2 ** 40, top: 'cd'.repeat(16) }]
  let next = first
  network.onStream(async (stream) => {
    await stream.send(encodeFrame(statusFrame({ tipsFollow: false })))
    await stream.send(encodeFrame({ kind: 'tips', more: false, admitted, pending: [] }))
    const drip = (): void => {
      stream.send(encodeFrame({ kind: 'blocks', blocks: [bytesOf(next)] })).catch(() => undefined)
      next = writer.next()
      clock.setTimer(2_000, drip)
    }
    let asked = false
    for await (const frame of stream.frames) {
      if (asked || decodeFrame(frame).kind !== 'want') continue
      asked = true
      drip()
    }
  })
  await network.dial('memory:victim')
  await settle(20)
}

describe('a node that joins', () => {
  it('is through when a peer that its operator chose is, though a stranger lists blocks without end', async () => {
    const all = await scene()
    const { replicator } = all.victim
    await addDripper(all)
    await passUntil(all, 10_000, () => replicator.progress().here > 1)
    await all.victim.network.dial('memory:honest')
    expect(await passUntil(all, 30_000, () => replicator.progress().synced)).toBeLessThanOrEqual(5_000)
    expect(replicator.stats()).toMatchObject({ sessionsRunning: 1, sessionsFailed: 0 })
    const { peer } = all.victim
    for (const tip of all.honest.peer.dag.frontier().tips()) expect(peer.dag.holds(tip.id)).toBe(true)
  })

  it('is not through by the word of a stranger while a chosen peer is here', async () => {
    const all = await scene()
    const { replicator } = all.victim
    const mute = all.hub.join('mute')
    await mute.start()
    mute.onStream((stream) => hold(stream).catch(() => undefined))
    await all.victim.network.dial('memory:mute')
    const poor = await makeGraphNode(all.hub, all.clock, 'poor')
    await poor.network.dial('memory:victim')
    await passUntil(all, 30_000, () => (replicator.peerStats().find(({ peer }) => peer === 'poor')?.sessions ?? 0) > 0)
    expect(replicator.progress().synced).toBe(false)
  })
})

describe('peers that hold sessions', () => {
  it('do not keep a node from its own, however many it serves them', async () => {
    const all = await scene()
    for (let i = 0; i < 2 * servedMax; i++) await addHolder(all, `liar ${i}`, 2)
    await all.victim.network.dial('memory:honest')
    expect(await passUntil(all, 5_000, areEqual(all))).toBeLessThanOrEqual(3_000)
  })

  it('are ended when they ask for one small block a minute, without blame', async () => {
    const all = await scene()
    const streams = await addHolder(all, 'liar', 1)
    const { id } = all.block.header
    const want = encodeFrame({ kind: 'want', ranges: [{ top: id, low: 1, high: 1 }] })
    let second = 0
    const ask = (): void => {
      second += 1
      if (second % 50 === 0) at(streams, 0).send(want).catch(() => undefined)
    }
    const { replicator } = all.victim
    const ms = await passUntil(all, 300_000, () => replicator.stats().sessionsFailed > 0, ask)
    expect(ms).toBeLessThanOrEqual(sessionWindowMs + 2_000)
    expect(replicator.stats()).toMatchObject({ sessionsRunning: 0, expelled: 0 })
  })
})
