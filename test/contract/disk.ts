// What every Disk must do, the real one and the one in memory.

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Disk, DiskFile } from '../../src/base/index.js'

/** A disk to test, with an empty directory on it. */
export interface DiskUnderTest {
  readonly disk: Disk
  readonly root: string
  readonly cleanUp: () => Promise<void>
}

const text = (value: string): Uint8Array => Buffer.from(value)

async function textOf(file: DiskFile, position = 0, length = 64): Promise<string> {
  const into = Buffer.alloc(length)
  return into.toString('latin1', 0, await file.read(into, position))
}

export function diskContract(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`disk contract: ${name}`, () => {
    let under: DiskUnderTest
    let disk: Disk
    let path: string
    beforeEach(async () => {
      under = await make()
      disk = under.disk
      path = join(under.root, 'file')
    })
    afterEach(() => under.cleanUp())

    it('makes a missing file and keeps an existing one when it opens to create', async () => {
      const first = await disk.open(path, 'create')
      expect(await first.write(text('hello'), 0)).toBe(5)
      await first.sync()
      await first.close()
      const second = await disk.open(path, 'create')
      expect(await textOf(second)).toBe('hello')
      expect(await second.sizeBytes()).toBe(5)
      await second.close()
    })

    it.each(['read', 'write'] as const)('refuses to open a missing file to %s', async (mode) => {
      await expect(disk.open(path, mode)).rejects.toMatchObject({ code: 'ENOENT' })
    })

    it('reads and writes at absolute positions', async () => {
      const file = await disk.open(path, 'create')
      await file.write(text('0123456789'), 0)
      await file.write(text('ab'), 4)
      expect(await textOf(file, 3, 4)).toBe('3ab6')
      expect(await textOf(file, 8)).toBe('89')
      expect(await textOf(file, 10)).toBe('')
      expect(await textOf(file, 1000)).toBe('')
      await file.close()
    })

    it('fills with zeros what is skipped by a write or gained by truncate', async () => {
      const file = await disk.open(path, 'create')
      await file.write(text('x'), 3)
      expect(await textOf(file)).toBe('\0\0\0x')
      await file.truncate(2)
      await file.truncate(5)
      expect(await textOf(file)).toBe('\0\0\0\0\0')
      await file.close()
    })

    it('shows one handle what another has written', async () => {
      const writer = await disk.open(path, 'create')
      const reader = await disk.open(path, 'read')
      await writer.write(text('seen'), 0)
      expect(await textOf(reader)).toBe('seen')
      await writer.close()
      await reader.close()
    })

    it('refuses to write through a handle that reads', async () => {
      await (await disk.open(path, 'create')).close()
      const file = await disk.open(path, 'read')
      await expect(file.write(text('x'), 0)).rejects.toMatchObject({ code: 'EBADF' })
      await file.close()
    })

    it('refuses everything on a closed file, closing it again included', async () => {
      const file = await disk.open(path, 'create')
      await file.close()
      const refused = [
        file.read(Buffer.alloc(1), 0), file.write(text('x'), 0), file.sizeBytes(), file.truncate(0), file.sync(),
        file.close()
      ]
      for (const outcome of await Promise.allSettled(refused)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'EBADF' } })
      }
    })

    it('replaces the target of a rename and keeps open handles on their file', async () => {
      const file = await disk.open(path, 'create')
      await file.write(text('new'), 0)
      const other = join(under.root, 'other')
      await (await disk.open(other, 'create')).close()
      const before = await disk.stat(path)
      await disk.rename(path, other)
      await disk.syncDirectory(under.root)
      expect(await disk.list(under.root)).toEqual(['other'])
      expect((await disk.stat(other))?.inode).toBe(before?.inode)
      await file.write(text('er'), 3)
      const reader = await disk.open(other, 'read')
      expect(await textOf(reader)).toBe('newer')
      await reader.close()
      await file.close()
    })

    it('removes a file and says ENOENT for one that is missing', async () => {
      await (await disk.open(path, 'create')).close()
      await disk.remove(path)
      expect(await disk.list(under.root)).toEqual([])
      await expect(disk.remove(path)).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(disk.rename(path, join(under.root, 'x'))).rejects.toMatchObject({ code: 'ENOENT' })
    })

    it('lists names by code unit, files and directories alike', async () => {
      for (const name of ['b', 'a', 'Z', '10', '9']) await (await disk.open(join(under.root, name), 'create')).close()
      await disk.makeDirectory(join(under.root, 'c'))
      expect(await disk.list(under.root)).toEqual(['10', '9', 'Z', 'a', 'b', 'c'])
      await expect(disk.list(join(under.root, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' })
    })

    it('makes a directory with its ancestors, and again without complaint', async () => {
      const deep = join(under.root, 'one', 'two')
      await disk.makeDirectory(deep)
      await disk.makeDirectory(deep)
      expect(await disk.list(deep)).toEqual([])
      expect(await disk.list(under.root)).toEqual(['one'])
      await disk.syncDirectory(deep)
    })

    it('tells files apart by device and inode, and gives nothing for a missing path', async () => {
      const other = join(under.root, 'other')
      const file = await disk.open(path, 'create')
      await file.write(text('four'), 0)
      await file.close()
      await (await disk.open(other, 'create')).close()
      const [a, b, root] = [await disk.stat(path), await disk.stat(other), await disk.stat(under.root)]
      expect(a).toMatchObject({ device: b?.device, sizeBytes: 4 })
      expect(new Set([a?.inode, b?.inode, root?.inode]).size).toBe(3)
      expect(await disk.stat(join(under.root, 'missing'))).toBeUndefined()
    })

    it('knows how much space is free, and of how much', async () => {
      const [free, total] = [await disk.freeBytes(under.root), await disk.totalBytes(under.root)]
      expect(free).toBeGreaterThan(0)
      expect(total).toBeGreaterThanOrEqual(free)
      expect(Number.isSafeInteger(total)).toBe(true)
    })
  })
}
