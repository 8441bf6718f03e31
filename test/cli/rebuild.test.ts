// The index can be dropped and built again from the ledger, and holds what it held.

import { chmodSync, copyFileSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '../../src/base/index.js'
import { initDirectory, lockDataDirectory } from '../../src/node/index.js'
import { createPlace, flip, segments, type Place } from './directory-kit.js'
import { runWords, type Ended } from './harness.js'

let place: Place
let count = 0

beforeAll(async () => {
  const made = await createPlace(5, 20)
  place = made.place
  count = made.ids.length
})
afterAll(() => place.end())

const rebuild = (directory: string): Promise<Ended> => runWords(['--json', '--data-dir', directory, 'rebuild'])

async function rebuilt(directory: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await rebuild(directory)
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Record<string, unknown>
}

function loseTables(directory: string): void {
  const index = join(directory, 'index')
  for (const name of readdirSync(index)) if (/\.(ldb|log)$/.test(name)) rmSync(join(index, name))
}

describe('rebuild', () => {
  it('gives the rows and views that were there, and the directory is sound', async () => {
    const directory = place.copy()
    const report = await rebuilt(directory)
    expect(report).toMatchObject({ records: count, same: true })
    expect(await rebuilt(directory)).toMatchObject({ ...report, seconds: expect.any(Number) as number })
    const verified = await runWords(['--json', '--data-dir', directory, 'verify'])
    expect(JSON.parse(verified.stdout)).toMatchObject({ sound: true, records: count })
    const human = await runWords(['--data-dir', directory, 'rebuild'])
    expect(human.stdout).toMatch(/^same as before +yes$/m)
  })

  it('gives the same from an index that lost its tables, or that is gone', async () => {
    const whole = await rebuilt(place.copy())
    const broken = place.copy()
    loseTables(broken)
    const { rows_digest } = whole
    expect(await rebuilt(broken)).toMatchObject({ records: count, rows_digest, same: null })
    const gone = place.copy()
    rmSync(join(gone, 'index'), { recursive: true })
    const { view_digest } = whole
    expect(await rebuilt(gone)).toMatchObject({ records: count, view_digest, same: null })
  })

  it('is refused over a damaged ledger, and leaves the index as it is', async () => {
    const directory = place.copy()
    flip(segments(directory)[0] ?? '', 5_000)
    const ended = await rebuild(directory)
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('WAL_CORRUPT')])
    flip(segments(directory)[0] ?? '', 5_000)
    expect((await runWords(['--json', '--data-dir', directory, 'verify'])).code).toBe(0)
    truncateSync(segments(directory)[0] ?? '', 400_000)
    const cut = await rebuild(directory)
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining('WAL_CORRUPT')])
  })

  it('is refused on the directory of another network', async () => {
    const [directory, other] = [place.copy(), place.path('other')]
    await initDirectory(other, { name: 'other', created: 2 }, { random: systemRandom })
    copyFileSync(join(other, 'genesis.json'), join(directory, 'genesis.json'))
    const ended = await rebuild(directory)
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('STORE_FOREIGN_NETWORK')])
    rmSync(join(directory, 'index'), { recursive: true })
    rmSync(join(directory, 'wal.marker'))
    const bare = await rebuild(directory)
    expect([bare.code, bare.stderr]).toEqual([1, expect.stringContaining('WAL_OTHER_NETWORK')])
  })

  it('is refused with a key that others can read, without a node, and while one runs', async () => {
    const directory = place.copy()
    chmodSync(join(directory, 'node.key'), 0o644)
    expect((await rebuild(directory)).stderr).toContain('NODE_KEY_MODE')
    expect((await rebuild(place.path('nothing'))).stderr).toContain('NODE_DIRECTORY_MISSING')
    const lock = await lockDataDirectory(directory)
    expect((await rebuild(directory)).stderr).toContain('STORE_LOCKED')
    await lock.release()
  })
})
