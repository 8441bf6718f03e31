// An index that lost rows without a word is found out after an unclean stop, and rebuilt at the next start.

import { describe, expect, it } from 'vitest'
import { COUNT_EVERY_MS, createIndexScan, type ScannedStore } from '../../src/node/index-scan.js'
import { silentLog, type StemeNode } from '../../src/node/index.js'
import { FAMILY, ranges, readMarker, StoreError } from '../../src/store/index.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { alice, boot, createMachine, during, says, settledState, until, type Machine } from './kit.js'

const LOST = 'the index lost rows: restart the node to rebuild it from the ledger'
const WHOLE = 'the index holds all its rows'
const REBUILT = 'the index is not whole: it is rebuilt from the ledger'
const records = Array.from({ length: 50 }, (_, index) => says(alice, `subject ${index}`, 'x'))

/** A machine whose node was killed, with all its rows below a checkpoint. */
async function killed(): Promise<{ readonly machine: Machine; readonly viewDigest: string | undefined }> {
  const machine = await createMachine()
  const first = await boot(machine)
  await first.admit(records)
  const { tag } = await settledState(machine, first)
  await first.stop()
  await boot(machine)
  kill(machine)
  machine.messages.length = 0
  return { machine, viewDigest: tag?.viewDigest }
}

function kill(machine: Machine): void {
  machine.disk.kill()
  machine.index.crash()
}

/** Takes one candidate out of the index, as a lost table would. */
async function loseRow(machine: Machine): Promise<void> {
  const database = await machine.index.open(false)
  const iterator = database.iterator({ ...ranges.candidates(), keyEncoding: 'buffer', valueEncoding: 'buffer' })
  const [row] = await iterator.nextv(1)
  await iterator.close()
  if (row === undefined) expect.fail('no candidate is there')
  await database.batch([{ type: 'del', key: row[0] }], { sync: true })
  await database.close()
}

/** What the marker says the ledger must hold: without it a lost end of the log would pass for a torn one. */
async function provenOf(machine: Machine): Promise<number> {
  const marker = await readMarker(machine.disk, '/data/wal.marker')
  if (typeof marker === 'string') expect.fail(`the marker is ${marker}`)
  expect(marker.condemned).toBe(true)
  return marker.provenSequence
}

const told = (machine: Machine, message: string): boolean =>
  machine.messages.some((one) => one === message || one.startsWith(`${message}: `))

async function expectRebuilt(machine: Machine, count: number, viewDigest?: string): Promise<StemeNode> {
  machine.messages.length = 0
  const node = await during(machine, boot(machine))
  expect(told(machine, REBUILT)).toBe(true)
  const state = await settledState(machine, node)
  expect(state.records).toBe(count)
  if (viewDigest !== undefined) expect(state.tag?.viewDigest).toBe(viewDigest)
  return node
}

describe('scan of the index after an unclean stop', () => {
  it('finds all rows of a whole index, and the next start is clean', async () => {
    const { machine } = await killed()
    const node = await boot(machine)
    expect(node.ready()).toMatchObject({ ready: true, index: 'uncounted' })
    await until(machine, () => told(machine, WHOLE))
    expect(node.ready()).toMatchObject({ ready: true, index: 'counted' })
    expect(node.stats()).toMatchObject({ store_index_damaged: 0 })
    await node.stop()
    machine.messages.length = 0
    const again = await boot(machine)
    await settledState(machine, again)
    expect(machine.messages.filter((message) => message === WHOLE || message === LOST)).toEqual([])
    await again.stop()
  })

  it('finds a lost row; after a stop the next start rebuilds, with what was written meanwhile', async () => {
    const { machine } = await killed()
    await loseRow(machine)
    const node = await boot(machine)
    await until(machine, () => told(machine, LOST))
    await node.admit([says(alice, 'meanwhile', 'x')])
    await settledState(machine, node)
    expect(node.ready()).toMatchObject({ ready: false, index: 'damaged' })
    expect(node.stats()).toMatchObject({ store_index_damaged: 1 })
    const proven = await provenOf(machine)
    await node.stop()
    expect(proven).toBeGreaterThan(0)
    expect(await provenOf(machine)).toBeGreaterThanOrEqual(proven)
    const again = await expectRebuilt(machine, records.length + 1)
    expect((await again.query({ subject: 'subject 0', predicate: 'is', lens: 'Consensus' })).winner.object).toBe('x')
    await again.stop()
    machine.messages.length = 0
    const third = await boot(machine)
    expect(told(machine, REBUILT)).toBe(false)
    await third.stop()
  })

  it('finds a lost row; after a kill the next start rebuilds, and its views are those of before', async () => {
    const { machine, viewDigest } = await killed()
    await loseRow(machine)
    await boot(machine)
    await until(machine, () => told(machine, LOST))
    kill(machine)
    const again = await expectRebuilt(machine, records.length, viewDigest)
    await again.stop()
  })

  it('writes no checkpoint for an index that it condemned', async () => {
    const { machine } = await killed()
    await loseRow(machine)
    const node = await boot(machine)
    await until(machine, () => told(machine, LOST))
    // Far more than the time between two checkpoints.
    for (let round = 0; round < 5; round += 1) {
      machine.clock.advance(20_000)
      await node.admit([says(alice, `late ${round}`, 'x')])
      await settledState(machine, node)
    }
    await provenOf(machine)
    await node.stop()
    await (await expectRebuilt(machine, records.length + 5)).stop()
  })

  it('that did not come to its end is done again: a clean stop in between vouches for nothing', async () => {
    const { machine } = await killed()
    await loseRow(machine)
    // The clock stands still, so the scan waits in its first pause.
    const hasty = await boot(machine)
    await hasty.stop()
    expect(told(machine, LOST)).toBe(false)
    const node = await boot(machine)
    await until(machine, () => told(machine, LOST))
    await node.stop()
    await (await expectRebuilt(machine, records.length)).stop()
  })
})

describe('a scan under a node that runs on', () => {
  it('counts once a day, and no more once it has found damage', async () => {
    const clock = createManualClock()
    const totals = { sequence: 0, recordCount: 0, digest: new Uint8Array(32) }
    let [counts, condemned, equal] = [0, 0, true]
    const scan = createIndexScan({
      unclean: false,
      verifyDigest: async () => (counts += 1, { equal, rowCount: 1, expected: totals, found: totals }),
      condemn: async () => void (condemned += 1)
    }, { clock, log: silentLog })
    scan.start()
    await clock.advanceAsync(COUNT_EVERY_MS - 1)
    expect(counts).toBe(0)
    await clock.advanceAsync(1)
    expect([counts, scan.vouched]).toEqual([1, true])
    equal = false
    await clock.advanceAsync(COUNT_EVERY_MS)
    expect([counts, condemned, scan.damaged, clock.timers]).toEqual([2, 1, true, 0])
    await scan.stop()
  })

  it('leaves no timer behind', async () => {
    const clock = createManualClock()
    const store = { unclean: false, verifyDigest: () => Promise.reject(new Error('x')), condemn: async () => undefined }
    const scan = createIndexScan(store, { clock, log: silentLog })
    scan.start()
    expect(clock.timers).toBe(1)
    await scan.stop()
    expect(clock.timers).toBe(0)
  })

  it('finds a row that was lost meanwhile within a day', async () => {
    const machine = await createMachine()
    const node = await boot(machine)
    await node.admit(records)
    await settledState(machine, node)
    await until(machine, () => told(machine, WHOLE))
    const [row] = (await machine.index.rows()).filter(([key]) => key[0] === FAMILY.candidate.charCodeAt(0))
    if (row === undefined) expect.fail('no candidate is there')
    await machine.index.damage([{ type: 'del', key: row[0] }])
    machine.clock.advance(COUNT_EVERY_MS)
    await until(machine, () => told(machine, LOST))
    expect(node.ready()).toMatchObject({ ready: false, index: 'damaged' })
    await node.stop()
    await (await expectRebuilt(machine, records.length)).stop()
  })
})

describe('a scan that cannot read', () => {
  const unreadable = new StoreError({ code: 'STORE_READ_FAILED' }, 'the index could not be read')

  /** A store that was not closed cleanly; its marker can be written after so many failures. */
  function storeWith(failure: unknown, unclean = true, refusals = 0): ScannedStore & { condemned: number } {
    const store = {
      unclean, condemned: 0,
      verifyDigest: () => Promise.reject(failure),
      async condemn() {
        if (refusals-- > 0) throw new Error('no space')
        store.condemned += 1
      }
    }
    return store
  }

  async function scanWith(failure: unknown): Promise<object> {
    const store = storeWith(failure)
    const scan = createIndexScan(store, { clock: createManualClock(), log: silentLog })
    scan.start()
    await scan.stop()
    const { damaged, vouched } = scan
    return { damaged, vouched, condemned: store.condemned }
  }

  it('calls unreadable rows damage', async () => {
    expect(await scanWith(unreadable)).toEqual({ damaged: true, vouched: false, condemned: 1 })
    const bad = new StoreError({ code: 'STORE_BAD_ROW', family: 'H:' }, 'a bad row')
    expect(await scanWith(bad)).toEqual({ damaged: true, vouched: false, condemned: 1 })
  })

  it('calls any other failure no damage, and vouches for nothing', async () => {
    expect(await scanWith(new Error('out of memory'))).toEqual({ damaged: false, vouched: false, condemned: 0 })
  })

  it('is condemned by a failure of the index elsewhere, once, and by no other', async () => {
    const store = storeWith(undefined, false)
    const scan = createIndexScan(store, { clock: createManualClock(), log: silentLog })
    scan.suspect(new Error('the log has failed'))
    expect(scan).toMatchObject({ damaged: false, vouched: true })
    scan.suspect(unreadable)
    scan.suspect(unreadable)
    expect(scan).toMatchObject({ damaged: true, vouched: false })
    await scan.stop()
    expect(store.condemned).toBe(1)
  })

  it('is noted when it stops, if it could not be before', async () => {
    const store = storeWith(undefined, false, 1)
    const scan = createIndexScan(store, { clock: createManualClock(), log: silentLog })
    scan.suspect(unreadable)
    await new Promise((resolve) => setImmediate(resolve))
    expect(store.condemned).toBe(0)
    await scan.stop()
    expect(store.condemned).toBe(1)
  })
})
