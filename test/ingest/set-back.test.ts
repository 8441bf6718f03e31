// A clock that ran ahead is corrected: own blocks that lie too far ahead wait like a stranger's.

import { describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { keys, ranges } from '../../src/store/index.js'
import { settle } from '../fakes/until.js'
import { alice, createMachine, live, says, startMs, until, type Life, type Machine } from './kit.js'
import { hour, sealedOnLostDisk } from './set-back-kit.js'

/** Seals one record, at the clock's present time, into a block of its own. */
async function sealOne(machine: Machine, life: Life, subject: string): Promise<Uint8Array> {
  const record = says(alice, subject, 'x', machine.clock.nowMs())
  const before = life.sealed.length
  await life.ingest.admitRecords([record])
  await until(machine, () => life.sealed.length > before && life.ingest.counts().behind === 0)
  return record
}

describe('a replay after the clock was corrected', () => {
  it('leaves own blocks out that lie more than 300 s ahead, and seals their records once more', async () => {
    const machine = createMachine()
    const first = await live(machine)
    const good = await sealOne(machine, first, 'before')
    machine.clock.setNow(startMs + hour)
    const records = [good, await sealOne(machine, first, 'a'), await sealOne(machine, first, 'b')]
    await first.stop()
    machine.clock.setNow(startMs)
    await machine.index.destroy()
    const second = await live(machine, {}, '')
    expect(second.withheld.map(({ seq }) => seq)).toEqual([2, 3])
    expect(second.dag.counts()).toMatchObject({ blocks: 1, tips: 1, heads: 1, deferred: 2 })
    expect(second.dag.frontier().tips().map(({ seq }) => seq)).toEqual([1])
    expect(second.store.totals.recordCount).toBe(1)
    // Their timestamps lie an hour ahead: they wait in the quarantine until 30 s before it.
    expect(second.ingest.counts()).toMatchObject({ unsealed: 0, quarantined: 2 })
    await second.seal('2222222222222222')
    machine.clock.setNow(startMs + hour)
    machine.clock.advance(60_000)
    await until(machine, () => second.store.totals.recordCount === 3)
    for (const record of records) expect(second.store.get(keys.record(blake3Hash(record)))).toBeDefined()
    expect(second.sealed.map(({ header }) => header.incarnation)).toContain('2222222222222222')
    expect(second.dag.forks()).toEqual([])
    expect((await second.store.verifyDigest()).equal).toBe(true)
    await second.stop()
  })

  it('keeps a block at exactly 300 s and puts what it does not keep into the backlog', async () => {
    for (const [setBackMs, kept] of [[300_000, 1], [300_001, 0]] as const) {
      const machine = createMachine()
      const first = await live(machine)
      await first.ingest.admitRecords([says(alice, 'a', 'x', startMs - hour)])
      await until(machine, () => first.sealed.length === 1 && first.ingest.counts().behind === 0)
      const sealedAtMs = first.sealed[0]?.header.sealedAtMs ?? 0
      await first.stop()
      await machine.index.destroy()
      machine.clock.setNow(sealedAtMs - setBackMs)
      const second = await live(machine, {}, '')
      expect([second.dag.counts().blocks, second.ingest.counts().unsealed]).toEqual([kept, 1 - kept])
      expect(await second.store.rangeAll(ranges.unsealed())).toHaveLength(1 - kept)
      await second.seal('2222222222222222')
      await second.ingest.flush()
      expect(second.store.totals.recordCount).toBe(1)
      await second.stop()
    }
  })

  it('admits the old block from the ledger too, once its time has come, and no record twice', async () => {
    const machine = createMachine()
    const first = await live(machine)
    machine.clock.setNow(startMs + hour)
    await sealOne(machine, first, 'a')
    await first.stop()
    machine.clock.setNow(startMs)
    await machine.index.destroy()
    const second = await live(machine, {}, '2222222222222222')
    machine.clock.setNow(startMs + hour)
    machine.clock.advance(60_000)
    await until(machine, () => second.store.totals.recordCount === 1)
    await second.stop()
    await machine.index.destroy()
    const third = await live(machine, {}, '2222222222222222')
    expect(third.withheld).toEqual([])
    expect(third.dag.counts()).toMatchObject({ blocks: 2, tips: 2, forks: 0 })
    expect(third.store.totals.recordCount).toBe(1)
    await third.stop()
  })

  it('bears a clock that moves again in the middle: what builds on one left out is left out', async () => {
    const machine = createMachine()
    const first = await live(machine)
    machine.clock.setNow(startMs + hour)
    for (const subject of ['a', 'b', 'c']) await sealOne(machine, first, subject)
    await first.stop()
    machine.clock.setNow(startMs)
    await machine.index.destroy()
    const moved = { ...machine, clock: { ...machine.clock } }
    let asked = 0
    // Ahead for the first own block, in time for those behind it.
    moved.clock.nowMs = () => machine.clock.nowMs() + ((asked += 1) > 3 ? hour : 0)
    const second = await live(moved, {}, '')
    expect(second.dag.counts().blocks).toBe(0)
    expect(second.withheld).toHaveLength(3)
    await second.seal('2222222222222222')
    await settle()
    machine.clock.setNow(startMs + hour)
    machine.clock.advance(60_000)
    await until(machine, () => second.store.totals.recordCount === 3)
    await second.stop()
  })
})

describe('own blocks that came back from elsewhere', () => {
  it.each([
    ['are sealed once more', startMs, 2],
    ['wait in the quarantine, if they lie ahead too', undefined, 0]
  ] as const)('are left out once the clock is corrected; their records %s', async (_, timestampMs, sealed) => {
    const blocks = await sealedOnLostDisk(['a', 'b'], timestampMs)
    const machine = createMachine()
    machine.clock.setNow(startMs + hour)
    const first = await live(machine, {}, '')
    for (const block of blocks) expect(await first.ingest.admitBlock(block, 'peer')).toEqual({ kind: 'accept' })
    await until(machine, () => first.store.totals.recordCount === 2)
    await first.stop()
    machine.clock.setNow(startMs)
    await machine.index.destroy()
    const second = await live(machine, {}, '')
    expect(second.withheld.map(({ seq }) => seq)).toEqual([1, 2])
    expect(second.dag.counts()).toMatchObject({ blocks: 0, tips: 0, deferred: 2 })
    expect(second.store.totals.recordCount).toBe(0)
    await second.seal('2222222222222222')
    await until(machine, () => second.ingest.counts().unsealed === 0)
    expect(second.ingest.counts().quarantined).toBe(2 - sealed)
    await until(machine, () => second.store.totals.recordCount === sealed)
    machine.clock.setNow(startMs + hour)
    machine.clock.advance(60_000)
    await until(machine, () => second.store.totals.recordCount === 2)
    expect(second.ingest.counts()).toMatchObject({ unsealed: 0, quarantined: 0 })
    for (const block of blocks) expect(await second.ingest.admitBlock(block, 'peer')).toEqual({ kind: 'accept' })
    await until(machine, () => second.dag.counts().tips === 2)
    expect(second.store.totals.recordCount).toBe(2)
    expect((await second.store.verifyDigest()).equal).toBe(true)
    await second.stop()
  })

  it('give their records to the next life, whenever the node dies', async () => {
    const blocks = await sealedOnLostDisk(['a', 'b'], startMs)
    const machine = createMachine()
    machine.clock.setNow(startMs + hour)
    const first = await live(machine, {}, '')
    for (const block of blocks) await first.ingest.admitBlock(block, 'peer')
    await first.stop()
    machine.clock.setNow(startMs)
    for (let round = 0; round < 3; round += 1) {
      await machine.index.destroy()
      const life = await live(machine, {}, '')
      expect(life.ingest.counts().unsealed).toBe(2)
      await life.stop()
    }
    const last = await live(machine, {}, '2222222222222222')
    await last.ingest.flush()
    expect(last.store.totals.recordCount).toBe(2)
    expect((await last.store.verifyDigest()).equal).toBe(true)
    await last.stop()
  })

  it('stay at exactly 300 s, and those of others however far ahead they lie', async () => {
    const blocks = await sealedOnLostDisk(['a'])
    const cases = [['node', 300_000, 1], ['node', 300_001, 0], ['other', hour, 1]] as const
    for (const [name, setBackMs, kept] of cases) {
      const machine = createMachine(name)
      machine.clock.setNow(startMs + 2 * hour)
      const first = await live(machine, {}, '')
      for (const block of blocks) await first.ingest.admitBlock(block, 'peer')
      await first.stop()
      const sealedAtMs = Math.max(...first.verified.map((header) => header.sealedAtMs))
      await machine.index.destroy()
      machine.clock.setNow(sealedAtMs - setBackMs)
      const second = await live(machine, {}, '')
      expect([second.dag.counts().blocks, second.withheld.length]).toEqual([kept, 1 - kept])
      await second.stop()
    }
  })
})

describe('a clock that is set back between a seal and its step', () => {
  it('has the block left out, and its records wait again', async () => {
    const machine = createMachine()
    const life = await live(machine)
    machine.clock.setNow(startMs + hour)
    const record = says(alice, 'sky', 'blue')
    let frames = 0
    life.wal.onSynced(() => {
      frames += 1
      if (frames === 2) machine.clock.setNow(startMs)
    })
    await life.ingest.admitRecords([record])
    await settle(20)
    expect([life.sealed.length, life.withheld.length]).toEqual([1, 1])
    expect(life.store.totals.recordCount).toBe(0)
    expect(life.ingest.counts().unsealed).toBe(1)
    expect(life.dag.counts()).toMatchObject({ blocks: 0, deferred: 1 })
    let applied = false
    void life.dag.applied().then(() => {
      applied = true
    })
    await settle()
    expect(applied).toBe(true)
    await life.seal('2222222222222222')
    await life.ingest.flush()
    expect(life.store.get(keys.record(blake3Hash(record)))).toBeDefined()
    expect(life.sealed.map(({ header }) => header.incarnation)).toEqual(['0102030405060708', '2222222222222222'])
    await life.stop()
  })
})

describe('blocks from elsewhere', () => {
  it('are told of once their header is found good, and not before', async () => {
    const other = createMachine('other')
    const source = await live(other)
    await sealOne(other, source, 'a')
    const block = source.sealed[0]?.block ?? new Uint8Array()
    const life = await live(createMachine())
    const forged = Uint8Array.from(block)
    const at = 3 + (source.sealed[0]?.header.bytes.length ?? 0) - 1
    forged[at] = (forged[at] ?? 0) ^ 1
    expect((await life.ingest.admitBlock(forged, 'peer')).kind).toBe('reject')
    expect(life.verified).toEqual([])
    await life.ingest.admitBlock(block, 'peer')
    expect(life.verified.map(({ id }) => id)).toEqual([source.sealed[0]?.header.id])
    await source.stop()
    await life.stop()
  })
})
