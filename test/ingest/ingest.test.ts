import { describe, expect, it } from 'vitest'
import { blake3Hash, TIME_LIMITS } from '../../src/base/index.js'
import { decodeBlock } from '../../src/dag/index.js'
import { FRAME } from '../../src/ingest/index.js'
import { buildAssertion } from '../../src/record/index.js'
import { keys, ranges } from '../../src/store/index.js'
import { alice, bob, createMachine, live, networkId, says, startMs, until, votes, type Life, type Machine } from './kit.js'

async function flushed(machine: Machine, life: Life): Promise<void> {
  let done = false
  void life.ingest.flush().then(() => {
    done = true
  })
  await until(machine, () => done)
}

describe('admitting local records', () => {
  it('answers admitted, then known, and stores one record', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const record = says(alice, 'sky', 'blue')
    const id = blake3Hash(record)
    expect(await life.ingest.admitRecords([record])).toEqual([{ kind: 'admitted', id }])
    expect(await life.ingest.admitRecords([record])).toEqual([{ kind: 'known', id }])
    await flushed(machine, life)
    expect(await life.ingest.admitRecords([record])).toEqual([{ kind: 'known', id }])
    expect(life.store.totals.recordCount).toBe(1)
    await life.stop()
  })

  it('admits one of two equal records in one call and calls the other known', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const record = says(alice, 'sky', 'blue')
    const kinds = (await life.ingest.admitRecords([record, record])).map((result) => result.kind)
    expect(kinds).toEqual(['admitted', 'known'])
    await life.stop()
  })

  it('refuses bad bytes, a bad signature and a schema fault with their codes, and keeps nothing', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const forged = Uint8Array.from(says(alice, 'sky', 'blue'))
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
    const results = await life.ingest.admitRecords([
      new Uint8Array([1, 2, 3]), forged, new Uint8Array(32_769), says(alice, 'sky', 'green', startMs + 31 * 86_400_000)
    ])
    expect(results.map((result) => (result.kind === 'refused' ? result.code : result.kind))).toEqual([
      'RECORD_INVALID', 'RECORD_SIGNATURE', 'RECORD_TOO_LARGE', 'RECORD_TOO_FAR_AHEAD'
    ])
    expect(life.wal.lastSynced).toBe(0)
    await life.stop()
  })

  it('is busy past the backlog limit and takes exactly the limit', async () => {
    const machine = createMachine()
    const life = await live(machine, { backlogRecordsMax: 3 })
    const results = await life.ingest.admitRecords(['a', 'b', 'c', 'd'].map((subject) => says(alice, subject, 'x')))
    expect(results.map((result) => (result.kind === 'refused' ? result.code : result.kind))).toEqual([
      'admitted', 'admitted', 'admitted', 'INGEST_BUSY'
    ])
    await life.stop()
  })

  it('spends nothing on records while it is busy: even bad bytes are told no more than that', async () => {
    const machine = createMachine()
    const life = await live(machine, { backlogRecordsMax: 1 })
    const good = says(alice, 'a', 'x')
    const bad = new Uint8Array([1, 2, 3])
    const codes = (await life.ingest.admitRecords([bad, good, bad, good])).map(
      (result) => (result.kind === 'refused' ? result.code : result.kind))
    expect(codes).toEqual(['RECORD_INVALID', 'admitted', 'INGEST_BUSY', 'INGEST_BUSY'])
    await flushed(machine, life)
    expect((await life.ingest.admitRecords([good]))[0]?.kind).toBe('known')
    await life.stop()
  })

  it('answers with NODE_NO_SPACE when the disk is full and goes on when there is room', async () => {
    const machine = createMachine()
    const life = await live(machine)
    machine.disk.inject({ operation: 'write', code: 'ENOSPC', times: 1 })
    const record = says(alice, 'sky', 'blue')
    expect((await life.ingest.admitRecords([record]))[0]).toMatchObject({ kind: 'refused', code: 'NODE_NO_SPACE' })
    expect((await life.ingest.admitRecords([record]))[0]).toMatchObject({ kind: 'admitted' })
    await flushed(machine, life)
    expect(life.store.totals.recordCount).toBe(1)
    await life.stop()
  })
})

describe('sealing', () => {
  it('puts what was accepted into one block of the node and indexes it', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const fact = says(alice, 'sky', 'blue')
    await life.ingest.admitRecords([fact, says(bob, 'sky', 'grey'), votes(bob, fact, 1_000_000)])
    await flushed(machine, life)
    expect(life.sealed).toHaveLength(1)
    const decoded = decodeBlock(life.sealed[0]?.block ?? new Uint8Array())
    expect(decoded.kind === 'ok' ? decoded.block.records.length : 0).toBe(3)
    expect(await life.store.rangeAll(ranges.candidates('sky', 'is'))).toHaveLength(2)
    expect(await life.store.rangeAll(ranges.votes(blake3Hash(fact)))).toHaveLength(1)
    expect(await life.store.rangeAll(ranges.unsealed())).toHaveLength(0)
    expect((await life.store.rangeAll(ranges.marks('sky', 'is'))).length).toBeGreaterThan(0)
    expect((await life.store.verifyDigest()).equal).toBe(true)
    await life.stop()
  })

  it('seals at most the record limit and links the blocks', async () => {
    const machine = createMachine()
    const life = await live(machine, { blockRecordsTarget: 4 })
    await life.ingest.admitRecords(Array.from({ length: 10 }, (_, index) => says(alice, `s${index}`, 'x')))
    await flushed(machine, life)
    const headers = life.sealed.map((entry) => entry.header)
    expect(headers.map((header) => header.recordCount)).toEqual([4, 4, 2])
    expect(headers.map((header) => header.prev)).toEqual([undefined, headers[0]?.id, headers[1]?.id])
    await life.stop()
  })

  it('keeps a block under its byte target', async () => {
    const machine = createMachine()
    const life = await live(machine)
    await life.ingest.admitRecords(Array.from({ length: 10 }, (_, index) => says(alice, `s${index}`, 'x'.repeat(15_000))))
    await flushed(machine, life)
    expect(life.sealed.map((entry) => entry.block.length).every((length) => length <= 65_536)).toBe(true)
    expect(life.sealed.reduce((sum, entry) => sum + entry.header.recordCount, 0)).toBe(10)
    await life.stop()
  })
})

describe('after a crash', () => {
  it('finds every acknowledged record, sealed or not, and adds none twice', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const machine = createMachine('node', seed)
      const first = await live(machine, { blockRecordsTarget: 3, checkpointBytes: 600 })
      const records = Array.from({ length: 17 }, (_, index) => says(alice, `subject ${index}`, `seed ${seed}`))
      for (let at = 0; at < records.length; at += 1) {
        await first.ingest.admitRecords(records.slice(at, at + 1))
        machine.clock.advance(at % 3 === 0 ? 60 : 5)
        if (at % 4 === seed % 4) await new Promise((resolve) => setImmediate(resolve))
      }
      machine.disk.crash()
      machine.index.crash(seed % 5)
      const second = await live(machine)
      await flushed(machine, second)
      for (const record of records) {
        expect(second.store.get(keys.record(blake3Hash(record))), `seed ${seed}`).toBeDefined()
      }
      expect(second.store.totals.recordCount).toBe(records.length)
      // Sealing goes on after the ledger's last block, whatever the index held of it at start.
      expect(second.dag.forks(), `seed ${seed}`).toEqual([])
      expect(second.dag.frontier().tipCount, `seed ${seed}`).toBe(1)
      expect((await second.store.verifyDigest()).equal).toBe(true)
      expect(await second.store.rangeAll(ranges.unsealed())).toHaveLength(0)
      await second.stop()
    }
  })

  it('rebuilds an emptied index from the ledger with the same digest', async () => {
    const machine = createMachine()
    const first = await live(machine)
    await first.ingest.admitRecords(Array.from({ length: 40 }, (_, index) => says(alice, `s${index}`, 'x')))
    await flushed(machine, first)
    const before = first.store.totals
    await first.stop()
    await machine.index.destroy()
    const second = await live(machine)
    await flushed(machine, second)
    expect(second.store.totals.recordCount).toBe(40)
    expect(Buffer.from(second.store.totals.digest).toString('hex')).toBe(Buffer.from(before.digest).toString('hex'))
    await second.stop()
  })
})

describe('a chain without holes', () => {
  it('continues the feed after the ledger\'s last block when the index was lost', async () => {
    const machine = createMachine()
    const first = await live(machine, { blockRecordsTarget: 2 })
    await first.ingest.admitRecords(Array.from({ length: 6 }, (_, index) => says(alice, `s${index}`, 'x')))
    await flushed(machine, first)
    await first.stop()
    await machine.index.destroy()
    const second = await live(machine)
    await second.ingest.admitRecords([says(alice, 'later', 'x')])
    await flushed(machine, second)
    expect(second.sealed.map(({ header }) => header.seq)).toEqual([4])
    expect(second.dag.forks()).toEqual([])
    await second.stop()
  })

  it('skips a block whose predecessor the log refused, now and at replay, and takes both when they come again', async () => {
    const other = createMachine('other')
    const otherLife = await live(other, { blockRecordsTarget: 1 })
    await otherLife.ingest.admitRecords(['a', 'b', 'c'].map((subject) => says(bob, subject, 'x')))
    await flushed(other, otherLife)
    const [one, two, three] = otherLife.sealed.map((entry) => entry.block)
    if (one === undefined || two === undefined || three === undefined) throw new Error('three blocks were sealed')
    const machine = createMachine()
    const first = await live(machine)
    await first.ingest.admitBlock(one, 'peer')
    // As after a full disk: the third block's frame is in the ledger, the second one's is not.
    await first.wal.append(FRAME.foreignBlock, three)
    await until(machine, () => first.ingest.counts().behind === 0)
    expect(first.dag.frontier().tips().map((tip) => tip.seq)).toEqual([1])
    await first.stop()
    await machine.index.destroy()
    const life = await live(machine)
    expect(life.store.totals.recordCount).toBe(1)
    for (const block of [two, three]) expect((await life.ingest.admitBlock(block, 'peer')).kind).toBe('accept')
    await until(machine, () => life.ingest.counts().behind === 0)
    expect(life.store.totals.recordCount).toBe(3)
    expect(life.dag.frontier().root).toBe(otherLife.dag.frontier().root)
    await otherLife.stop()
    await life.stop()
  })

  it('keeps indexing when the disk is full at a checkpoint', async () => {
    const machine = createMachine()
    const life = await live(machine, { checkpointBytes: 1 })
    machine.disk.inject({ operation: 'write', code: 'ENOSPC', path: 'wal.marker', times: 1 })
    await life.ingest.admitRecords([says(alice, 'a', 'x')])
    await flushed(machine, life)
    await life.ingest.admitRecords([says(alice, 'b', 'x')])
    await flushed(machine, life)
    expect(life.store.totals.recordCount).toBe(2)
    expect(life.failures).toEqual([])
    await life.stop()
  })
})

describe('a full disk under the index', () => {
  it('keeps what was acknowledged in the ledger, waits for room, and goes on without a restart', async () => {
    const machine = createMachine()
    const life = await live(machine)
    machine.disk.setCapacity(4_194_304)
    const record = says(alice, 'sky', 'blue')
    expect((await life.ingest.admitRecords([record]))[0]).toMatchObject({ kind: 'admitted' })
    for (let second = 0; second < 5; second += 1) await machine.clock.advanceAsync(1_000)
    expect(life.ingest.counts().behind).toBeGreaterThan(0)
    expect(life.store.failure).toMatchObject({ code: 'STORE_NO_SPACE' })
    expect(life.failures).toEqual([])
    machine.disk.setCapacity(1_073_741_824)
    await flushed(machine, life)
    expect(life.store.get(keys.record(blake3Hash(record)))).toBeDefined()
    expect(life.ingest.counts().behind).toBe(0)
    expect(life.store.failure).toBeUndefined()
    await life.stop()
  })

  it('stops while it waits, and the next life indexes what the ledger holds', async () => {
    const machine = createMachine()
    const first = await live(machine)
    machine.disk.setCapacity(4_194_304)
    const record = says(alice, 'sky', 'blue')
    await first.ingest.admitRecords([record])
    await machine.clock.advanceAsync(3_000)
    let stopped = false
    void first.stop().then(() => {
      stopped = true
    })
    await until(machine, () => stopped)
    machine.disk.setCapacity(1_073_741_824)
    const second = await live(machine)
    await flushed(machine, second)
    expect(second.store.totals.recordCount).toBe(1)
    await second.stop()
  })
})

describe('quarantine', () => {
  it('holds a record ahead of its time, through a restart, and admits it when its time has come', async () => {
    const machine = createMachine()
    const first = await live(machine)
    const record = says(alice, 'sky', 'green', startMs + 120_000)
    const id = blake3Hash(record)
    const releaseMs = startMs + 90_000
    expect(await first.ingest.admitRecords([record])).toEqual([{ kind: 'quarantined', id, releaseMs }])
    await until(machine, () => first.ingest.counts().behind === 0)
    expect(await first.ingest.admitRecords([record])).toEqual([{ kind: 'quarantined', id, releaseMs }])
    expect(first.ingest.counts().quarantined).toBe(1)
    await first.stop()
    const second = await live(machine)
    expect(await second.ingest.quarantined(10)).toEqual([{ id, agentId: alice.publicKey, releaseMs }])
    expect(second.store.get(keys.record(id))).toBeUndefined()
    machine.clock.advance(100_000)
    await until(machine, () => second.store.get(keys.record(id)) !== undefined)
    expect(second.ingest.counts().quarantined).toBe(0)
    await second.stop()
  })

  it('takes one place for a record that is sent again before the index knows of it', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const record = says(alice, 'sky', 'green', startMs + 120_000)
    const kinds = []
    for (let copy = 0; copy < 3; copy += 1) {
      kinds.push(...(await life.ingest.admitRecords([record, record])).map((result) => result.kind))
    }
    expect(kinds).toEqual(new Array(6).fill('quarantined'))
    expect(life.wal.lastSynced).toBe(1)
    expect(life.ingest.counts().quarantined).toBe(1)
    await until(machine, () => life.ingest.counts().behind === 0)
    expect(life.ingest.counts().quarantined).toBe(1)
    await life.stop()
  })

  it('gives the place back when the time of a record comes before the index knows of it', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const record = says(alice, 'sky', 'green', startMs + 120_000)
    life.wal.onSynced(() => machine.clock.setNow(startMs + 100_000))
    expect((await life.ingest.admitRecords([record]))[0]).toMatchObject({ kind: 'quarantined' })
    await flushed(machine, life)
    await until(machine, () => life.store.get(keys.record(blake3Hash(record))) !== undefined)
    expect(life.ingest.counts().quarantined).toBe(0)
    await life.stop()
  })

  it('has room for as many records of an agent as its limit and refuses one more', async () => {
    const machine = createMachine()
    const life = await live(machine, { backlogRecordsMax: 2 * TIME_LIMITS.quarantinePerAgentMax })
    const later = (index: number): Uint8Array => says(alice, `s${index}`, 'x', startMs + 120_000)
    const records = Array.from({ length: TIME_LIMITS.quarantinePerAgentMax + 1 }, (_, index) => later(index))
    const results = await life.ingest.admitRecords(records)
    expect(results.slice(0, -1).every((result) => result.kind === 'quarantined')).toBe(true)
    expect(results.at(-1)).toMatchObject({ kind: 'refused', code: 'QUARANTINE_FULL' })
    expect((await life.ingest.admitRecords([says(bob, 's', 'x', startMs + 120_000)]))[0])
      .toMatchObject({ kind: 'quarantined' })
    await life.stop()
  })

  it('admits at exactly 30 s ahead and holds one ms more', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const now = machine.clock.nowMs()
    const results = await life.ingest.admitRecords([
      says(alice, 'a', 'x', now + 30_000), says(alice, 'b', 'x', now + 30_001)
    ])
    expect(results.map((result) => result.kind)).toEqual(['admitted', 'quarantined'])
    await life.stop()
  })
})

describe('blocks of other nodes', () => {
  async function blocksOf(count: number, perBlock: number): Promise<readonly Uint8Array[]> {
    const machine = createMachine('other')
    const life = await live(machine, { blockRecordsTarget: perBlock })
    await life.ingest.admitRecords(Array.from({ length: count }, (_, index) => says(bob, `o${index}`, 'x')))
    await flushed(machine, life)
    await life.stop()
    return life.sealed.map((entry) => entry.block)
  }

  it('are admitted in any order; what waits for its predecessor follows it', async () => {
    const blocks = await blocksOf(6, 2)
    const machine = createMachine()
    const life = await live(machine)
    const verdicts = []
    for (const block of [...blocks].reverse()) verdicts.push(await life.ingest.admitBlock(block, 'peer'))
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(['ignore', 'ignore', 'accept'])
    await until(machine, () => life.store.totals.recordCount === 6)
    expect(life.dag.counts().pendingBlocks).toBe(0)
    expect(await life.ingest.admitBlock(blocks[0] ?? new Uint8Array(), 'peer')).toEqual({ kind: 'ignore', why: 'known' })
    await life.stop()
  })

  it('are accepted once they are in the ledger, though the index may have failed', async () => {
    const blocks = await blocksOf(6, 1)
    const machine = createMachine()
    const life = await live(machine, { unappliedBlocksMax: 1 })
    machine.index.failNextBatch(new Error('IO error'))
    const verdicts = await Promise.all(blocks.map((block) => life.ingest.admitBlock(block, 'peer')))
    expect(verdicts[0]).toEqual({ kind: 'accept' })
    expect(life.failures).toHaveLength(1)
    await life.stop()
  })

  it('are rejected when any byte of them was changed', async () => {
    const [block = new Uint8Array()] = await blocksOf(2, 2)
    const machine = createMachine()
    const life = await live(machine)
    for (let at = 0; at < block.length; at += 7) {
      const bad = Uint8Array.from(block)
      bad[at] = (bad[at] ?? 0) ^ 0x10
      expect((await life.ingest.admitBlock(bad, 'peer')).kind, `byte ${at}`).not.toBe('accept')
    }
    expect(life.wal.lastSynced).toBe(0)
    expect((await life.ingest.admitBlock(block, 'peer')).kind).toBe('accept')
    await life.stop()
  })

  it('take a record out of the backlog that they bring', async () => {
    const machine = createMachine()
    const life = await live(machine, { sealDelayMs: 5_000 })
    await life.ingest.admitRecords([says(alice, 'first', 'x')])
    await until(machine, () => life.sealed.length === 1)
    const other = createMachine('other')
    const otherLife = await live(other)
    const shared = says(bob, 'shared', 'x')
    await otherLife.ingest.admitRecords([shared])
    await flushed(other, otherLife)
    await life.ingest.admitRecords([shared])
    expect(life.ingest.counts().unsealed).toBe(1)
    await life.ingest.admitBlock(otherLife.sealed[0]?.block ?? new Uint8Array(), 'peer')
    for (let round = 0; life.store.totals.recordCount < 2 && round < 500; round += 1) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(life.ingest.counts().unsealed).toBe(0)
    expect(await life.store.rangeAll(ranges.unsealed())).toHaveLength(0)
    await otherLife.stop()
    await life.stop()
  })

  it('refuse a record of another network', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const foreign = Buffer.from(networkId, 'hex').reverse().toString('hex')
    const record = buildAssertion(
      { timestampMs: startMs - 1, subject: 'sky', predicate: 'is', object: 'blue' }, alice, foreign as never)
    expect((await life.ingest.admitRecords([record]))[0]).toMatchObject({ code: 'RECORD_SIGNATURE' })
    await life.stop()
  })
})
