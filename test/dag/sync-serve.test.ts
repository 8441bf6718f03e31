// What an answer to a WANT may cost: bounded by what the peer gets, not by what it lists.

import { describe, expect, it } from 'vitest'
import type { Block, Dag } from '../../src/dag/index.js'
import type { Run, SyncFrame, WantRange } from '../../src/dag/sync-frames.js'
import { createServer, type Server } from '../../src/dag/sync-serve.js'
import { at, createPeer, createWriter, loopTurn, type Peer } from './kit.js'

interface Scene {
  readonly server: Server
  readonly posted: SyncFrame[]
  walks(): number
  lookups(): number
  /** Until nothing moves any more. */
  rest(): Promise<void>
}

/** A server over an index that takes a turn of the loop for each walk down a chain. */
function scene(peer: Peer): Scene {
  let [walks, lookups, idle] = [0, 0, false]
  const posted: SyncFrame[] = []
  const dag: Dag = {
    ...peer.dag,
    find(id) {
      lookups += 1
      return peer.dag.find(id)
    },
    async *chain(top, low, high) {
      walks += 1
      await loopTurn()
      yield* peer.dag.chain(top, low, high)
    }
  }
  const server = createServer({ creditBytes: 4_194_304, blocksFrameBytes: 262_144 }, {
    dag, onProgress: () => undefined, onIdle: () => void (idle = true),
    onFailure: (cause) => {
      throw cause
    },
    outbox: {
      post: (frame) => void posted.push(frame), room: () => Promise.resolve(),
      flushed: () => Promise.resolve(), close: () => undefined, bytes: 0, controlBytes: 0
    }
  })
  const rest = async (): Promise<void> => {
    for (let last = -1; !idle && last !== walks;) {
      last = walks
      for (let turn = 0; turn < 50; turn += 1) await loopTurn()
    }
  }
  return { server, posted, rest, walks: () => walks, lookups: () => lookups }
}

const named = ({ header }: Block): string => header.id.slice(0, 32)
const of = ({ header }: Block): string => header.feed.slice(0, 32)
const sent = (posted: readonly SyncFrame[]): number =>
  posted.reduce((sum, frame) => sum + (frame.kind === 'blocks' ? frame.blocks.length : 0), 0)

describe('an answer', () => {
  it('walks down a chain once a range, however many runs the peer lists as waiting', async () => {
    const peer = await createPeer('server')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 256 }, () => writer.next())
    await peer.load(blocks)
    const { server, posted, rest, walks, lookups } = scene(peer)
    const runs = Array.from({ length: 256 }, (_, i): Run =>
      ({ feed: of(at(blocks, 0)), low: 1, high: i + 1, top: i < 10 ? named(at(blocks, i)) : 'cd'.repeat(16) }))
    server.peerPending(runs)
    const ranges = blocks.map((block, i): WantRange => ({ top: named(block), low: i + 1, high: i + 1 }))
    server.serve(ranges)
    await rest()
    expect(walks()).toBe(256)
    expect(lookups()).toBe(512)
    expect(sent(posted)).toBe(246)
    expect(posted.at(-1)?.kind).toBe('done')
  })

  it('sends no block of a chain twice, whichever of its blocks the ranges lead to', async () => {
    const peer = await createPeer('server')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 200 }, () => writer.next())
    await peer.load(blocks)
    const { server, posted, rest, walks } = scene(peer)
    server.serve(blocks.map((block, i): WantRange => ({ top: named(block), low: 1, high: i + 1 })))
    await rest()
    expect(sent(posted)).toBe(200)
    expect(walks()).toBe(1)
    expect(posted.some(({ kind }) => kind === 'miss')).toBe(false)
  })

  /** Nine blocks of which one cannot be read, and what is missed and sent of ranges [low, high]. */
  const answerOf = async (
    unread: number, ranges: readonly (readonly [number, number])[]
  ): Promise<object> => {
    const peer = await createPeer('server')
    const [writer, other] = [createWriter('w'), createWriter('v')]
    const blocks = Array.from({ length: 9 }, () => writer.next())
    const whole = other.next()
    await peer.load([...blocks, whole])
    const lost = at(blocks, unread - 1).header.id
    const dag: Dag = { ...peer.dag, readBlock: (id) => id === lost ? undefined : peer.dag.readBlock(id) }
    const { server, posted, rest } = scene({ ...peer, dag })
    const wanted = ranges.map(([low, high]): WantRange => ({ top: named(at(blocks, high - 1)), low, high }))
    server.serve([...wanted, { top: named(whole), low: 1, high: 1 }])
    await rest()
    const miss = posted.find((frame) => frame.kind === 'miss')
    return { sent: sent(posted), missed: miss?.ranges ?? [] }
  }

  it('misses every range that holds a block which cannot be read', async () => {
    expect(await answerOf(3, [[1, 5], [1, 9]])).toEqual({ sent: 3, missed: [0, 1] })
    // Of the second only its lower part lies in the first.
    expect(await answerOf(3, [[1, 5], [2, 9]])).toEqual({ sent: 7, missed: [0, 1] })
    // The third begins above what broke off.
    expect(await answerOf(3, [[1, 4], [4, 6], [5, 9]])).toEqual({ sent: 8, missed: [0, 1] })
  })

  it('does not miss a range whose lower part came whole, whatever broke off below', async () => {
    expect(await answerOf(2, [[1, 3], [4, 7], [6, 9]])).toEqual({ sent: 8, missed: [0] })
    expect(await answerOf(8, [[1, 5], [2, 7], [6, 9]])).toEqual({ sent: 8, missed: [2] })
  })

  /** What is sent and missed of a chain of nine whole blocks, of ranges [place of the top, low, high]. */
  const wholeOf = async (...ranges: readonly (readonly [number, number, number])[]): Promise<object> => {
    const peer = await createPeer('server')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 9 }, () => writer.next())
    await peer.load(blocks)
    const { server, posted, rest } = scene(peer)
    server.serve(ranges.map(([top, low, high]) => ({ top: named(at(blocks, top)), low, high })))
    await rest()
    return { sent: sent(posted), missed: posted.flatMap((frame) => frame.kind === 'miss' ? frame.ranges : []) }
  }

  it('does not miss a range because another names more than its chain has', async () => {
    expect(await wholeOf([4, 1, 7], [8, 2, 9])).toEqual({ sent: 9, missed: [0] })
  })

  it('holds the upper part of a range whose lower part another range holds', async () => {
    expect(await wholeOf([8, 3, 9], [4, 1, 5], [3, 2, 4])).toEqual({ sent: 9, missed: [] })
  })

  it('leaves a range out that overlaps one to the same top', async () => {
    const peer = await createPeer('server')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 5 }, () => writer.next())
    await peer.load(blocks)
    const { server, posted, rest, walks } = scene(peer)
    const top = named(at(blocks, -1))
    server.serve([{ top, low: 1, high: 3 }, ...Array.from({ length: 254 }, () => ({ top, low: 3, high: 5 })),
      { top, low: 4, high: 5 }])
    await rest()
    expect([walks(), sent(posted)]).toEqual([2, 5])
    expect(posted.find(({ kind }) => kind === 'miss')).toEqual(
      { kind: 'miss', ranges: Array.from({ length: 254 }, (_, i) => i + 1) })
  })

  it('looks 64 times on which branch of a fork a run lies, and sends what it did not look at', async () => {
    const peer = await createPeer('server')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 80 }, () => writer.next())
    writer.rewind(at(blocks, -2).header)
    const fork = writer.next()
    await peer.load([...blocks, fork])
    expect(peer.dag.isForked(fork.header.feed)).toBe(true)
    const { server, posted, rest, walks } = scene(peer)
    server.peerPending(blocks.map((block, i) =>
      ({ feed: of(block), low: i + 1, high: i + 1, top: named(block) })))
    server.serve([{ top: named(at(blocks, -1)), low: 1, high: 80 }])
    await rest()
    expect([walks(), sent(posted)]).toEqual([65, 16])
  })

  it('ends with its session', async () => {
    const peer = await createPeer('server')
    const writer = createWriter('w')
    const blocks = Array.from({ length: 256 }, () => writer.next())
    await peer.load(blocks)
    const { server, posted, rest, walks } = scene(peer)
    server.serve(blocks.map((block, i) => ({ top: named(block), low: i + 1, high: i + 1 })))
    while (walks() < 3) await loopTurn()
    server.stop()
    await rest()
    expect(walks()).toBeLessThanOrEqual(4)
    expect(posted).toEqual([])
  })
})
