// Of a damaged ledger every valid record is saved; what is lost comes back from peers, and no feed
// forks.

import {
  chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom, type Hash } from '../../src/base/index.js'
import { initDirectory, loadConfig, lockDataDirectory, openNode } from '../../src/node/index.js'
import { createPlace, flip, nodeAt, segments, sizeOf, type Place } from './directory-kit.js'
import { runWords, type Ended } from './harness.js'

let place: Place
let ids: readonly Hash[]
let blocks = 0

beforeAll(async () => {
  // Two segments and a bit: 600 records of 4 KiB.
  ({ place, ids, blocks } = await createPlace(4, 150, 4_000))
})
afterAll(() => place.end())

const repair = (directory: string): Promise<Ended> => runWords(['--json', '--data-dir', directory, 'repair'])

async function repaired(directory: string): Promise<Record<string, number>> {
  const { code, stdout, stderr } = await repair(directory)
  expect([code, stderr]).toEqual([0, expect.stringContaining('next: ')])
  const report = JSON.parse(stdout) as Record<string, number>
  expect(report).toMatchObject({ repaired: true })
  return report
}

/** The directory is sound, and this many of the records are there. */
async function expectRecords(directory: string, count: number): Promise<void> {
  const node = await nodeAt(directory)
  await node.settled()
  const found = await Promise.all(ids.map((id) => node.record(id)))
  expect(found.filter((record) => record !== undefined)).toHaveLength(count)
  await node.stop()
  const verified = await runWords(['--json', '--data-dir', directory, 'verify'])
  expect([verified.code, verified.stderr]).toEqual([0, ''])
}

function withoutIndex(): string {
  const directory = place.copy()
  rmSync(join(directory, 'index'), { recursive: true })
  return directory
}

const segment = (directory: string, at: number): string => segments(directory)[at] ?? ''

describe('repair', () => {
  it('touches nothing when the ledger is sound', async () => {
    const directory = place.copy()
    expect(segments(directory).length).toBeGreaterThanOrEqual(3)
    const before = segments(directory).map((path) => readFileSync(path))
    const ended = await repair(directory)
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(JSON.parse(ended.stdout)).toMatchObject({ repaired: false })
    expect(segments(directory).every((path, i) => before[i]?.equals(readFileSync(path)))).toBe(true)
    expect((await runWords(['--data-dir', directory, 'repair'])).stdout).toContain('sound: nothing was touched')
  })

  it('loses nothing when the index has what the ledger lost', async () => {
    const directory = place.copy()
    flip(segment(directory, 0), 20_000)
    const report = await repaired(directory)
    expect(report).toMatchObject({ missing: 1, blocks, blocksOfIndex: 1, blocksLost: 0 })
    expect(existsSync(join(directory, 'damaged-1', 'wal'))).toBe(true)
    await expectRecords(directory, ids.length)
  })

  it('without the index loses the one record that is damaged, and seals the rest of its block anew', async () => {
    const directory = withoutIndex()
    const before = readFileSync(join(directory, 'incarnation'), 'utf8')
    flip(segment(directory, 0), 20_000)
    const report = await repaired(directory)
    expect(report).toMatchObject({ missing: 1, blocks: 0, blocksLost: blocks, records: ids.length - 1 })
    await expectRecords(directory, ids.length - 1)
    expect(readFileSync(join(directory, 'incarnation'), 'utf8')).not.toBe(before)
  })

  it('gets what is lost back from a peer, with the blocks as they were', async () => {
    const directory = withoutIndex()
    // Somewhere in the blocks of the second half: those before stay whole.
    flip(segment(directory, 1), 900_000)
    const report = await repaired(directory)
    expect(report['blocks']).toBeGreaterThan(0)
    expect(report['blocksLost']).toBeGreaterThan(0)
    const [peer, node] = [await nodeAt(place.copy()), await nodeAt(directory)]
    for await (const { bytes } of peer.blocks()) expect(['accepted', 'known']).toContain(await node.admitBlock(bytes))
    await node.settled()
    expect((await node.state()).forks).toBe(0)
    await Promise.all([peer.stop(), node.stop()])
    await expectRecords(directory, ids.length)
  })

  it('saves the other segments when one is cut, gone, or lost its header', async () => {
    const damages: readonly ((directory: string) => void)[] = [
      (directory) => truncateSync(segment(directory, 1), Math.floor(sizeOf(segment(directory, 1)) / 2)),
      (directory) => rmSync(segment(directory, 0)),
      (directory) => flip(segment(directory, 0), 40)
    ]
    for (const damage of damages) {
      const directory = place.copy()
      damage(directory)
      expect((await runWords(['--data-dir', directory, 'rebuild'])).stderr).toContain('WAL_CORRUPT')
      expect(await repaired(directory)).toMatchObject({ blocks, blocksLost: 0 })
      await expectRecords(directory, ids.length)
    }
  })

  it('takes all blocks from the index when nothing is left of the ledger', async () => {
    const directory = place.copy()
    for (const path of segments(directory)) flip(path, 40)
    expect(await repaired(directory)).toMatchObject({ frames: 0, blocks, blocksOfIndex: blocks, records: 0 })
    await expectRecords(directory, ids.length)
    const gone = place.copy()
    rmSync(join(gone, 'wal'), { recursive: true })
    expect(await repaired(gone)).toMatchObject({ blocks })
    await expectRecords(gone, ids.length)
  })

  it('that was cut off is refused by a start, and finished by another repair', async () => {
    const directory = place.copy()
    flip(segment(directory, 0), 20_000)
    await repaired(directory)
    // As it was before the new ledger got its name.
    renameSync(join(directory, 'wal'), join(directory, 'wal.repaired'))
    const config = await loadConfig({ dataDir: directory, logLevel: 'silent' }, {})
    await expect(openNode(config)).rejects.toMatchObject({ code: 'NODE_REPAIR_UNFINISHED' })
    expect(await repaired(directory)).toMatchObject({ aside: join(directory, 'damaged-1') })
    await expectRecords(directory, ids.length)
    // Before the old ledger was moved: it starts over.
    const again = place.copy()
    flip(segment(again, 0), 20_000)
    mkdirSync(join(again, 'wal.repaired'))
    mkdirSync(join(again, 'wal.unfinished'))
    expect(await repaired(again)).toMatchObject({ blocks })
    await expectRecords(again, ids.length)
  })

  it('is refused on the directory of another network, and changes nothing there', async () => {
    const [directory, other] = [place.copy(), place.path('other')]
    await initDirectory(other, { name: 'other', created: 2 }, { random: systemRandom })
    copyFileSync(join(other, 'genesis.json'), join(directory, 'genesis.json'))
    const ended = await repair(directory)
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('WAL_OTHER_NETWORK')])
    flip(segment(directory, 0), 20_000)
    expect((await repair(directory)).stderr).toContain('WAL_OTHER_NETWORK')
    expect(existsSync(join(directory, 'damaged-1'))).toBe(false)
  })

  it('is refused with a key that others can read or that is none, and while a node runs', async () => {
    const directory = place.copy()
    const lock = await lockDataDirectory(directory)
    expect((await repair(directory)).stderr).toContain('STORE_LOCKED')
    await lock.release()
    chmodSync(join(directory, 'node.key'), 0o644)
    expect((await repair(directory)).stderr).toContain('NODE_KEY_MODE')
    writeFileSync(join(directory, 'node.key'), 'no key')
    chmodSync(join(directory, 'node.key'), 0o600)
    expect((await repair(directory)).stderr).toContain('NODE_FILE_INVALID')
  })
})
