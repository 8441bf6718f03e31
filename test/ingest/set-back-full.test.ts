// Own blocks that came back lie ahead of the clock, and the log takes no frames for their records just then.

import { describe, expect, it } from 'vitest'
import { settle } from '../fakes/until.js'
import { createMachine, live, startMs, until, type Life, type Machine } from './kit.js'
import { hour, sealedOnLostDisk } from './set-back-kit.js'

/** They came back; then the clock was corrected and the index lost. */
async function cameBack(): Promise<Machine> {
  const blocks = await sealedOnLostDisk(['a', 'b'], startMs)
  const machine = createMachine()
  machine.clock.setNow(startMs + hour)
  const life = await live(machine, {}, '')
  for (const block of blocks) expect(await life.ingest.admitBlock(block, 'peer')).toEqual({ kind: 'accept' })
  await until(machine, () => life.store.totals.recordCount === 2)
  await life.stop()
  machine.clock.setNow(startMs)
  await machine.index.destroy()
  return machine
}

/** Both records wait, and stand in the index once they are sealed. */
async function expectBoth(machine: Machine, life: Life): Promise<void> {
  expect(life.ingest.counts().unsealed).toBe(2)
  await life.seal('2222222222222222')
  await life.ingest.flush()
  expect(life.store.totals.recordCount).toBe(2)
  expect(life.failures).toEqual([])
  expect((await life.store.verifyDigest()).equal).toBe(true)
  await life.stop()
  const next = await live(machine, {}, '2222222222222222')
  expect([next.store.totals.recordCount, next.ingest.counts().unsealed]).toEqual([2, 0])
  await next.stop()
}

describe('a log that takes no frames while own blocks that came back are left out', () => {
  it('is waited for when it is full, and no step is written meanwhile', async () => {
    const machine = await cameBack()
    machine.disk.inject({ operation: 'write', code: 'ENOSPC', path: '/data/wal/', times: 3 })
    let life: Life | undefined
    const starting = live(machine, {}, '').then((started) => {
      life = started
    })
    await settle()
    expect(life).toBeUndefined()
    const fromMs = machine.clock.monotonicMs()
    await until(machine, () => life !== undefined)
    expect(machine.clock.monotonicMs() - fromMs).toBeGreaterThanOrEqual(3_000)
    await starting
    if (life !== undefined) await expectBoth(machine, life)
  })

  it('does not keep a node from stopping when it stays full, and the next start gives the records back', async () => {
    const [block = new Uint8Array()] = await sealedOnLostDisk(['a', 'b'], startMs)
    const machine = createMachine()
    machine.clock.setNow(startMs + hour)
    const life = await live(machine, {}, '')
    life.wal.onSynced(() => {
      machine.clock.setNow(startMs)
      machine.disk.inject({ operation: 'write', code: 'ENOSPC', path: '/data/wal/', times: 1_000_000 })
    })
    void life.ingest.admitBlock(block, 'peer')
    await settle(20)
    expect([life.wal.lastSynced, life.store.cursor, life.withheld.length]).toEqual([1, 0, 1])
    let stopped = false
    const stopping = life.stop().then(() => {
      stopped = true
    })
    await until(machine, () => stopped)
    await stopping
    machine.disk.clearFaults()
    const second = await live(machine, {}, '')
    expect([second.store.totals.recordCount, second.ingest.counts().unsealed]).toEqual([0, 1])
    await second.stop()
  })

  it.each([0, 1])('fails the start when it fails behind %d blocks, and the next start tries again', async (after) => {
    const machine = await cameBack()
    machine.disk.inject({ operation: 'sync', code: 'EIO', path: '/data/wal/', after })
    await expect(live(machine, {}, '')).rejects.toMatchObject({ code: 'WAL_FAILED' })
    machine.disk.kill()
    machine.index.crash()
    await expectBoth(machine, await live(machine, {}, ''))
  })
})
