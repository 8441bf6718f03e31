// Opening after a crash or damage: a torn end is cut off, damage is refused.

import { describe, expect, it } from 'vitest'
import { scanWal, type Frame, type WalError } from '../../src/wal/index.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import {
  appendEach, codeOf, directory, framesOf, networkId, numberOf, offsetOf, openOn, payloadOf, segmentPath, upTo
} from './log-kit.js'

const first = segmentPath(0)

/** Frames 1..5 in groups of their own, then 6..10 in one group. */
async function goldenDisk(): Promise<MemoryDisk> {
  const disk = createMemoryDisk(seededRandom(1))
  const wal = await openOn(disk)
  await appendEach(wal, 5)
  await wal.appendMany(upTo(10).slice(5).map((number) => ({ type: 1, payload: payloadOf(number) })))
  await wal.close()
  return disk
}

function damage(disk: MemoryDisk, path: string, number: number, length = 40): number {
  const offset = offsetOf(disk.contents(path), payloadOf(number, length))
  disk.flip(path, offset + 50, 0x40)
  return offset
}

async function refusalOf(promise: Promise<unknown>): Promise<WalError['detail']> {
  return promise.then(() => Promise.reject(new Error('it opened')), (error: WalError) => error.detail)
}

describe('a torn end', () => {
  it('is dropped with all behind it, and every frame before is kept', async () => {
    const disk = await goldenDisk()
    damage(disk, first, 8)
    const wal = await openOn(disk, { provenSequence: 5 })
    expect((await framesOf(wal)).map(numberOf)).toEqual(upTo(7))
    const bytes = disk.contents(first)
    expect(bytes.subarray(offsetOf(bytes, payloadOf(7)) + 88).every((byte) => byte === 0)).toBe(true)
    await appendEach(wal, 1)
    expect((await framesOf(wal)).map(numberOf)).toEqual(upTo(8))
    await wal.close()
  })

  it('is a first group without any frame before it as well', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk)
    await wal.appendMany(upTo(3).map((number) => ({ type: 1, payload: payloadOf(number) })))
    await wal.close()
    damage(disk, first, 1)
    const again = await openOn(disk)
    expect(again.lastSynced).toBe(0)
    await appendEach(again, 2)
    await again.close()
  })

  it('begins with a frame that follows another than the one before it', async () => {
    const one = await goldenDisk()
    const other = one.copy(seededRandom(2))
    for (const [disk, mark] of [[one, 1], [other, 2]] as const) {
      const wal = await openOn(disk, { provenSequence: 10 })
      await wal.appendMany(upTo(3).map((number) => ({ type: mark, payload: payloadOf(number + 10) })))
      await wal.close()
    }
    const bytes = one.contents(first)
    const cut = offsetOf(bytes, payloadOf(12))
    other.contents(first).copy(bytes, cut, cut)
    one.put(first, bytes)
    const wal = await openOn(one, { provenSequence: 10 })
    expect((await framesOf(wal)).map(({ type }) => type)).toEqual(Array(11).fill(1))
    await wal.close()
  })

  it('is reported and left alone by a scan', async () => {
    const disk = await goldenDisk()
    const offsetBytes = damage(disk, first, 8)
    const before = disk.contents(first)
    const scan = await scanWal({ directory, networkId }, { disk })
    expect(scan).toMatchObject({
      frames: 7, lastSequence: 7, damagedCount: 0, torn: { segment: '0000000000000000.log', offsetBytes }
    })
    expect(disk.contents(first).equals(before)).toBe(true)
  })
})

describe('damage', () => {
  it('is refused when a later frame proves that the bad one had been synced', async () => {
    const disk = await goldenDisk()
    const offsetBytes = damage(disk, first, 3)
    const before = disk.contents(first)
    const segment = '0000000000000000.log'
    expect(await refusalOf(openOn(disk))).toEqual({
      code: 'WAL_CORRUPT', reason: 'frame', segment, offsetBytes, sequence: 3
    })
    expect(disk.contents(first).equals(before)).toBe(true)
  })

  it('is refused when the store proves that the bad frame, or one that is missing, had been synced', async () => {
    const disk = await goldenDisk()
    expect(await codeOf(openOn(disk, { provenSequence: 11 }))).toBe('WAL_CORRUPT')
    damage(disk, first, 8)
    expect(await codeOf(openOn(disk, { provenSequence: 8 }))).toBe('WAL_CORRUPT')
    await (await openOn(disk, { provenSequence: 7 })).close()
  })

  it('is not hidden by a broken length', async () => {
    const disk = await goldenDisk()
    const offset = offsetOf(disk.contents(first), payloadOf(2))
    disk.flip(first, offset + 2, 0x04)
    expect(await refusalOf(openOn(disk))).toMatchObject({ code: 'WAL_CORRUPT', offsetBytes: offset, sequence: 2 })
  })

  it('is refused anywhere in a segment that has a successor, even in its last group', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk)
    await appendEach(wal, 25, 100_000)
    await wal.close()
    damage(disk, first, 10, 100_000)
    expect(await refusalOf(openOn(disk))).toMatchObject({ code: 'WAL_CORRUPT', reason: 'frame', sequence: 10 })
    const covered = await openOn(disk, { provenSequence: 25 })
    expect(await codeOf(covered.read(10))).toBe('WAL_CORRUPT')
    await covered.close()
  })

  it('is a missing segment, a missing log that the store knows of, and a file of another size', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk)
    await appendEach(wal, 40, 100_000)
    await wal.close()
    const gap = disk.copy(seededRandom(2))
    await gap.remove(segmentPath(1))
    expect(await refusalOf(openOn(gap))).toMatchObject({ code: 'WAL_CORRUPT', reason: 'segment-missing' })
    const newestGone = disk.copy(seededRandom(3))
    await newestGone.remove(segmentPath(3))
    expect(await codeOf(openOn(newestGone, { provenSequence: 40 }))).toBe('WAL_CORRUPT')
    const short = disk.copy(seededRandom(4))
    short.put(segmentPath(2), short.contents(segmentPath(2)).subarray(0, 500_000))
    expect(await refusalOf(openOn(short))).toMatchObject({ code: 'WAL_CORRUPT', reason: 'size' })
    const empty = createMemoryDisk(seededRandom(5))
    expect(await refusalOf(openOn(empty, { provenSequence: 1 }))).toMatchObject({ reason: 'log-missing' })
  })

  it('is a segment in the place of another', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk)
    await appendEach(wal, 40, 100_000)
    await wal.close()
    disk.put(segmentPath(1), disk.contents(segmentPath(2)))
    expect(await refusalOf(openOn(disk))).toMatchObject({ code: 'WAL_CORRUPT', reason: 'header' })
  })

  it('is listed by a scan, which still sees every valid frame', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk)
    await appendEach(wal, 30, 100_000)
    await wal.close()
    const places = [[0, 4], [0, 5], [1, 14], [2, 29]] as const
    const offsets = places.map(([segment, number]) => damage(disk, segmentPath(segment), number, 100_000))
    const seen: number[] = []
    const onFrame = (frame: Frame): void => void seen.push(frame.sequence)
    const scan = await scanWal({ directory, networkId, onFrame }, { disk })
    expect(scan.damaged.map(({ fromSequence, toSequence }) => [fromSequence, toSequence]))
      .toEqual([[4, 5], [14, 14], [29, 29]])
    expect(scan.damaged[0]?.offsetBytes).toBe(offsets[0])
    expect(scan).toMatchObject({ segments: 3, frames: 26, payloadBytes: 2_600_000, lastSequence: 30 })
    expect(scan.damagedCount).toBe(3)
    expect(seen).toEqual(upTo(30).filter((number) => ![4, 5, 14, 29].includes(number)))
  })

  it('at the end is known to a scan that is told what the store knows', async () => {
    const disk = await goldenDisk()
    damage(disk, first, 10)
    const scan = await scanWal({ directory, networkId, provenSequence: 10 }, { disk })
    expect(scan.damaged).toMatchObject([{ fromSequence: 10, toSequence: 10 }])
    expect(scan.torn).toBeUndefined()
  })
})

describe('a clean log', () => {
  it('is scanned without complaint', async () => {
    const disk = await goldenDisk()
    const scan = await scanWal({ directory, networkId, provenSequence: 10 }, { disk })
    const nothing = { damaged: [], damagedCount: 0, torn: undefined }
    expect(scan).toEqual({ segments: 1, frames: 10, payloadBytes: 400, lastSequence: 10, ...nothing })
  })

  it('loses the leftovers of an interrupted segment creation when it opens', async () => {
    const disk = await goldenDisk()
    disk.put(`${segmentPath(1)}.tmp`, Buffer.alloc(5000))
    await (await openOn(disk)).close()
    expect(await disk.list(directory)).toEqual(['0000000000000000.log'])
  })

  it('links frames over a segment border, also from an empty newest segment', async () => {
    const disk = createMemoryDisk(seededRandom(1))
    const wal = await openOn(disk)
    await appendEach(wal, 9, 100_000)
    // The new segment's header is written, its first group is not.
    disk.inject({ operation: 'write', code: 'EIO', path: '1.log', after: 1 })
    expect(await codeOf(wal.append(1, payloadOf(10, 500_000)))).toBe('WAL_FAILED')
    await wal.close()
    const again = await openOn(disk, { provenSequence: 9 })
    expect(again.sizeBytes()).toBe(2 * 1024 * 1024)
    await appendEach(again, 20, 100_000)
    await again.close()
    expect(await scanWal({ directory, networkId }, { disk })).toMatchObject({ frames: 29, damagedCount: 0 })
  })
})
