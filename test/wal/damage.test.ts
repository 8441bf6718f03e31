// Any damage to a golden segment: bytes flipped, cut off, zeroed, pieces moved about.
// The property: a log opens with an unaltered beginning of what was written, or refuses with a WalError; and
// it never opens without a frame that the store or a later frame knows to have been synced.

import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { openWal, scanWal, WalError } from '../../src/wal/index.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { directory, framesOf, networkId, openOn, payloadOf, segmentPath, silent, upTo } from './log-kit.js'

const path = segmentPath(0)
const frames = 8
/** Frames that a later frame proves: the last group of four proves those before it. */
const provenInside = 4
const seed = 20_260_131

interface Golden {
  readonly disk: MemoryDisk
  readonly bytes: Buffer
  readonly usedBytes: number
}

/** Frames of many lengths in groups of four. */
async function makeGolden(keySeed: number, count: number): Promise<Golden> {
  const disk = createMemoryDisk(seededRandom(1))
  const wal = await openWal({ directory, networkId, segmentBytes: 1024 * 1024, provenSequence: 0 },
    { disk, random: seededRandom(keySeed), log: silent })
  for (let group = 0; group < count; group += 4) {
    const numbers = upTo(4).map((number) => group + number)
    await wal.appendMany(numbers.map((number) => ({ type: number, payload: payloadOf(number, 8 + number) })))
  }
  await wal.close()
  const bytes = disk.contents(path)
  const usedBytes = bytes.findLastIndex((byte) => byte !== 0) + 1
  return { disk, bytes, usedBytes }
}

let golden: Golden
let other: Golden
beforeAll(async () => {
  golden = await makeGolden(7, frames)
  other = await makeGolden(8, 3 * frames)
})

/** How many frames the log opens with, all unaltered; or the code of its refusal. */
async function outcomeOf(disk: MemoryDisk, provenSequence: number): Promise<number | string> {
  try {
    const wal = await openOn(disk, { provenSequence, readOnly: true })
    const found = await framesOf(wal)
    await wal.close()
    for (const [index, frame] of found.entries()) {
      const number = index + 1
      const same = frame.type === number && payloadOf(number, 8 + number).equals(frame.payload)
      if (!same) throw new Error(`frame ${number} was altered`)
    }
    return found.length
  } catch (error) {
    if (error instanceof WalError) return error.code
    throw error
  }
}

function withBytes(bytes: Uint8Array): MemoryDisk {
  const disk = golden.disk.copy(seededRandom(1))
  disk.put(path, bytes)
  return disk
}

/** Both opens keep the property. `needed`: frames that evidence inside the file still proves. */
async function expectHonest(disk: MemoryDisk, needed: number): Promise<void> {
  const covered = await outcomeOf(disk, frames)
  if (covered !== frames) expect(covered).toBe('WAL_CORRUPT')
  const alone = await outcomeOf(disk, 0)
  if (typeof alone === 'number') expect(alone).toBeGreaterThanOrEqual(needed)
  else expect(alone).toBe('WAL_CORRUPT')
}

describe('a damaged segment', () => {
  it('is refused or keeps all proven frames, whichever byte is flipped', async () => {
    const disk = golden.disk.copy(seededRandom(1))
    for (let offset = 0; offset < golden.usedBytes + 16; offset += 1) {
      const mask = 1 << (offset % 8)
      disk.flip(path, offset, mask)
      await expectHonest(disk, provenInside)
      disk.flip(path, offset, mask)
    }
    expect(await outcomeOf(disk, frames)).toBe(frames)
  }, 60_000)

  it('is refused when it is cut, wherever', async () => {
    for (let offset = 0; offset < golden.usedBytes + 16; offset += 7) {
      const disk = withBytes(golden.bytes.subarray(0, offset))
      expect(await outcomeOf(disk, 0)).toBe('WAL_CORRUPT')
    }
  }, 60_000)

  it('opens with what is before the zeros when the rest is zeros, if the store knows no better', async () => {
    for (let offset = 128; offset < golden.usedBytes; offset += 8) {
      const bytes = Buffer.from(golden.bytes)
      bytes.fill(0, offset)
      const disk = withBytes(bytes)
      expect(await outcomeOf(disk, frames)).toBe('WAL_CORRUPT')
      expect(typeof await outcomeOf(disk, 0)).toBe('number')
    }
  }, 60_000)

  it('is never believed in altered form when pieces are moved, repeated or taken from another log', async () => {
    const offset = fc.integer({ min: 0, max: golden.usedBytes })
    const aligned = offset.map((at) => at - at % 8)
    const place = fc.oneof(offset, aligned)
    const length = fc.integer({ min: 1, max: 400 })
    const splice = fc.record({ from: place, to: place, length, own: fc.boolean() })
    await fc.assert(fc.asyncProperty(fc.array(splice, { minLength: 1, maxLength: 4 }), async (splices) => {
      const bytes = Buffer.from(golden.bytes)
      for (const { from, to, length, own } of splices) {
        const source = own ? Buffer.from(bytes) : other.bytes
        bytes.set(source.subarray(from, from + length), to)
      }
      await expectHonest(withBytes(bytes), 0)
      await scanWal({ directory, networkId }, { disk: withBytes(bytes) }).catch((error: unknown) => {
        if (!(error instanceof WalError)) throw error
      })
    }), { seed, numRuns: 80 })
  }, 60_000)

  it('is never believed in altered form when bytes are shifted out or in', async () => {
    const at = fc.integer({ min: 0, max: golden.usedBytes })
    const many = fc.integer({ min: 1, max: 200 })
    await fc.assert(fc.asyncProperty(at, many, fc.boolean(), async (from, count, out) => {
      const { bytes } = golden
      const middle = out ? Buffer.alloc(0) : Buffer.alloc(count, 0x5a)
      const rest = bytes.subarray(out ? from + count : from)
      const moved = Buffer.concat([bytes.subarray(0, from), middle, rest])
      const sized = Buffer.alloc(bytes.length)
      moved.copy(sized)
      await expectHonest(withBytes(sized), 0)
    }), { seed, numRuns: 50 })
  }, 60_000)

  it('is not fooled by a payload that carries another log\'s frames as its own torn successor', async () => {
    const fake = other.bytes.subarray(128, other.usedBytes)
    const disk = golden.disk.copy(seededRandom(1))
    const wal = await openOn(disk, { provenSequence: frames })
    await wal.append(1, Buffer.concat([fake, payloadOf(99, 64)]))
    await wal.close()
    disk.flip(path, disk.contents(path).indexOf(payloadOf(99, 64)) + 60, 1)
    expect(await outcomeOf(disk, frames)).toBe(frames)
  })
})
