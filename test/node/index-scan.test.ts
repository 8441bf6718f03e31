// An index that lost rows without a word is found out after an unclean stop, and rebuilt at the next start.

import { describe, expect, it } from 'vitest'
import { createIndexScan } from '../../src/node/index-scan.js'
import { silentLog, type StemeNode } from '../../src/node/index.js'
import { ranges, StoreError, type Store } from '../../src/store/index.js'
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
    await until(machine, () => told(machine, WHOLE))
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
    await node.stop()
    expect(await machine.disk.stat('/data/wal.marker')).toBeUndefined()
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
    expect(await machine.disk.stat('/data/wal.marker')).toBeUndefined()
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

describe('a scan that cannot read', () => {
  async function scanWith(failure: unknown): Promise<object> {
    const machine = await createMachine()
    machine.disk.put('/data/wal.marker', new Uint8Array([1]))
    const store = { unclean: true, verifyDigest: () => Promise.reject(failure) } as unknown as Store
    const ports = { clock: machine.clock, disk: machine.disk, log: silentLog }
    const scan = createIndexScan(store, '/data/wal.marker', ports)
    scan.start()
    await scan.stop()
    const marker = (await machine.disk.stat('/data/wal.marker')) !== undefined
    return { damaged: scan.damaged, vouched: scan.vouched, marker }
  }

  it('calls unreadable rows damage', async () => {
    const unreadable = new StoreError({ code: 'STORE_READ_FAILED' }, 'the index could not be read')
    expect(await scanWith(unreadable)).toEqual({ damaged: true, vouched: false, marker: false })
    const bad = new StoreError({ code: 'STORE_BAD_ROW', family: 'H:' }, 'a bad row')
    expect(await scanWith(bad)).toEqual({ damaged: true, vouched: false, marker: false })
  })

  it('calls any other failure no damage, and vouches for nothing', async () => {
    expect(await scanWith(new Error('out of memory'))).toEqual({ damaged: false, vouched: false, marker: true })
  })

  it('is condemned by a failure of the index elsewhere, and by no other', async () => {
    const machine = await createMachine()
    const ports = { clock: machine.clock, disk: machine.disk, log: silentLog }
    const scan = createIndexScan({ unclean: false } as unknown as Store, '/data/wal.marker', ports)
    scan.suspect(new Error('the log has failed'))
    expect(scan).toMatchObject({ damaged: false, vouched: true })
    scan.suspect(new StoreError({ code: 'STORE_READ_FAILED' }, 'the index could not be read'))
    expect(scan).toMatchObject({ damaged: true, vouched: false })
    await scan.stop()
  })
})
