// Which records of own blocks that came back get frames of their own: those that are nowhere else, no other.

import { describe, expect, it } from 'vitest'
import { FRAME } from '../../src/ingest/index.js'
import { openWal } from '../../src/wal/index.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { settle } from '../fakes/until.js'
import { alice, createMachine, live, networkId, says, silent, startMs, until, type Life, type Machine } from './kit.js'
import { hour, sealedOnLostDisk } from './set-back-kit.js'

/** A machine whose ledger holds these blocks as they came from elsewhere, and which has no index. */
async function withLedger(blocks: readonly Uint8Array[]): Promise<Machine> {
  const machine = createMachine()
  await machine.disk.makeDirectory('/data')
  await machine.disk.syncDirectory('/')
  const wal = await openWal(
    { directory: '/data/wal', networkId, segmentBytes: 1_048_576, provenSequence: 0 },
    { disk: machine.disk, random: seededRandom(7), log: silent }
  )
  await wal.appendMany(blocks.map((payload) => ({ type: FRAME.foreignBlock, payload })))
  await wal.close()
  return machine
}

/** A block comes back; the clock is set back when its frame is durable, before its step is gathered. */
async function comesBackAhead(machine: Machine, life: Life, block: Uint8Array): Promise<void> {
  machine.clock.setNow(startMs + hour)
  const off = life.wal.onSynced(() => {
    off()
    machine.clock.setNow(startMs)
  })
  void life.ingest.admitBlock(block, 'peer').catch(() => undefined)
  await settle(20)
  expect(life.withheld).toHaveLength(1)
}

describe('a record of an own block that came back and is left out', () => {
  it('gets one frame of its own', async () => {
    const [block = new Uint8Array()] = await sealedOnLostDisk(['a'], startMs)
    const machine = createMachine()
    const life = await live(machine, {}, '')
    await comesBackAhead(machine, life, block)
    expect([life.wal.lastSynced, life.ingest.counts().unsealed]).toEqual([2, 1])
    await life.stop()
  })

  it('gets none while it waits for a block or, a replay or long before, for its time', async () => {
    for (const timestampMs of [startMs, startMs + hour]) {
      const [block = new Uint8Array()] = await sealedOnLostDisk(['a'], timestampMs)
      const machine = createMachine()
      const first = await live(machine, {}, '')
      await first.ingest.admitRecords([says(alice, 'a', 'x', timestampMs)])
      await settle()
      await comesBackAhead(machine, first, block)
      const waiting = [first.ingest.counts().unsealed, first.ingest.counts().quarantined]
      expect(waiting).toEqual(timestampMs === startMs ? [1, 0] : [0, 1])
      expect(first.wal.lastSynced).toBe(2)
      await first.stop()
      await machine.index.destroy()
      const second = await live(machine, {}, '')
      expect([second.ingest.counts().unsealed, second.ingest.counts().quarantined]).toEqual(waiting)
      expect([second.wal.lastSynced, second.withheld.length]).toEqual([2, 1])
      await second.stop()
    }
  })

  it('gets none when a block of the new feed holds it, and is not sealed again', async () => {
    const [block = new Uint8Array()] = await sealedOnLostDisk(['a'], startMs)
    const machine = createMachine()
    const life = await live(machine, {}, '2222222222222222')
    await life.ingest.admitRecords([says(alice, 'a', 'x', startMs)])
    await until(machine, () => life.store.totals.recordCount === 1 && life.ingest.counts().unsealed === 0)
    expect(life.wal.lastSynced).toBe(2)
    await comesBackAhead(machine, life, block)
    await life.ingest.flush()
    expect([life.wal.lastSynced, life.sealed.length, life.ingest.counts().unsealed]).toEqual([3, 1, 0])
    await life.stop()
  })

  it('gets none when a block of the same step brought it', async () => {
    const other = createMachine('other')
    const source = await live(other)
    await source.ingest.admitRecords([says(alice, 'a', 'x', startMs)])
    await until(other, () => source.sealed.length === 1)
    await source.stop()
    const blocks = await sealedOnLostDisk(['a'], startMs)
    const machine = await withLedger([...source.sealed.map(({ block }) => block), ...blocks])
    const life = await live(machine, {}, '')
    expect([life.wal.lastSynced, life.withheld.length, life.store.totals.recordCount]).toEqual([2, 1, 1])
    expect(life.ingest.counts().unsealed).toBe(0)
    await life.stop()
  })

  it('is not lost when the process dies between its frame and the step', async () => {
    const [block = new Uint8Array()] = await sealedOnLostDisk(['a'], startMs)
    const machine = createMachine()
    const first = await live(machine, {}, '')
    first.wal.onSynced((lastSynced) => {
      if (lastSynced < 2) return
      machine.disk.kill()
      machine.index.crash()
    })
    await comesBackAhead(machine, first, block)
    expect([first.wal.lastSynced, first.store.cursor]).toEqual([2, 0])
    const second = await live(machine, {}, '2222222222222222')
    await second.ingest.flush()
    expect([second.store.totals.recordCount, second.sealed.length]).toEqual([1, 1])
    expect(second.ingest.counts().unsealed).toBe(0)
    expect((await second.store.verifyDigest()).equal).toBe(true)
    await second.stop()
  })
})

describe('an own block that came back without its predecessor', () => {
  it('is passed over by a clock that is right, and the feed goes on', async () => {
    const blocks = await sealedOnLostDisk(['a', 'b'], startMs)
    const [one = new Uint8Array(), two = new Uint8Array()] = blocks
    for (const ledger of [[two], [two, one, two]]) {
      const machine = await withLedger(ledger)
      machine.clock.setNow(startMs + hour)
      for (let life = 0; life < 2; life += 1) {
        await machine.index.destroy()
        const { dag, ingest, store, wal, withheld, stop } = await live(machine, {}, '')
        expect([withheld.length, wal.lastSynced, ingest.counts().unsealed]).toEqual([0, ledger.length, 0])
        expect([dag.counts().blocks, store.totals.recordCount]).toEqual(ledger.length === 1 ? [0, 0] : [2, 2])
        await stop()
      }
    }
  })

  it('is left out with it, though the clock has moved meanwhile', async () => {
    const machine = await withLedger(await sealedOnLostDisk(['a', 'b', 'c'], startMs))
    const moved = { ...machine, clock: { ...machine.clock } }
    let asked = 0
    // Ahead for the first block, in time for those behind it.
    moved.clock.nowMs = () => machine.clock.nowMs() + ((asked += 1) > 1 ? hour : 0)
    const life = await live(moved, {}, '')
    expect(life.withheld.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(life.dag.counts()).toMatchObject({ blocks: 0, deferred: 1 })
    expect([life.ingest.counts().unsealed, life.wal.lastSynced]).toEqual([3, 6])
    await life.stop()
  })
})
