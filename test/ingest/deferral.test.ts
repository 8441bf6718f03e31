// What keeps a good block of another node out for a while (its time, its node's share, the disk), and what
// keeps bad ones from costing too much. None of it costs the block its place for ever.

import { describe, expect, it } from 'vitest'
import { createDiskRoom } from '../../src/ingest/disk-room.js'
import {
  BUDGET_PEERS_MAX, createSignatureBudget, INVALID_SIGNATURES_PER_MINUTE
} from '../../src/ingest/signature-budget.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { createMemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { alice, bob, createMachine, live, says, silent, startMs, until, type Life, type Machine } from './kit.js'

const gib = 1_073_741_824

async function source(count: number, atMs = startMs): Promise<readonly Uint8Array[]> {
  const machine = createMachine('other')
  machine.clock.setNow(atMs)
  const life = await live(machine, { blockRecordsTarget: 1 })
  await life.ingest.admitRecords(Array.from({ length: count }, (_, i) => says(bob, `b${i}`, 'x')))
  await until(machine, () => life.sealed.length === count)
  await life.stop()
  return life.sealed.map(({ block }) => block)
}

async function deliver(life: Life, blocks: readonly Uint8Array[]): Promise<readonly string[]> {
  const verdicts = []
  for (const block of blocks) {
    const verdict = await life.ingest.admitBlock(block, 'peer')
    verdicts.push(verdict.kind === 'accept' ? 'accept' : verdict.why)
  }
  return verdicts
}

async function writesLocally(machine: Machine, life: Life): Promise<void> {
  const before = life.sealed.length
  expect((await life.ingest.admitRecords([says(alice, `local ${before}`, 'x')]))[0]?.kind).toBe('admitted')
  await until(machine, () => life.sealed.length > before)
}

describe('a block of the future', () => {
  it('leaves its header behind, is neither pending nor logged, and is admitted when its time has come', async () => {
    const blocks = await source(2, startMs + 400_000)
    const machine = createMachine()
    const life = await live(machine)
    expect(await deliver(life, blocks)).toEqual(['sealed in the future', 'sealed in the future'])
    expect(life.dag.counts()).toMatchObject({ deferred: 2, pendingBlocks: 0, tips: 0 })
    expect(life.wal.lastSynced).toBe(0)
    machine.clock.advance(110_000)
    expect(life.dag.deferred.takeDue(machine.clock.nowMs()).map(({ from }) => from)).toEqual(['peer', 'peer'])
    expect(await deliver(life, blocks)).toEqual(['accept', 'accept'])
    await life.stop()
  })
})

describe('the share of a node', () => {
  it('lets blocks in up to its bytes and puts the rest off; local writes go on, and later all is admitted', async () => {
    const blocks = await source(6)
    const room = blocks.slice(0, 4).reduce((sum, block) => sum + block.length, 0)
    for (const [keyBytesPerHour, admitted] of [[room, 4], [room - 1, 3]] as const) {
      const machine = createMachine()
      const life = await live(machine, {}, undefined, { keyBytesPerHour })
      const put = Array<string>(6 - admitted).fill('share of its node used up')
      expect(await deliver(life, blocks)).toEqual([...Array<string>(admitted).fill('accept'), ...put])
      expect(life.dag.counts()).toMatchObject({ pendingBlocks: 0, deferred: 0 })
      await writesLocally(machine, life)
      machine.clock.advance(3_600_000)
      expect(life.dag.allowance.reopened()).toBe(true)
      expect(await deliver(life, blocks.slice(admitted))).toEqual(Array<string>(6 - admitted).fill('accept'))
      await life.stop()
    }
  })

  it('holds for what waited for its predecessor too', async () => {
    const [one, two, three] = await source(3)
    if (one === undefined || two === undefined || three === undefined) throw new Error('three blocks')
    const life = await live(createMachine(), {}, undefined, { keyBytesPerHour: one.length + two.length })
    expect(await deliver(life, [three, two, one])).toEqual(['gap', 'gap', 'accept'])
    expect(life.dag.highest(life.verified[0]?.feed as never)).toBe(2)
    expect(await deliver(life, [three])).toEqual(['share of its node used up'])
    await life.stop()
  })
})

describe('the room on the disk', () => {
  it('is enough at exactly 2 GiB, or at 5 % of a large disk, and not one byte below', async () => {
    for (const [total, needed] of [[10 * gib, 2 * gib], [40 * gib, 2 * gib], [100 * gib, 5 * gib]] as const) {
      for (const [free, roomy] of [[needed, true], [needed - 1, false]] as const) {
        const disk = { freeBytes: async () => free, totalBytes: async () => total }
        const deps = { disk, directory: '/', clock: createManualClock(), log: silent }
        const room = createDiskRoom({ freeBytesMin: 2 * gib, freePercentMin: 5 }, deps)
        expect(await room.hasRoom(), `${free} of ${total}`).toBe(roomy)
      }
    }
  })

  it('is looked at once a second at most, and a disk that cannot say keeps the last answer', async () => {
    const disk = createMemoryDisk(seededRandom(1), { capacityBytes: 3 * gib })
    const clock = createManualClock()
    const room = createDiskRoom({ freeBytesMin: 2 * gib, freePercentMin: 5 }, { disk, directory: '/', clock, log: silent })
    expect(await Promise.all([room.hasRoom(), room.hasRoom()])).toEqual([true, true])
    disk.setCapacity(gib)
    expect(await room.hasRoom()).toBe(true)
    expect(disk.counts.freeBytes).toBe(1)
    clock.advance(1_000)
    expect(await room.hasRoom()).toBe(false)
    disk.setCapacity(3 * gib)
    disk.inject({ operation: 'freeBytes', code: 'EIO' })
    clock.advance(1_000)
    expect(await room.hasRoom()).toBe(false)
    clock.advance(1_000)
    expect(await room.hasRoom()).toBe(true)
  })

  it('keeps blocks of others out while local writes go on, and nothing is asked for meanwhile', async () => {
    const blocks = await source(2)
    const machine = createMachine()
    const life = await live(machine)
    machine.disk.setCapacity(gib)
    expect(await deliver(life, blocks)).toEqual(['no room on the disk', 'no room on the disk'])
    expect(life.dag.allowance.blocksOf(undefined, 'peer')).toBe(0)
    await writesLocally(machine, life)
    machine.disk.setCapacity(100 * gib)
    machine.clock.advance(60_000)
    expect(life.dag.allowance.reopened()).toBe(true)
    expect(await deliver(life, blocks)).toEqual(['accept', 'accept'])
    await life.stop()
  })
})

describe('the budget for invalid signatures', () => {
  it('is one block full of them a minute and peer', () => {
    const clock = createManualClock()
    const budget = createSignatureBudget(clock)
    budget.charge('bad', INVALID_SIGNATURES_PER_MINUTE - 1)
    expect(budget.hasRoom('bad')).toBe(true)
    budget.charge('bad', 1)
    expect([budget.hasRoom('bad'), budget.hasRoom('good')]).toEqual([false, true])
    clock.advance(59)
    expect(budget.hasRoom('bad')).toBe(true)
    budget.charge('bad', 2 * INVALID_SIGNATURES_PER_MINUTE)
    clock.advance(60_000)
    expect(budget.hasRoom('bad')).toBe(false)
    clock.advance(60_000)
    expect(budget.hasRoom('bad')).toBe(true)
  })

  it('remembers its peers, and one more lets the one charged longest ago off', () => {
    const budget = createSignatureBudget(createManualClock())
    for (let i = 0; i < BUDGET_PEERS_MAX; i++) budget.charge(`p${i}`, INVALID_SIGNATURES_PER_MINUTE)
    budget.charge('p0', 1)
    expect([budget.hasRoom('p0'), budget.hasRoom('p1')]).toEqual([false, false])
    budget.charge('one more', 1)
    expect([budget.hasRoom('p0'), budget.hasRoom('p1')]).toEqual([false, true])
  })

  it('spares the checks of a peer that has used it up, and its good blocks pass from others', async () => {
    const [block = new Uint8Array()] = await source(1)
    const checks: number[] = []
    const life = await live(createMachine(), {}, undefined, {}, () => {
      checks.push(1)
      return false
    })
    for (let i = 0; i <= INVALID_SIGNATURES_PER_MINUTE; i++) {
      const forged = Uint8Array.from(block)
      forged[3 + 40] = i & 0xff
      forged[3 + 39] = i >>> 8
      await life.ingest.admitBlock(forged, 'bad')
    }
    expect(checks).toHaveLength(INVALID_SIGNATURES_PER_MINUTE)
    expect(await life.ingest.admitBlock(block, 'bad')).toEqual({ kind: 'ignore', why: 'too many bad signatures' })
    expect((await life.ingest.admitBlock(block, 'good')).kind).toBe('reject')
    expect(checks).toHaveLength(INVALID_SIGNATURES_PER_MINUTE + 1)
    await life.stop()
  })
})
