// What the log does when the disk fails or is full.

import { describe, expect, it } from 'vitest'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { appendEach, codeOf, directory, framesOf, numberOf, openOn, payloadOf, upTo } from './log-kit.js'

const newDisk = (): MemoryDisk => createMemoryDisk(seededRandom(1))
const mib = 1024 * 1024

describe('a failed disk', () => {
  it.each(['write', 'sync'] as const)('fails the log for good after a failed %s, and reads go on', async (operation) => {
    const disk = newDisk()
    const wal = await openOn(disk)
    await appendEach(wal, 3)
    disk.inject({ operation, code: 'EIO' })
    const waiting = upTo(5).map((number) => codeOf(wal.append(1, payloadOf(number))))
    expect(await Promise.all(waiting)).toEqual(Array(5).fill('WAL_FAILED'))
    expect(wal.failure?.detail).toEqual({ code: 'WAL_FAILED', operation })
    expect(wal.failure?.cause).toMatchObject({ code: 'EIO' })
    expect(await codeOf(wal.append(1, payloadOf(9)))).toBe('WAL_FAILED')
    expect(wal.queued()).toEqual({ frames: 0, bytes: 0, waiting: 0 })
    expect((await framesOf(wal)).map(numberOf)).toEqual([1, 2, 3])
    await wal.close()
  })

  it('fails calls that wait for room in the queue too', async () => {
    const disk = newDisk()
    const wal = await openOn(disk, { queueFramesMax: 2 })
    disk.inject({ operation: 'sync', code: 'EIO' })
    const codes = upTo(6).map((number) => codeOf(wal.append(1, payloadOf(number))))
    expect(wal.queued().waiting).toBe(4)
    expect(await Promise.all(codes)).toEqual(Array(6).fill('WAL_FAILED'))
    await wal.close()
  })

  it('treats a disk that was found full during a sync as failed', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    disk.inject({ operation: 'sync', code: 'ENOSPC' })
    expect(await codeOf(wal.append(1, payloadOf(1)))).toBe('WAL_FAILED')
    await wal.close()
  })

  it('makes certain at the next open what a failed sync left in the page cache alone', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    await appendEach(wal, 2)
    disk.inject({ operation: 'sync', code: 'EIO' })
    expect(await codeOf(wal.append(1, payloadOf(3)))).toBe('WAL_FAILED')
    disk.kill()
    const unopened = disk.copy(seededRandom(2))
    unopened.crash()
    const lost = await openOn(unopened, { provenSequence: 2 })
    expect(lost.lastSynced).toBe(2)
    const again = await openOn(disk, { provenSequence: 2 })
    expect(again.lastSynced).toBe(3)
    disk.crash()
    const afterCrash = await openOn(disk, { provenSequence: 3 })
    expect((await framesOf(afterCrash)).map(numberOf)).toEqual([1, 2, 3])
  })

  it('fails when the name of a new segment cannot be made durable, and loses nothing', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    await appendEach(wal, 2, 400_000)
    disk.inject({ operation: 'syncDirectory', code: 'EIO' })
    expect(await codeOf(wal.append(1, payloadOf(3, 400_000)))).toBe('WAL_FAILED')
    await wal.close()
    const again = await openOn(disk, { provenSequence: 2 })
    await appendEach(again, 1, 400_000)
    expect((await framesOf(again)).map(numberOf)).toEqual([1, 2, 3])
    await again.close()
  })

  it('tries again at need when the next segment could not be made ahead of it', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    disk.inject({ operation: 'write', code: 'EIO', path: '.tmp' })
    await appendEach(wal, 5, 400_000)
    expect((await framesOf(wal)).map(numberOf)).toEqual(upTo(5))
    await wal.close()
  })

  it('says WAL_IO when the disk fails during an open', async () => {
    for (const operation of ['stat', 'list', 'open', 'read', 'write', 'sync', 'syncDirectory', 'rename'] as const) {
      const disk = newDisk()
      if (operation === 'list' || operation === 'read') await (await openOn(disk)).close()
      disk.inject({ operation, code: 'EIO' })
      const code = await codeOf(openOn(disk))
      expect([operation, ['WAL_IO', 'WAL_FAILED'].includes(code)]).toEqual([operation, true])
      await (await openOn(disk)).close()
    }
  })
})

describe('a full disk', () => {
  it('refuses what needs a new segment, keeps all that was stored, and goes on once there is space', async () => {
    const disk = createMemoryDisk(seededRandom(1), { capacityBytes: 2 * mib + 1000 })
    const wal = await openOn(disk)
    await appendEach(wal, 5, 300_000)
    for (let round = 0; round < 3; round += 1) {
      const many = upTo(4).map((number) => codeOf(wal.append(1, payloadOf(number, 600_000))))
      expect(await Promise.all(many)).toEqual(Array(4).fill('WAL_NO_SPACE'))
    }
    expect(wal.failure).toBeUndefined()
    expect((await framesOf(wal)).map(numberOf)).toEqual(upTo(5))
    disk.setCapacity(10 * mib)
    await appendEach(wal, 5, 600_000)
    await wal.close()
    const again = await openOn(disk, { provenSequence: 10 })
    expect((await framesOf(again)).map(numberOf)).toEqual(upTo(10))
    await again.close()
  })

  it('refuses all that is queued with the group it hit, so that nothing is stored behind what was refused', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk, { groupBytesMax: 1_048_576, queueFramesMax: 3 })
    disk.inject({ operation: 'write', code: 'ENOSPC' })
    // The first two share the group that fails; the third is queued for the next one, the fourth waits.
    const codes = [1, 2, 3, 4].map((number) => codeOf(wal.append(1, payloadOf(number, 400_000))))
    expect(wal.queued()).toMatchObject({ frames: 3, waiting: 1 })
    expect(await Promise.all(codes)).toEqual(Array(4).fill('WAL_NO_SPACE'))
    expect(wal.lastSynced).toBe(0)
    expect(wal.queued()).toEqual({ frames: 0, bytes: 0, waiting: 0 })
    expect(await wal.append(1, payloadOf(5))).toBe(1)
    await wal.close()
  })

  it('still takes small frames into the space it has', async () => {
    const disk = createMemoryDisk(seededRandom(1), { capacityBytes: mib + 1000 })
    const wal = await openOn(disk)
    await appendEach(wal, 1, 900_000)
    const [large, small] = [wal.append(1, payloadOf(2, 500_000)), wal.append(1, payloadOf(2))]
    expect(await codeOf(large)).toBe('WAL_NO_SPACE')
    expect(await codeOf(small)).toBe('WAL_NO_SPACE')
    expect(await wal.append(1, payloadOf(2))).toBe(2)
    await wal.close()
  })

  it('leaves no half-made segment behind', async () => {
    const disk = createMemoryDisk(seededRandom(1), { capacityBytes: 3 * mib })
    const wal = await openOn(disk)
    await appendEach(wal, 1, 300_000)
    disk.inject({ operation: 'write', code: 'ENOSPC', path: '.tmp' })
    await appendEach(wal, 1, 300_000)
    disk.inject({ operation: 'rename', code: 'ENOSPC' })
    expect(await codeOf(wal.append(1, payloadOf(3, 600_000)))).toBe('WAL_NO_SPACE')
    expect(await disk.list(directory)).toEqual(['0000000000000000.log'])
    await appendEach(wal, 1, 600_000)
    await wal.close()
  })

  it('covers what a cut-off group has left, so that none of it comes back', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    await appendEach(wal, 2)
    disk.setShortWrites(true)
    disk.inject({ operation: 'write', code: 'ENOSPC', after: 4 })
    const refused = await codeOf(wal.appendMany(upTo(40).map(() => ({ type: 2, payload: payloadOf(99) }))))
    expect(refused).toBe('WAL_NO_SPACE')
    disk.setShortWrites(false)
    await appendEach(wal, 1)
    await wal.close()
    const again = await openOn(disk, { provenSequence: 3 })
    expect((await framesOf(again)).map(numberOf)).toEqual([1, 2, 3])
    expect(disk.contents(`${directory}/0000000000000000.log`).includes(payloadOf(99))).toBe(false)
    await again.close()
  })
})
