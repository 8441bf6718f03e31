// Of a damaged log every whole frame is found, and nothing that was not written.

import { describe, expect, it } from 'vitest'
import { openWal, salvageWal, type Salvage } from '../../src/wal/index.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import {
  appendEach, codeOf, directory, network, networkId, numberOf, offsetOf, openOn, payloadOf, segmentBytes,
  segmentPath, silent, upTo
} from './log-kit.js'

const seed = 20_260_722
const frameBytes = 40_000
const count = 60

/** A log of 60 frames in three segments. */
async function filled(): Promise<MemoryDisk> {
  const disk = createMemoryDisk(seededRandom(1))
  const wal = await openOn(disk)
  await appendEach(wal, count, frameBytes)
  await wal.close()
  return disk
}

const salvage = (disk: MemoryDisk): Promise<Salvage> => salvageWal({ directory, networkId }, { disk })

/** Numbers of the frames that are left, each with the payload that was written. */
async function left(found: Salvage): Promise<readonly number[]> {
  const numbers: number[] = []
  for (const sequence of found.sequences()) {
    const frame = await found.read(sequence)
    if (frame === undefined) throw new Error(`frame ${sequence} was found, and cannot be read`)
    expect(payloadOf(sequence, frameBytes).equals(frame.payload)).toBe(true)
    expect([frame.type, numberOf(frame)]).toEqual([1, sequence])
    numbers.push(sequence)
  }
  await found.close()
  return numbers
}

function without(...gone: readonly number[]): readonly number[] {
  return upTo(count).filter((number) => !gone.includes(number))
}

describe('salvage', () => {
  it('finds every frame of a sound log', async () => {
    const found = await salvage(await filled())
    expect(found).toMatchObject({ segments: 3, frames: count, missing: 0 })
    expect(await found.read(0)).toBeUndefined()
    expect(await found.read(count + 1)).toBeUndefined()
    expect(await left(found)).toEqual(upTo(count))
  })

  it(`loses the frame that a flipped bit hits, and no other (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const sound = await filled()
    const path = segmentPath(0)
    const bytes = Buffer.from(sound.contents(path))
    for (let round = 0; round < 10; round += 1) {
      const hit = 1 + random.integer(20)
      const start = offsetOf(bytes, payloadOf(hit, frameBytes))
      const damaged = Buffer.from(bytes)
      const at = start + random.integer(48 + frameBytes)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.integer(8))
      sound.put(path, damaged)
      const found = await salvage(sound)
      expect(found).toMatchObject({ frames: count - 1, missing: 1 })
      expect(await left(found)).toEqual(without(hit))
    }
  })

  it('does without headers, files and ends, as long as one header is whole', async () => {
    const disk = await filled()
    const [first, second] = [segmentPath(0), segmentPath(1)]
    const header = Buffer.from(disk.contents(first))
    header.fill(0xff, 0, 128)
    disk.put(first, header)
    expect(await left(await salvage(disk))).toEqual(upTo(count))
    const bytes = disk.contents(second)
    const here = upTo(count).filter((number) => offsetOf(bytes, payloadOf(number, frameBytes)) > 0)
    const lost = here.at(-1)
    disk.put(second, bytes.subarray(0, bytes.length - 40_001))
    const cut = await left(await salvage(disk))
    expect(without(lost ?? 0).filter((number) => !cut.includes(number))).toEqual([])
    await disk.remove(first)
    expect((await left(await salvage(disk)))[0]).toBeGreaterThan(20)
  })

  it('believes no frame that stands in a payload of another log', async () => {
    const stranger = createMemoryDisk(seededRandom(2))
    const wal = await openWal(
      { directory, networkId, segmentBytes, provenSequence: 0 },
      { disk: stranger, random: seededRandom(8), log: silent }
    )
    await appendEach(wal, 3)
    await wal.close()
    const disk = createMemoryDisk(seededRandom(1))
    const log = await openOn(disk)
    await log.append(1, Buffer.from(stranger.contents(segmentPath(0)).subarray(128, 1_024)))
    await log.close()
    const bytes = Buffer.from(disk.contents(segmentPath(0)))
    bytes[140] = 0xff
    disk.put(segmentPath(0), bytes)
    expect((await salvage(disk)).frames).toBe(0)
  })

  it('has a code for what it cannot work on', async () => {
    const disk = await filled()
    expect(await codeOf(salvageWal({ directory: '/data/none', networkId }, { disk }))).toBe('WAL_MISSING')
    expect(await codeOf(salvageWal({ directory, networkId: network('b') }, { disk }))).toBe('WAL_OTHER_NETWORK')
    for (const index of [0, 1, 2]) {
      const bytes = Buffer.from(disk.contents(segmentPath(index)))
      bytes[40] = 0xee
      disk.put(segmentPath(index), bytes)
    }
    expect(await codeOf(salvage(disk))).toBe('WAL_CORRUPT')
  })
})
