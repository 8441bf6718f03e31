// Records whose `u/` rows wait for their block.

import { describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { keys, ranges } from '../../src/store/index.js'
import { alice, createMachine, live, says, until, type Life, type Machine } from './kit.js'

const NEVER_MS = 86_400_000
const HELD_MAX = 1_024

/** A life in which one block is sealed and what comes after it waits. */
async function waiting(machine: Machine): Promise<Life> {
  const life = await live(machine, {
    sealDelayMs: NEVER_MS, blockRecordsTarget: 4_000, blockBytesTarget: 4_000_000
  })
  const first = says(alice, 'first', 'x')
  await life.ingest.admitRecords([first])
  await until(machine, () => life.store.get(keys.record(blake3Hash(first))) !== undefined)
  return life
}

async function admit(life: Life, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => says(alice, `later ${index}`, 'x'))
  const results = await life.ingest.admitRecords(records)
  expect(results.every((result) => result.kind === 'admitted')).toBe(true)
}

const rows = async (life: Life): Promise<number> => (await life.store.rangeAll(ranges.unsealed())).length

describe('records that wait for their block', () => {
  it('have no row while the ledger alone holds them, and one each after a clean stop', async () => {
    const machine = createMachine()
    const life = await waiting(machine)
    await admit(life, 5)
    await until(machine, () => life.ingest.counts().behind === 0)
    expect(await rows(life)).toBe(0)
    expect(life.ingest.counts().unsealed).toBe(5)
    await life.stop()
    const next = await live(machine)
    await until(machine, () => next.store.totals.recordCount === 6)
    expect(await rows(next)).toBe(0)
    await next.stop()
  })

  it('are in the backlog again after a crash', async () => {
    const machine = createMachine()
    const life = await waiting(machine)
    await admit(life, 5)
    await until(machine, () => life.ingest.counts().behind === 0)
    machine.disk.crash()
    machine.index.crash()
    const next = await live(machine)
    await until(machine, () => next.store.totals.recordCount === 6)
    await next.stop()
  })

  it('are held back up to 1,024 and get their rows with the next', async () => {
    const machine = createMachine()
    const life = await waiting(machine)
    await admit(life, HELD_MAX - 1)
    await until(machine, () => life.ingest.counts().behind === 0)
    expect(await rows(life)).toBe(0)
    await life.ingest.admitRecords([says(alice, 'one more', 'x')])
    await until(machine, () => life.ingest.counts().behind === 0)
    await until(machine, () => life.store.cursor >= HELD_MAX)
    expect(await rows(life)).toBe(HELD_MAX)
    await life.stop()
  })
})
