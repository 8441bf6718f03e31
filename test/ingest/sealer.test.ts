// When the sealer seals: pauses, flushes, and a clock that is set back.

import { describe, expect, it, vi } from 'vitest'
import { DEFAULTS } from '../../src/ingest/index.js'
import { createBlockRate } from '../../src/ingest/block-rate.js'
import { sealPauseMs } from '../../src/ingest/sealer.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { settle } from '../fakes/until.js'
import { alice, bob, createMachine, live, says, startMs, type Life, type Machine } from './kit.js'

async function sealedAfter(machine: Machine, life: Life, ms: number): Promise<number> {
  machine.clock.advance(ms)
  await settle()
  return life.sealed.length
}

describe('the pause between two blocks', () => {
  it('is 50 ms in a calm network, grows with the blocks of others, and ends at one second', () => {
    const pauses = [0, 20, 21, 40, 200, 400, 401, 100_000].map((rate) => sealPauseMs(rate, DEFAULTS))
    expect(pauses).toEqual([50, 50, 52, 100, 500, 1_000, 1_000, 1_000])
  })

  it('counts the blocks of the last five seconds', () => {
    const clock = createManualClock()
    const rate = createBlockRate(clock)
    for (let i = 0; i < 100; i += 1) rate.note()
    clock.advance(2_600)
    for (let i = 0; i < 50; i += 1) rate.note()
    expect(rate.perSecond()).toBe(30)
    clock.advance(2_400)
    expect(rate.perSecond()).toBe(10)
    clock.advance(2_500)
    expect(rate.perSecond()).toBe(0)
    clock.advance(10_000_000)
    rate.note()
    expect(rate.perSecond()).toBe(0.2)
  })

  it('does not hold up the first block, and holds up the second one as long as the network is busy', async () => {
    const other = createMachine('other')
    const source = await live(other, { blockRecordsTarget: 1 })
    await source.ingest.admitRecords(Array.from({ length: 120 }, (_, i) => says(bob, `b${i}`, 'x')))
    while (source.sealed.length < 120) await sealedAfter(other, source, 1_000)
    const machine = createMachine()
    const life = await live(machine)
    for (const { block } of source.sealed) await life.ingest.admitBlock(block, 'peer')
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    expect(await sealedAfter(machine, life, 0)).toBe(1)
    await life.ingest.admitRecords([says(alice, 'b', 'x')])
    expect(await sealedAfter(machine, life, 59)).toBe(1)
    expect(await sealedAfter(machine, life, 1)).toBe(2)
    await source.stop()
    await life.stop()
  })
})

describe('a flush', () => {
  it('waits while there is no feed to seal into, and seals once there is one', async () => {
    const machine = createMachine()
    const life = await live(machine, {}, '')
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    let flushed = false
    void life.ingest.flush().then(() => {
      flushed = true
    })
    for (let ms = 0; ms < 5_000; ms += 100) await sealedAfter(machine, life, 100)
    expect([flushed, life.sealed.length]).toEqual([false, 0])
    await life.seal('0102030405060708')
    await settle(30)
    expect([flushed, life.sealed.length, life.store.totals.recordCount]).toEqual([true, 1, 1])
    await life.stop()
  })

  it('gives up when no feed is there after six seconds, and does not wait when nothing is to be sealed', async () => {
    const machine = createMachine()
    const life = await live(machine, {}, '')
    await life.ingest.flush()
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    let flushed = false
    void life.ingest.flush().then(() => {
      flushed = true
    })
    await sealedAfter(machine, life, 5_999)
    expect(flushed).toBe(false)
    await sealedAfter(machine, life, 1)
    expect(flushed).toBe(true)
    await life.stop()
  })

  it('is not kept waiting by those who go on writing', async () => {
    const machine = createMachine()
    const life = await live(machine, { blockRecordsTarget: 1 })
    await life.ingest.admitRecords(['a', 'b', 'c'].map((subject) => says(alice, subject, 'x')))
    let flushed = false
    void life.ingest.flush().then(() => {
      flushed = true
    })
    for (let i = 0; !flushed; i += 1) {
      if (i > 50) throw new Error('the flush waits for what came after it')
      await life.ingest.admitRecords([says(alice, `more ${i}`, 'x')])
      await settle(2)
    }
    await life.stop()
  })
})

describe('a clock that is set back', () => {
  it('goes on with the feed at 30 s before its last block, and seals no more into it one ms earlier', async () => {
    const machine = createMachine()
    const life = await live(machine)
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    expect(await sealedAfter(machine, life, 100)).toBe(1)
    const tipMs = life.sealed[0]?.header.sealedAtMs ?? 0
    expect(tipMs).toBeGreaterThanOrEqual(startMs)
    machine.clock.setNow(tipMs - 30_000)
    await life.ingest.admitRecords([says(alice, 'b', 'x')])
    machine.clock.setNow(tipMs - 30_000)
    await life.ingest.flush()
    expect([life.sealed.length, life.clockBehind()]).toEqual([2, 0])
    machine.clock.setNow(tipMs - 30_001)
    await life.ingest.admitRecords([says(alice, 'c', 'x')])
    await settle()
    machine.clock.setNow(tipMs - 30_051)
    await sealedAfter(machine, life, 50)
    expect([life.sealed.length, life.clockBehind()]).toEqual([2, 1])
    await life.seal('1111111111111111')
    await life.ingest.flush()
    expect(life.sealed.map(({ header }) => header.seq)).toEqual([1, 2, 1])
    expect(life.sealed[2]?.header.feed).not.toBe(life.sealed[0]?.header.feed)
    expect(life.store.totals.recordCount).toBe(3)
    await life.stop()
  })
})

describe('a feed that is named again while the index is behind', () => {
  it('goes on behind the block that was sealed last, not behind the one that the index holds', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const gate = Promise.withResolvers<undefined>()
    const write = life.store.write.bind(life.store)
    life.store.write = async (batch) => {
      await gate.promise
      return write(batch)
    }
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    expect(await sealedAfter(machine, life, 100)).toBe(1)
    expect(life.store.totals.recordCount).toBe(0)
    await life.seal('0102030405060708')
    await life.ingest.admitRecords([says(alice, 'b', 'x')])
    expect(await sealedAfter(machine, life, 100)).toBe(2)
    gate.resolve(undefined)
    await life.ingest.flush()
    expect(life.sealed.map(({ header }) => header.seq)).toEqual([1, 2])
    expect(life.sealed[1]?.header.prev).toBe(life.sealed[0]?.header.id)
    expect(life.store.totals.recordCount).toBe(2)
    await life.stop()
  })
})

describe('a feed that is retired', () => {
  it('takes no further block, and what waits goes into the next one', async () => {
    const machine = createMachine()
    const life = await live(machine)
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    expect(await sealedAfter(machine, life, 0)).toBe(1)
    life.ingest.halt()
    await life.ingest.admitRecords([says(alice, 'b', 'x')])
    expect(await sealedAfter(machine, life, 5_000)).toBe(1)
    const named = life.seal('1111111111111111')
    life.ingest.halt()
    await named
    expect(await sealedAfter(machine, life, 5_000)).toBe(1)
    await life.seal('2222222222222222')
    expect(await sealedAfter(machine, life, 0)).toBe(2)
    expect(life.sealed.map(({ header }) => header.incarnation)).toEqual(['0102030405060708', '2222222222222222'])
    await life.stop()
  })

  it('takes no block whose records were being looked through when it was retired', async () => {
    const machine = createMachine()
    const life = await live(machine, {}, '')
    await life.ingest.admitRecords([says(alice, 'early', 'x'), says(alice, 'b', 'x', startMs - 10_000)])
    await settle()
    // Of the future now: before a block is made without it, the first is written down as waiting.
    machine.clock.setNow(startMs - 305_000)
    const write = life.store.write.bind(life.store)
    vi.spyOn(life.store, 'write').mockImplementationOnce((batch) => {
      life.ingest.halt()
      return write(batch)
    })
    await life.seal('1111111111111111')
    machine.clock.setNow(startMs)
    expect(await sealedAfter(machine, life, 5_000)).toBe(0)
    await life.seal('2222222222222222')
    await sealedAfter(machine, life, 5_000)
    expect(life.sealed.every(({ header }) => header.incarnation === '2222222222222222')).toBe(true)
    await life.stop()
  })
})
