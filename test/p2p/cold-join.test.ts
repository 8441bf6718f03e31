// A node that joins four others over the network in memory, on a clock that the test moves.

import { describe, expect, it } from 'vitest'
import { type Block } from '../../src/dag/index.js'
import { FRAME_TYPES } from '../../src/dag/sync-frames.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { bytesOf } from '../dag/kit.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub, type MemoryHub } from '../fakes/memory-network.js'
import { settle } from '../fakes/until.js'
import { feedsOf, makeGraphNode, type Fault, type GraphNode } from './graph-node.js'

interface Scene {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  readonly servers: readonly GraphNode[]
  readonly neededBytes: number
}

async function scene(blocks: readonly Block[], faults: readonly (Fault | undefined)[]): Promise<Scene> {
  const clock = createManualClock()
  const hub = createMemoryHub({ clock })
  const servers: GraphNode[] = []
  for (const [place, fault] of faults.entries()) {
    const server = await makeGraphNode(hub, clock, `server ${place}`, fault === undefined ? {} : { fault })
    await server.peer.load(blocks)
    servers.push(server)
  }
  return { clock, hub, servers, neededBytes: blocks.reduce((sum, block) => sum + bytesOf(block).length, 0) }
}

async function dialAll(joiner: GraphNode, servers: readonly GraphNode[]): Promise<void> {
  for (const server of servers) await joiner.network.dial(`memory:${server.network.self}`)
}

/** Moves the clock until the condition holds; gives the ms that it took. */
async function passUntil(clock: ManualClock, msMax: number, holds: () => boolean): Promise<number> {
  let passed = 0
  for (; !holds(); passed += 50) {
    if (passed > msMax) throw new Error(`not within ${msMax} ms`)
    clock.advance(50)
    await settle(10)
  }
  return passed
}

function holdsAll(joiner: GraphNode, { servers }: Scene): boolean {
  return joiner.peer.dag.frontier().root === servers[0]?.peer.dag.frontier().root
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0)
}

function isType(frame: Uint8Array, ...types: readonly number[]): boolean {
  return types.includes(frame[0] ?? 0)
}

/** Loses what a question is answered with. */
const silent: Fault = async (frame) => (
  isType(frame, FRAME_TYPES.blocks, FRAME_TYPES.miss, FRAME_TYPES.done) ? [] : [frame]
)

/** Lists everything and serves nothing. */
const missing: Fault = async (frame) => {
  if (isType(frame, FRAME_TYPES.blocks, FRAME_TYPES.miss)) return []
  return isType(frame, FRAME_TYPES.done) ? [encodeFrame({ kind: 'miss', ranges: [0] }), frame] : [frame]
}

/** Changes a byte of each block's body. */
const corrupt: Fault = async (frame) => {
  const decoded = decodeFrame(frame)
  if (decoded.kind !== 'blocks') return [frame]
  const blocks = decoded.blocks.map((block) => {
    const changed = Uint8Array.from(block)
    changed[block.length - 1] = (changed[block.length - 1] ?? 0) ^ 1
    return changed
  })
  return [encodeFrame({ kind: 'blocks', blocks })]
}

describe('a cold join from four peers', () => {
  it('fetches each block of many feeds once, some from each peer', async () => {
    const all = await scene(feedsOf(12, 30), [undefined, undefined, undefined, undefined])
    const joiner = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(joiner, all.servers)
    await passUntil(all.clock, 20_000, () => holdsAll(joiner, all))
    expect(joiner.bytesFrom.size).toBe(4)
    expect(sum(joiner.bytesFrom.values())).toBe(all.neededBytes)
  }, 60_000)

  it('fetches each block of one long feed once, some from each peer', async () => {
    const all = await scene(feedsOf(1, 500), [undefined, undefined, undefined, undefined])
    const joiner = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(joiner, all.servers)
    await passUntil(all.clock, 20_000, () => holdsAll(joiner, all))
    expect(joiner.bytesFrom.size).toBe(4)
    expect(sum(joiner.bytesFrom.values())).toBe(all.neededBytes)
    expect(joiner.peer.dag.pending.evicted).toBe(0)
  }, 60_000)

  it('goes on after a kill where it was', async () => {
    const all = await scene(feedsOf(6, 60), [undefined, undefined, undefined, undefined])
    const first = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(first, all.servers)
    await passUntil(all.clock, 20_000, () => first.peer.dag.counts().blocks > 100)
    for (const { network } of all.servers) all.hub.cut('joiner', network.self)
    await first.replicator.stop()
    await settle(50)
    const kept = first.peer.dag.counts().blocks
    first.peer.index.crash(first.peer.index.unsynced)
    for (const { network } of all.servers) all.hub.cut('joiner', network.self, false)
    const second = await makeGraphNode(all.hub, all.clock, 'joiner', { index: first.peer.index })
    expect(second.peer.dag.counts().blocks).toBe(kept)
    expect(second.replicator.progress()).toMatchObject({ here: 2 * kept, records: 0 })
    await dialAll(second, all.servers)
    await passUntil(all.clock, 20_000, () => holdsAll(second, all))
    const { here, records, remoteRecords } = second.replicator.progress()
    expect([here, records, remoteRecords]).toEqual([720, 720 - 2 * kept, 720])
    expect(second.blocksIn).toBe(360 - kept)
  }, 60_000)

  it('takes from the others what a silent peer was asked for', async () => {
    const all = await scene(feedsOf(6, 50), [silent, undefined, undefined, undefined])
    const joiner = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(joiner, all.servers)
    const ms = await passUntil(all.clock, 20_000, () => holdsAll(joiner, all))
    expect(ms).toBeLessThan(12_000)
    expect(sum(joiner.bytesFrom.values())).toBe(all.neededBytes)
  }, 60_000)

  it('gives the part of a slow peer to the others', async () => {
    const clock = createManualClock()
    const slow: Fault = async (frame) => {
      if (isType(frame, FRAME_TYPES.blocks)) {
        await new Promise<void>((resolve) => clock.setTimer(3_000, resolve))
      }
      return [frame]
    }
    const all = { ...await scene(feedsOf(6, 80), [slow, undefined, undefined, undefined]), clock }
    const joiner = await makeGraphNode(all.hub, clock, 'joiner')
    await dialAll(joiner, all.servers)
    const ms = await passUntil(clock, 60_000, () => holdsAll(joiner, all))
    expect(ms).toBeLessThan(20_000)
    expect(joiner.bytesFrom.get('server 0') ?? 0).toBeLessThan(all.neededBytes / 4)
    expect(sum(joiner.bytesFrom.values())).toBeLessThan(1.2 * all.neededBytes)
  }, 60_000)

  it('loses one question to a peer that lists what it does not serve', async () => {
    const all = await scene(feedsOf(1, 150), [missing, undefined, undefined, undefined])
    const joiner = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(joiner, all.servers)
    const ms = await passUntil(all.clock, 20_000, () => holdsAll(joiner, all))
    expect(ms).toBeLessThan(5_000)
    expect(sum(joiner.bytesFrom.values())).toBe(all.neededBytes)
    expect(joiner.replicator.stats().sessionsFailed).toBe(0)
  }, 60_000)

  it('ends the session of a peer that sends false blocks and fetches them from the others', async () => {
    const all = await scene(feedsOf(6, 50), [corrupt, undefined, undefined, undefined])
    const joiner = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(joiner, all.servers)
    await passUntil(all.clock, 20_000, () => holdsAll(joiner, all))
    expect(joiner.replicator.stats().sessionsFailed).toBe(1)
    const { bytesFrom } = joiner
    expect(sum(bytesFrom.values()) - (bytesFrom.get('server 0') ?? 0)).toBe(all.neededBytes)
  }, 60_000)

  it('loses a peer in the middle and fetches the rest from the others', async () => {
    const all = await scene(feedsOf(6, 60), [undefined, undefined, undefined, undefined])
    const joiner = await makeGraphNode(all.hub, all.clock, 'joiner')
    await dialAll(joiner, all.servers)
    await passUntil(all.clock, 20_000, () => (joiner.bytesFrom.get('server 1') ?? 0) > 0)
    all.hub.cut('joiner', 'server 1')
    await passUntil(all.clock, 20_000, () => holdsAll(joiner, all))
    expect(sum(joiner.bytesFrom.values())).toBeLessThan(1.2 * all.neededBytes)
  }, 60_000)
})
