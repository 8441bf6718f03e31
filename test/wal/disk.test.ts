// The real disk and the one in memory keep the same contract; the one in memory also forgets and fails.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFileDisk } from '../../src/wal/index.js'
import { diskContract } from '../contract/disk.js'
import { createMemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'

diskContract('file system', async () => {
  const root = await mkdtemp(join(tmpdir(), 'stemedb-disk-'))
  return { disk: createFileDisk(), root, cleanUp: () => rm(root, { recursive: true }) }
})

diskContract('memory', async () => {
  const disk = createMemoryDisk(seededRandom(1))
  await disk.makeDirectory('/root')
  return { disk, root: '/root', cleanUp: () => Promise.resolve() }
})

const full = Buffer.alloc(4096, 0xff)

describe('memory disk', () => {
  it('keeps what was synced and loses other sectors by chance, each whole', async () => {
    const outcomes = new Set<number>()
    for (let seed = 0; seed < 20; seed += 1) {
      const disk = createMemoryDisk(seededRandom(seed))
      const file = await disk.open('/file', 'create')
      await file.write(full, 0)
      await file.sync()
      await disk.syncDirectory('/')
      await file.write(Buffer.alloc(4096, 0x11), 0)
      disk.crash()
      await expect(file.read(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'EBADF' })
      const bytes = disk.contents('/file')
      for (let sector = 0; sector < 8; sector += 1) {
        const part = bytes.subarray(sector * 512, sector * 512 + 512)
        expect([0xff, 0x11].some((value) => part.equals(Buffer.alloc(512, value)))).toBe(true)
      }
      outcomes.add(bytes.filter((byte) => byte === 0x11).length)
    }
    expect(outcomes.size).toBeGreaterThan(2)
  })

  it('forgets names that no directory sync made durable', async () => {
    const kept = new Set<string>()
    for (let seed = 0; seed < 20; seed += 1) {
      const disk = createMemoryDisk(seededRandom(seed))
      await (await disk.open('/a', 'create')).close()
      await disk.syncDirectory('/')
      await disk.rename('/a', '/b')
      disk.crash()
      kept.add((await disk.list('/')).join())
    }
    expect([...kept].sort()).toEqual(['a', 'b'])
  })

  it('never brings to the platter what a failed sync covered, though it reads back and syncs again', async () => {
    const disk = createMemoryDisk(seededRandom(2))
    const file = await disk.open('/file', 'create')
    await file.truncate(4096)
    await file.sync()
    await disk.syncDirectory('/')
    await file.write(full, 0)
    disk.inject({ operation: 'sync', code: 'EIO' })
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
    await file.sync()
    expect(disk.contents('/file')).toEqual(full)
    disk.crash()
    expect(disk.contents('/file')).toEqual(Buffer.alloc(4096))
  })

  it('keeps the page cache when the process dies', async () => {
    const disk = createMemoryDisk(seededRandom(3))
    const file = await disk.open('/file', 'create')
    await file.write(full, 0)
    disk.kill()
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' })
    expect(disk.contents('/file')).toEqual(full)
  })

  it('takes what fits and then says that it is full, writes inside a file excepted', async () => {
    const disk = createMemoryDisk(seededRandom(4), { capacityBytes: 6000 })
    const file = await disk.open('/file', 'create')
    expect(await file.write(full, 0)).toBe(4096)
    expect(await file.write(full, 4096)).toBe(1904)
    await expect(file.write(full, 6000)).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await file.write(full, 0)).toBe(4096)
    expect([await disk.freeBytes('/'), await disk.totalBytes('/')]).toEqual([0, 6000])
  })

  it('copies itself, whole and apart', async () => {
    const disk = createMemoryDisk(seededRandom(5))
    await (await disk.open('/file', 'create')).write(full, 0)
    const copy = disk.copy(seededRandom(6))
    copy.flip('/file', 7, 0xff)
    expect(disk.contents('/file')[7]).toBe(0xff)
    expect(copy.contents('/file')[7]).toBe(0)
  })
})
