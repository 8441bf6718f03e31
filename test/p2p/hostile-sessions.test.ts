// Peers that open sessions, or answer them, only to hold them: what honest peers notice of it.

import { describe, expect, it } from 'vitest'
import { type FrameStream } from '../../src/base/index.js'
import { type Block } from '../../src/dag/index.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { type SyncFrame } from '../../src/dag/sync-frames.js'
import { REPLICATION_LIMITS } from '../../src/p2p/index.js'
import { at, createWriter } from '../dag/kit.js'
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
