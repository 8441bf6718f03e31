// LevelDB opens without an error after its manifest was cut, CURRENT was deleted or its log was damaged. The
// marker beside the WAL must turn each of these into a rebuild.

import {
  cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keys, openLevel, openStore, ranges, type LevelSource, type Store } from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'
import { hash, networkId, silent } from '../contract/store.js'

const records = 3_000
// Few enough tables that none is merged away: then a cut manifest names only files that are there.
const fewRecords = 2_000
const root = mkdtempSync(join(tmpdir(), 'steme-loss-'))
const small = { cacheBytes: 8_388_608, writeBufferBytes: 262_144 }
// States of the same index: closed cleanly, killed after its checkpoint, killed right after a later start.
const states = ['closed', 'killed', 'restarted'] as const
let copies = 0

interface Place {
  readonly level: LevelSource
  readonly open: () => Promise<Store>
}

function placeAt(directory: string, sizes: object = small): Place {
  const level = openLevel({ directory: join(directory, 'index'), ...sizes })
  const deps = { level, disk: createFileDisk(), log: silent }
  return { level, open: () => openStore({ networkId, markerPath: join(directory, 'marker') }, deps) }
}

// What a kill leaves is what the files hold at one instant of a live process: copies until nothing moved.
function freeze(from: string, to: string): void {
  const listing = (): string => readdirSync(join(from, 'index')).map((name) => {
    const stat = statSync(join(from, 'index', name), { throwIfNoEntry: false })
    return `${name} ${stat?.size} ${stat?.mtimeMs}`
  }).join()
  for (let before = ''; before !== listing();) {
    before = listing()
    rmSync(to, { recursive: true, force: true })
    try {
      cpSync(from, to, { recursive: true })
    } catch {
      before = ''
    }
  }
}

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += 100) {
    const batch = store.batch()
    for (let i = at; i < at + 100; i++) batch.add(keys.record(hash(i)), Buffer.from(hash(i).repeat(4), 'hex'))
    batch.setCursor(at + 100)
    await store.write(batch)
  }
}

beforeAll(async () => {
  const live = join(root, 'live')
  const first = await placeAt(live).open()
  await fill(first, 0, records - 1_000)
  await first.writeCheckpoint()
  await fill(first, records - 1_000, records)
  freeze(live, join(root, 'killed'))
  await first.close()
  cpSync(live, join(root, 'closed'), { recursive: true })
  const second = await placeAt(live).open()
  freeze(live, join(root, 'restarted'))
  await second.close()
})

afterAll(() => rmSync(root, { recursive: true }))

function copyOf(state: string): string {
  const directory = join(root, `${state}-${copies++}`)
  cpSync(join(root, state), directory, { recursive: true })
  return directory
}

function filesIn(directory: string, pattern: RegExp): string[] {
  const index = join(directory, 'index')
  return readdirSync(index).filter((name) => pattern.test(name)).map((name) => join(index, name))
}

function cutInHalf(path: string): void {
  truncateSync(path, Math.floor(statSync(path).size / 2))
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

function flipMiddle(path: string): void {
  flip(path, Math.floor(statSync(path).size / 2))
}

const damages: Record<string, (directory: string) => void> = {
  'the manifest was cut in half': (directory) => filesIn(directory, /^MANIFEST/).forEach(cutInHalf),
  'the manifest was cut at its start': (directory) => filesIn(directory, /^MANIFEST/).forEach((path) => truncateSync(path)),
  'the manifest was damaged': (directory) => filesIn(directory, /^MANIFEST/).forEach((path) => flip(path, 20)),
  'the manifest is gone': (directory) => filesIn(directory, /^MANIFEST/).forEach((path) => rmSync(path)),
  'CURRENT was deleted': (directory) => filesIn(directory, /^CURRENT$/).forEach((path) => rmSync(path)),
  'CURRENT is empty': (directory) => filesIn(directory, /^CURRENT$/).forEach((path) => truncateSync(path)),
  'all files are gone': (directory) => filesIn(directory, /./).forEach((path) => rmSync(path)),
  'the directory is gone': (directory) => rmSync(join(directory, 'index'), { recursive: true }),
  'all tables are gone': (directory) => filesIn(directory, /\.ldb$/).forEach((path) => rmSync(path))
}

const logDamages: Record<string, (directory: string) => void> = {
  'the log was damaged in its middle': (directory) => filesIn(directory, /\.log$/).forEach(flipMiddle),
  'the log was damaged at its start': damageLogStart,
  'the log was cut in half': (directory) => filesIn(directory, /\.log$/).forEach(cutInHalf),
  'the log is gone': (directory) => filesIn(directory, /\.log$/).forEach((path) => rmSync(path))
}

function damageLogStart(directory: string): void {
  filesIn(directory, /\.log$/).forEach((path) => flip(path, 8))
}

const lateDamages: readonly [string, (path: string, at: number) => void][] = [
  ['cut', (path, at) => truncateSync(path, at)],
  ['damaged', (path, at) => flip(path, at)]
]

// Killed 1,000 records after a checkpoint at 1,000, all in one log of the database.
async function killedWithOneLog(
  name: string
): Promise<{ directory: string; log: string; checkpointAt: number }> {
  const [live, directory] = [join(root, `live ${name}`), join(root, name)]
  const store = await placeAt(live, {}).open()
  await fill(store, 0, 1_000)
  await store.writeCheckpoint()
  const checkpointAt = statSync(filesIn(live, /\.log$/)[0] ?? '').size
  await fill(store, 1_000, 2_000)
  freeze(live, directory)
  await store.close()
  return { directory, log: filesIn(directory, /\.log$/)[0] ?? '', checkpointAt }
}

async function expectRebuild(directory: string): Promise<void> {
  const store = await placeAt(directory).open()
  expect(store.needsRebuild).toBe(true)
  expect(store.replayFrom).toBe(0)
  expect(store.provenSequence).toBeGreaterThanOrEqual(records - 1_000)
  await store.dropDerived()
  expect(await store.rangeAll({})).toHaveLength(5)
  await fill(store, 0, 300)
  expect((await store.verifyDigest()).equal).toBe(true)
  await store.close()
  const again = await placeAt(directory).open()
  expect(again).toMatchObject({ needsRebuild: false, unclean: false, cursor: 300 })
  await again.close()
}

describe('an index on disk', () => {
  it.each(states)('that was %s and is whole opens with every row', async (state) => {
    const store = await placeAt(copyOf(state)).open()
    expect(store.needsRebuild).toBe(false)
    expect(store.unclean).toBe(state !== 'closed')
    expect(store.replayFrom).toBe(state === 'killed' ? records - 1_000 : records)
    expect((await store.verifyDigest()).equal).toBe(true)
    expect(await store.rangeAll({ ...ranges.records(), keysOnly: true })).toHaveLength(records)
    await store.close()
  })

  for (const state of states) {
    // A restart differs from a kill by its new manifest alone.
    const chosen = Object.entries(damages).slice(0, state === 'restarted' ? 2 : undefined)
    it.each(chosen)(`that was ${state} is rebuilt when %s`, async (_, damage) => {
      const directory = copyOf(state)
      damage(directory)
      await expectRebuild(directory)
    })
  }

  it.each(Object.entries(logDamages))('that was closed is rebuilt when %s', async (_, damage) => {
    const directory = copyOf('closed')
    damage(directory)
    await expectRebuild(directory)
  })

  it('that was killed is rebuilt when its log was damaged before the checkpoint', async () => {
    const { directory, log } = await killedWithOneLog('early')
    flip(log, 8)
    const store = await placeAt(directory).open()
    expect(store).toMatchObject({ needsRebuild: true, rebuildReason: 'damaged', provenSequence: 1_000 })
  })

  it.each(lateDamages)('that was killed gets back by replay what its log lost: %s', async (name, damage) => {
    const { directory, log, checkpointAt } = await killedWithOneLog(name)
    damage(log, Math.floor((checkpointAt + statSync(log).size) / 2))
    const store = await placeAt(directory, {}).open()
    expect(store).toMatchObject({ needsRebuild: false, unclean: true, replayFrom: 1_000 })
    await fill(store, store.replayFrom, 2_000)
    expect(await store.rangeAll({ ...ranges.records(), keysOnly: true })).toHaveLength(2_000)
    // Totals that came through from behind a hole count its rows twice: the scan after an unclean stop tells.
    expect((await store.verifyDigest()).equal).toBe(name === 'cut')
    await store.close()
  })

  it('loses rows without an error when nobody compares: why there is a marker', async () => {
    const lost: Record<string, number> = {}
    const few = join(root, 'few')
    const store = await placeAt(few).open()
    await fill(store, 0, fewRecords)
    await store.close()
    for (const name of ['the manifest was cut in half', 'CURRENT was deleted', 'the log was damaged in its middle']) {
      const directory = copyOf('few')
      ;(damages[name] ?? logDamages[name])?.(directory)
      const level = await placeAt(directory).level.open(true)
      const iterator = level.iterator({ ...ranges.records(), keyEncoding: 'buffer', valueEncoding: 'buffer' })
      let rows = 0
      for (let some = 1; some > 0; rows += some) some = (await iterator.nextv(1_000)).length
      await iterator.close()
      await level.close()
      lost[name] = fewRecords - rows
    }
    for (const [name, rows] of Object.entries(lost)) expect([name, rows > 0]).toEqual([name, true])
  })

  it('that was opened by a start that did not reach its marker is counted, and believed when it adds up', async () => {
    const directory = copyOf('closed')
    const { level, open } = placeAt(directory)
    await (await level.open(false)).close()
    const store = await open()
    expect(store).toMatchObject({ needsRebuild: false, unclean: true, replayFrom: records })
    await store.close()
  })

  it('that is behind its marker is rebuilt', async () => {
    const directory = copyOf('closed')
    rmSync(join(directory, 'index'), { recursive: true })
    cpSync(join(root, 'killed', 'index'), join(directory, 'index'), { recursive: true })
    await expectRebuild(directory)
  })
})
