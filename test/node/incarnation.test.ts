// A feed goes on only from the very log that it was begun with: a copy must never continue its twin's.

import { beforeEach, describe, expect, it } from 'vitest'
import { utf8Bytes, type Random } from '../../src/base/index.js'
import { chooseIncarnation } from '../../src/node/incarnation.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import type { Wal } from '../../src/wal/index.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'

const path = '/data/incarnation'
let disk: MemoryDisk
let random: Random

beforeEach(async () => {
  disk = createMemoryDisk(seededRandom(1))
  random = seededRandom(2)
  await disk.makeDirectory('/data')
  await disk.syncDirectory('/')
})

const place = { device: 5n, inode: 99n }

async function choose(identity: { device: bigint; inode: bigint; created: boolean }): Promise<string> {
  const wal = { identity } as Pick<Wal, 'identity'> as Wal
  const { publicKey: nodeKey } = createSigner(seedFromName('incarnation'))
  const { incarnation } = await chooseIncarnation(path, '/data', {
    disk, random, wal, nodeKey, workBits: 0, yieldNow: async () => undefined
  })
  return incarnation
}

describe('incarnation', () => {
  it('of a new log is new: 16 hex digits', async () => {
    expect(await choose({ ...place, created: true })).toMatch(/^[0-9a-f]{16}$/)
  })

  it('stays as long as the log stays where it is', async () => {
    const first = await choose({ ...place, created: true })
    for (let start = 0; start < 3; start += 1) expect(await choose({ ...place, created: false })).toBe(first)
  })

  it.each([
    ['the log is new', { ...place, created: true }],
    ['the log lies on another device', { device: 6n, inode: 99n, created: false }],
    ['the log is another directory', { device: 5n, inode: 100n, created: false }],
    ['device and inode changed places', { device: 99n, inode: 5n, created: false }]
  ])('changes when %s, and stays from there on', async (_, identity) => {
    const first = await choose({ ...place, created: true })
    const second = await choose(identity)
    expect(second).not.toBe(first)
    expect(await choose({ ...identity, created: false })).toBe(second)
  })

  it('keeps inodes apart that are equal as floating point numbers', async () => {
    const inode = 2n ** 60n
    const first = await choose({ device: 5n, inode, created: true })
    expect(await choose({ device: 5n, inode: inode + 1n, created: false })).not.toBe(first)
  })

  it('is durable before it is used: a power failure does not bring another', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      disk = createMemoryDisk(seededRandom(seed))
      await disk.makeDirectory('/data')
      await disk.syncDirectory('/')
      const first = await choose({ ...place, created: true })
      disk.crash()
      expect([seed, await choose({ ...place, created: false })]).toEqual([seed, first])
    }
  })

  it('is written whole even when the disk takes a few bytes at a time', async () => {
    disk.setShortWrites(true)
    const first = await choose({ ...place, created: true })
    expect(await choose({ ...place, created: false })).toBe(first)
  })

  it('is not given out when it cannot be written', async () => {
    disk.inject({ operation: 'sync', code: 'EIO' })
    await expect(choose({ ...place, created: true })).rejects.toMatchObject({ code: 'EIO' })
  })

  it.each([
    ['nothing', ''],
    ['half a line', '0102030405060708\n5\n'],
    ['no line end', '0102030405060708\n5\n99'],
    ['a short incarnation', '01020304\n5\n99\n'],
    ['an incarnation that is no hex', 'zz02030405060708\n5\n99\n'],
    ['something behind it', '0102030405060708\n5\n99\nmore']
  ])('is drawn anew when its file holds %s', async (_, text) => {
    disk.put(path, utf8Bytes(text))
    const chosen = await choose({ ...place, created: false })
    expect(chosen).toMatch(/^[0-9a-f]{16}$/)
    expect(chosen).not.toBe('0102030405060708')
    expect(await choose({ ...place, created: false })).toBe(chosen)
  })

  it('is taken from a file that is whole', async () => {
    disk.put(path, utf8Bytes('0102030405060708\n5\n99\n'))
    expect(await choose({ ...place, created: false })).toBe('0102030405060708')
  })
})
