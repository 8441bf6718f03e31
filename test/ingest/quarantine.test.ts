// What waits for its time leaves when its time has come, whatever else happens meanwhile.

import { describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import { loadRows, releaseRows } from '../../src/ingest/quarantine-rows.js'
import { keys } from '../../src/store/index.js'
import { alice, createMachine, live, says, startMs, until } from './kit.js'

describe('release from the quarantine', () => {
  it('comes on time for a record whose successor waits longer', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const [soon, late] = [40_000, 85_000].map((ahead) => says(alice, `s${ahead}`, 'x', startMs + ahead))
    if (soon === undefined || late === undefined) throw new Error('two records')
    for (const record of [soon, late]) {
      const [result] = await life.ingest.admitRecords([record])
      expect(result?.kind).toBe('quarantined')
      await until(machine, () => life.ingest.counts().behind === 0)
    }
    await until(machine, () => life.store.get(keys.record(blake3Hash(soon))) !== undefined)
    expect(machine.clock.nowMs() - startMs).toBeLessThan(15_000)
    expect(life.store.get(keys.record(blake3Hash(late)))).toBeUndefined()
    await life.stop()
  })

  it('is tried again when the index did not take it', async () => {
    const machine = createMachine()
    const life = await live(machine)
    const record = says(alice, 'sky', 'green', startMs + 40_000)
    await life.ingest.admitRecords([record])
    await until(machine, () => life.ingest.counts().behind === 0)
    const noSpace = Object.assign(new Error('No space left on device'), { code: 'ENOSPC' })
    machine.index.failNextBatch(noSpace)
    await until(machine, () => life.store.get(keys.record(blake3Hash(record))) !== undefined)
    expect(machine.clock.nowMs() - startMs).toBeLessThan(20_000)
    await life.stop()
  })
  it('moves what waits for a block, and of what a block holds only drops the row', async () => {
    const machine = createMachine()
    const life = await live(machine, {}, '')
    const [held, waiting] = ['held', 'waiting'].map((subject) => says(alice, subject, 'x', startMs + 80_000))
    if (held === undefined || waiting === undefined) throw new Error('two records')
    await life.ingest.admitRecords([held, waiting])
    await until(machine, () => life.ingest.counts().behind === 0)
    // As after the replay of an own block over an index that came back from before the release.
    const replay = life.store.batch()
    replay.add(keys.record(blake3Hash(held)), held)
    await life.store.write(replay)
    const moved = await releaseRows(life.store, await loadRows(life, 3))
    expect(moved.map(({ id }) => id)).toEqual([blake3Hash(waiting)])
    expect(life.store.get(keys.unsealed(blake3Hash(held)))).toBeUndefined()
    expect(life.store.get(keys.unsealed(blake3Hash(waiting)))).toBeDefined()
    expect(await loadRows(life, 3)).toEqual([])
    await life.stop()
  })
})
