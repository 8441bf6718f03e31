// What follows a link that failed: when sync runs again, and how what it brought goes on.

import { describe, expect, it } from 'vitest'
import { createSyncSchedule, type SyncNext } from '../../src/p2p/sync-schedule.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryHub, type MemoryHub } from '../fakes/memory-network.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { settle } from '../fakes/until.js'
import { chain, makeBlockNode, type BlockNode } from './block-node.js'

// Nobody's turn comes while a test looks.
const limits = { syncEveryMs: 10_000_000 }

interface Scene {
  readonly clock: ManualClock
  readonly hub: MemoryHub
  readonly nodes: readonly BlockNode[]
}

/** Nodes a, b, c ... in a row, each linked with the next. */
async function row(...names: readonly string[]): Promise<Scene> {
  const clock = createManualClock()
  const hub = createMemoryHub({ clock })
  const nodes = names.map((name) => makeBlockNode(hub.join(name), clock, { limits }))
  for (const node of nodes) {
    await node.network.start()
    node.replicator.start()
  }
  for (const [i, node] of nodes.entries()) {
    const next = names[i + 1]
    if (next !== undefined) await node.network.dial(`memory:${next}`)
  }
  await pass(clock, 3_000)
  return { clock, hub, nodes }
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let moved = 0; moved < ms; moved += 50) {
    clock.advance(50)
    await settle(2)
  }
  await settle(10)
}

describe('after a link failed', () => {
  it('a new connection to a peer that had fallen silent is compared over at once', async () => {
    const { clock, hub, nodes: [a, b] } = await row('a', 'b')
    for (const block of chain('silent', 3)) b?.take(block)
    await pass(clock, 60_000)
    expect(a?.blocks.size).toBe(0)
    hub.renew('a', 'b')
    await pass(clock, 200)
    expect(a?.blocks.size).toBe(3)
  })

  it('what a session brought is compared with the other peers too, and so on along a row', async () => {
    const { clock, hub, nodes } = await row('a', 'b', 'c', 'd', 'e')
    for (const block of chain('apart', 3)) nodes[0]?.take(block)
    hub.renew('a', 'b')
    await pass(clock, 2_000)
    expect(nodes.map(({ blocks }) => blocks.size)).toEqual([3, 3, 3, 3, 3])
  })

  it('sessions that bring something again and again are passed on once in the time between two turns', async () => {
    const { clock, hub, nodes: [a, b, c] } = await row('a', 'b', 'c')
    const before = c?.opened ?? 0
    for (const block of chain('often', 20)) {
      a?.take(block)
      hub.renew('a', 'b')
      await pass(clock, 500)
    }
    expect(b?.blocks.size).toBe(20)
    expect((c?.opened ?? 0) - before).toBe(1)
  })
})

it('a session that is still being opened gives way to one that the peer opened', async () => {
  const { nodes: [a, b] } = await row('a', 'b')
  if (a === undefined || b === undefined) throw new Error('no nodes')
  const open = a.network.open.bind(a.network)
  const slow = Promise.withResolvers<void>()
  a.network.open = async (peer) => {
    await slow.promise
    return open(peer)
  }
  const late = a.replicator.syncWith('b')
  await settle()
  expect(await b.replicator.syncWith('a')).toBeDefined()
  slow.resolve()
  await late
  expect(a.replicator.stats().sessionsFailed + b.replicator.stats().sessionsFailed).toBe(0)
})

describe('the schedule', () => {
  const options = { syncEveryMs: 10_000_000, syncGapMs: 100 }

  async function gapsOf(ends: readonly SyncNext[], lastingMs: number): Promise<readonly number[]> {
    const clock = createManualClock()
    const starts: number[] = []
    const schedule = createSyncSchedule(options, {
      peers: () => ['p'],
      connected: () => true,
      run: () => {
        starts.push(clock.monotonicMs())
        return Promise.resolve(ends[starts.length - 1] ?? 'rest')
      },
      clock, random: seededRandom(1)
    })
    schedule.start()
    schedule.request('p')
    await settle()
    await pass(clock, lastingMs)
    schedule.stop()
    return starts.slice(1).map((at, i) => at - (starts[i] ?? 0))
  }

  it('runs a session that failed again, later with each failure in a row, up to a bound', async () => {
    const ends = Array.from({ length: 9 }, () => 'failed' as const)
    expect(await gapsOf(ends, 300_000))
      .toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000, 16_000, 16_000])
  })

  it('begins with a second again after a session that did not fail', async () => {
    expect(await gapsOf(['failed', 'failed', 'again', 'failed', 'rest'], 60_000))
      .toEqual([1_000, 2_000, 100, 1_000])
  })
})
