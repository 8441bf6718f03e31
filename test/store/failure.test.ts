import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8Bytes, type Disk } from '../../src/base/index.js'
import { keys, openLevel, openStore, type LevelSource, type Store } from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'
import { hash, networkId, silent } from '../contract/store.js'
import { createMemoryIndex } from '../fakes/memory-level.js'

const disk = createFileDisk()
let root = ''
let places = 0
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'steme-store-'))
})
afterAll(() => rm(root, { recursive: true }))

function opener(level: LevelSource): () => Promise<Store> {
  const markerPath = join(root, `marker-${places++}`)
  return () => openStore({ networkId, markerPath }, { level, disk, log: silent })
}

async function add(store: Store, sequence: number, sync = false): Promise<void> {
  const batch = store.batch()
  batch.add(keys.record(hash(sequence)), utf8Bytes(`record ${sequence}`))
  batch.setCursor(sequence)
  await store.write(batch, { sync })
}

describe('a store', () => {
  it('names the directory and the process that has it', async () => {
    const directory = join(root, 'locked')
    const open = opener(openLevel({ directory }))
    const store = await open()
    const detail = { code: 'STORE_LOCKED', directory, holder: `${process.pid}` }
    await expect(open()).rejects.toMatchObject({ detail })
    await writeFile(join(directory, 'holder'), 'not a number')
    await expect(open()).rejects.toMatchObject({ detail: { code: 'STORE_LOCKED', directory } })
    await store.close()
    await expect(readFile(join(directory, 'holder'))).rejects.toThrow('ENOENT')
    await (await open()).close()
  })

  it('reports a directory that cannot be made as a failure of the platform, not as damage', async () => {
    const file = join(root, 'file')
    await writeFile(file, 'x')
    const detail = { code: 'STORE_OPEN_FAILED', kind: 'platform' }
    await expect(opener(openLevel({ directory: join(file, 'index') }))()).rejects.toMatchObject({ detail })
  })

  it('writes nothing more after a failed write, keeps reading, and goes on after the next open', async () => {
    const index = createMemoryIndex()
    const open = opener(index)
    const store = await open()
    await add(store, 1)
    await store.writeCheckpoint()
    index.failNextBatch(new Error('no space'))
    const failed = { code: 'STORE_WRITE_FAILED' }
    await expect(add(store, 2)).rejects.toMatchObject(failed)
    await expect(add(store, 3)).rejects.toMatchObject(failed)
    await expect(store.writeCheckpoint()).rejects.toMatchObject(failed)
    expect(store.failure).toMatchObject(failed)
    expect(store.totals).toMatchObject({ sequence: 1, recordCount: 1 })
    expect(store.get(keys.record(hash(1)))).toBeDefined()
    await store.close()
    const next = await open()
    expect(next).toMatchObject({ failure: undefined, unclean: true, replayFrom: 1 })
    await add(next, 2)
    expect((await next.verifyDigest()).equal).toBe(true)
    await next.close()
  })

  it('survives a marker that cannot be written: the checkpoint is tried again', async () => {
    const index = createMemoryIndex()
    const markerPath = join(root, `marker-${places++}`)
    let full = false
    const fullDisk: Disk = {
      ...disk,
      open: async (path, mode) => {
        if (full) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
        return disk.open(path, mode)
      }
    }
    const open = (): Promise<Store> =>
      openStore({ networkId, markerPath }, { level: index, disk: fullDisk, log: silent })
    const store = await open()
    await add(store, 1)
    full = true
    const detail = { code: 'STORE_CHECKPOINT_FAILED', reason: 'no-space' }
    await expect(store.writeCheckpoint()).rejects.toMatchObject({ detail })
    expect(store.failure).toBeUndefined()
    await add(store, 2)
    full = false
    expect(await store.writeCheckpoint()).toMatchObject({ sequence: 2, recordCount: 2 })
    full = true
    await store.close()
    full = false
    const next = await open()
    expect(next).toMatchObject({ needsRebuild: false, unclean: true, totals: { recordCount: 2 } })
    expect((await next.verifyDigest()).equal).toBe(true)
    await next.close()
  })

  it('stops for want of space and goes on with the same batch when there is room', async () => {
    const index = createMemoryIndex()
    let freeBytes = 0
    const level: LevelSource = index
    const markerPath = join(root, `marker-${places++}`)
    const full: Disk = { ...disk, freeBytes: async () => freeBytes }
    const options = { networkId, markerPath, reserveBytes: 10 }
    const store = await openStore(options, { level, disk: full, log: silent })
    const batch = store.batch()
    batch.add(keys.record(hash(1)), utf8Bytes('record 1'))
    batch.setCursor(1)
    const noSpace = { code: 'STORE_NO_SPACE' }
    freeBytes = 9
    await expect(store.write(batch)).rejects.toMatchObject(noSpace)
    await expect(store.writeCheckpoint()).rejects.toMatchObject({ code: 'STORE_CHECKPOINT_FAILED' })
    expect(store.failure).toMatchObject(noSpace)
    freeBytes = 10
    index.failNextBatch(new Error('IO error: 000003.log: No space left on device'))
    await expect(store.write(batch)).rejects.toMatchObject(noSpace)
    await store.write(batch)
    expect(store).toMatchObject({ failure: undefined, totals: { sequence: 1, recordCount: 1 } })
    await expect(store.write(batch)).rejects.toThrow('written once')
    expect((await store.verifyDigest()).equal).toBe(true)
    await store.close()
  })

  it('starts a new log of the database with all rows in place', async () => {
    const directory = join(root, 'rotated')
    const source = openLevel({ directory })
    const database = await source.open(true)
    const row = { type: 'put', key: utf8Bytes('key'), value: utf8Bytes('value') } as const
    await database.batch([row], { sync: false })
    const logs = async (): Promise<readonly string[]> =>
      (await source.sizes()).map(({ name }) => name).filter((name) => name.endsWith('.log'))
    const before = await logs()
    expect(await database.rotate()).toBe(true)
    expect(before).toHaveLength(1)
    expect(await logs()).not.toEqual(before)
    await database.close()
    const again = await source.open(false)
    const form = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const
    expect(Buffer.from(again.getSync(row.key, form) ?? [])).toEqual(Buffer.from('value'))
    await again.close()
  })

  it('loses nothing that a checkpoint or a synced write covers, whatever a crash takes', async () => {
    const step = fc.constantFrom('add', 'add', 'add', 'sync', 'checkpoint', 'crash', 'clean')
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(3), async (steps, kept) => {
      const index = createMemoryIndex()
      const open = opener(index)
      let store = await open()
      let written = 0
      let safe = 0
      for (const name of steps) {
        if (name === 'add') await add(store, ++written)
        if (name === 'sync') await add(store, ++written, true)
        if (name === 'checkpoint') await store.writeCheckpoint()
        if (name === 'clean') await store.close()
        if (name === 'crash') index.crash(kept)
        if (name === 'sync' || name === 'checkpoint' || name === 'clean') safe = written
        if (name !== 'clean' && name !== 'crash') continue
        store = await open()
        expect(store.needsRebuild).toBe(false)
        for (let i = 1; i <= safe; i++) expect(store.get(keys.record(hash(i)))).toBeDefined()
        // The ledger has them all: replay brings the index up to date.
        for (let i = store.replayFrom + 1; i <= written; i++) await add(store, i)
        expect(store.totals).toMatchObject({ sequence: written, recordCount: written })
        expect((await store.verifyDigest()).equal).toBe(true)
      }
      await store.close()
    }), { seed: 20_260_703, numRuns: 40 })
  })
})
