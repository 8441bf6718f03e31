// Appending and reading through one open log.

import { describe, expect, it } from 'vitest'
import { FRAME_BYTES_MAX, PAYLOAD_BYTES_MAX, type Frame, type NewFrame, type Wal } from '../../src/wal/index.js'
import { createMemoryDisk, type MemoryDisk } from '../fakes/memory-disk.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { appendEach, codeOf, directory, framesOf, network, numberOf, openOn, payloadOf, upTo } from './log-kit.js'

const newDisk = (): MemoryDisk => createMemoryDisk(seededRandom(1))

function numbers(frames: readonly Frame[]): readonly number[] {
  return frames.map(numberOf)
}

describe('append', () => {
  it('numbers frames from 1 without gaps and gives them back with type and payload', async () => {
    const wal = await openOn(newDisk())
    expect(await wal.append(3, Buffer.from('one'))).toBe(1)
    const two = [{ type: 255, payload: Buffer.from('two') }, { type: 1, payload: Buffer.alloc(0) }]
    expect(await wal.appendMany(two)).toEqual([2, 3])
    expect(await wal.appendMany([])).toEqual([])
    expect(wal.lastSynced).toBe(3)
    const found = await framesOf(wal)
    const shown = found.map(({ sequence, type, payload }) => [sequence, type, payload.toString()])
    expect(shown).toEqual([[1, 3, 'one'], [2, 255, 'two'], [3, 1, '']])
    await wal.close()
  })

  it('shares one write and one sync among all that append in one turn', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    const before = { ...disk.counts }
    const delayed = async (number: number): Promise<number> => {
      for (let hop = 0; hop < number % 7; hop += 1) await Promise.resolve()
      return wal.append(1, payloadOf(number))
    }
    await Promise.all(upTo(64).map(delayed))
    expect(disk.counts.write - before.write).toBe(1)
    expect(disk.counts.sync - before.sync).toBe(1)
    await wal.close()
  })

  it('resolves only after its sync and shows nothing before', async () => {
    const order: string[] = []
    const disk = createMemoryDisk(seededRandom(1), {
      pause: async (operation) => void order.push(`${operation} ${opened.wal?.lastSynced}`)
    })
    const opened: { wal?: Wal } = {}
    const wal = await openOn(disk)
    opened.wal = wal
    order.length = 0
    await wal.append(1, payloadOf(1)).then(() => order.push('acknowledged'))
    expect(order).toEqual(['write 0', 'sync 0', 'acknowledged'])
    expect(wal.lastSynced).toBe(1)
    await wal.close()
  })

  it('takes a payload at the limit and refuses one a byte longer', async () => {
    const wal = await openOn(newDisk(), { segmentBytes: 2 * FRAME_BYTES_MAX })
    const longest = Buffer.alloc(PAYLOAD_BYTES_MAX, 9)
    expect(await wal.append(1, longest)).toBe(1)
    expect(await codeOf(wal.append(1, Buffer.alloc(PAYLOAD_BYTES_MAX + 1)))).toBe('WAL_FRAME_TOO_LARGE')
    const many = [{ type: 1, payload: longest }, { type: 1, payload: Buffer.alloc(FRAME_BYTES_MAX) }]
    expect(await codeOf(wal.appendMany(many))).toBe('WAL_FRAME_TOO_LARGE')
    expect(wal.lastSynced).toBe(1)
    expect(longest.equals((await wal.read(1)).payload)).toBe(true)
    await wal.close()
  })

  it('takes the longest payload that the smallest segment holds and refuses a byte more', async () => {
    const wal = await openOn(newDisk())
    const longest = FRAME_BYTES_MAX - 128 - 48
    expect(await wal.append(1, Buffer.alloc(longest))).toBe(1)
    expect(await codeOf(wal.append(1, Buffer.alloc(longest + 1)))).toBe('WAL_FRAME_TOO_LARGE')
    expect(await wal.append(1, Buffer.alloc(longest))).toBe(2)
    await wal.close()
  })

  it('goes on when the disk takes a few bytes at a time', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    disk.setShortWrites(true)
    await appendEach(wal, 50)
    await wal.close()
    const again = await openOn(disk)
    expect(numbers(await framesOf(again))).toEqual(upTo(50))
    await again.close()
  })

  it('splits one large appendMany over groups and segments under consecutive numbers', async () => {
    const wal = await openOn(newDisk())
    const frames: NewFrame[] = upTo(60).map((number) => ({ type: 1, payload: payloadOf(number, 100_000) }))
    const small = wal.append(2, payloadOf(61))
    const [sequences, last] = await Promise.all([wal.appendMany(frames), small])
    expect(sequences).toEqual(upTo(61).slice(1))
    expect(last).toBe(1)
    expect(wal.sizeBytes()).toBeGreaterThan(5 * FRAME_BYTES_MAX)
    expect(numbers(await framesOf(wal))).toEqual([61, ...upTo(60)])
    await wal.close()
  })
})

describe('queue', () => {
  it('lets as many calls wait as its limit and refuses one more, and takes it again when there is room', async () => {
    const wal = await openOn(newDisk(), { queueFramesMax: 1, waitingCallsMax: 3 })
    const taken = upTo(4).map((number) => wal.append(1, payloadOf(number)))
    expect(wal.queued()).toMatchObject({ frames: 1, waiting: 3 })
    expect(await codeOf(wal.append(1, payloadOf(5)))).toBe('WAL_BUSY')
    expect(await Promise.all(taken)).toEqual(upTo(4))
    expect(await wal.append(1, payloadOf(5))).toBe(5)
    await wal.close()
  })

  it('refuses whoever would wait past the waiting bytes, however small', async () => {
    const wal = await openOn(newDisk(), { queueFramesMax: 1, waitingBytesMax: 2 * 88 })
    const taken = upTo(3).map((number) => wal.append(1, payloadOf(number)))
    expect(wal.queued()).toMatchObject({ frames: 1, waiting: 2 })
    expect(await codeOf(wal.append(1, payloadOf(4, 8)))).toBe('WAL_BUSY')
    expect(await Promise.all(taken)).toEqual(upTo(3))
    await wal.close()
  })

  it('holds frames up to the limit and lets the next call wait', async () => {
    const wal = await openOn(newDisk(), { queueFramesMax: 4 })
    const appends = upTo(4).map((number) => wal.append(1, payloadOf(number)))
    expect(wal.queued()).toEqual({ frames: 4, bytes: 4 * 88, waiting: 0 })
    appends.push(wal.append(1, payloadOf(5)))
    expect(wal.queued()).toEqual({ frames: 4, bytes: 4 * 88, waiting: 1 })
    expect(await Promise.all(appends)).toEqual([1, 2, 3, 4, 5])
    expect(wal.queued()).toEqual({ frames: 0, bytes: 0, waiting: 0 })
    await wal.close()
  })

  it('holds bytes up to the limit and lets the next call wait', async () => {
    const wal = await openOn(newDisk(), { queueBytesMax: 2 * 88 })
    const appends = upTo(2).map((number) => wal.append(1, payloadOf(number)))
    expect(wal.queued().waiting).toBe(0)
    appends.push(wal.append(1, payloadOf(3)))
    expect(wal.queued()).toEqual({ frames: 2, bytes: 2 * 88, waiting: 1 })
    expect(await Promise.all(appends)).toEqual([1, 2, 3])
    await wal.close()
  })

  it('lets a call that is larger than the whole queue in when the queue is empty', async () => {
    const wal = await openOn(newDisk(), { queueFramesMax: 4 })
    const many = wal.appendMany(upTo(9).map((number) => ({ type: 1, payload: payloadOf(number) })))
    const one = wal.append(1, payloadOf(10))
    expect(wal.queued()).toMatchObject({ frames: 9, waiting: 1 })
    expect(await many).toEqual(upTo(9))
    expect(await one).toBe(10)
    await wal.close()
  })
})

describe('reading', () => {
  it('reads any synced frame, from memory and from disk, across segments', async () => {
    const disk = newDisk()
    const wal = await openOn(disk, { recentBytesMax: 50_000 })
    await appendEach(wal, 300, 10_000)
    for (const sequence of [300, 1, 150, 299, 101, 2]) {
      expect(numberOf(await wal.read(sequence))).toBe(sequence)
    }
    const wanted = [7, 300, 7, 1, 104, 105, 106]
    expect((await wal.readMany(wanted)).map(numberOf)).toEqual(wanted)
    expect(await codeOf(wal.read(0))).toBe('WAL_NOT_FOUND')
    expect(await codeOf(wal.read(301))).toBe('WAL_NOT_FOUND')
    expect(await codeOf(wal.read(1.5))).toBe('WAL_NOT_FOUND')
    expect(numbers(await framesOf(wal, 42))).toEqual(upTo(300).slice(41))
    await wal.close()
  })

  it('tails what comes, without a disk read when the reader keeps up, in batches of up to 1 MiB', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    const reads = disk.counts.read
    const seen: number[] = []
    const stop = new AbortController()
    const reading = (async () => {
      for await (const batch of wal.tail(1, stop.signal)) {
        const bytes = batch.reduce((sum, frame) => sum + frame.payload.length, 0)
        expect(bytes).toBeLessThanOrEqual(FRAME_BYTES_MAX)
        expect(batch.at(-1)?.sequence).toBeLessThanOrEqual(wal.lastSynced)
        for (const frame of batch) seen.push(numberOf(frame))
        if (seen.length === 500) stop.abort()
      }
    })()
    const writing = upTo(500).map((number) => wal.append(1, payloadOf(number, 8_000)))
    await Promise.all([...writing, reading])
    expect(seen).toEqual(upTo(500))
    expect(disk.counts.read).toBe(reads)
    await wal.close()
  })

  it('ends a tail when the signal aborts and when the log closes', async () => {
    const wal = await openOn(newDisk())
    await appendEach(wal, 1)
    const stop = new AbortController()
    const ends = [stop.signal, new AbortController().signal].map(async (signal) => {
      const batches = []
      for await (const batch of wal.tail(1, signal)) batches.push(batch.length)
      return batches
    })
    stop.abort()
    expect(await ends[0]).toEqual([1])
    await wal.close()
    expect(await ends[1]).toEqual([1])
    expect(await codeOf(wal.read(1))).toBe('WAL_CLOSED')
  })

  it('finishes a read that is under way when the log closes', async () => {
    const wal = await openOn(newDisk(), { recentBytesMax: 0 })
    await appendEach(wal, 50)
    const reads = upTo(20).map((number) => wal.read(number))
    const [frames] = await Promise.all([Promise.all(reads), wal.close()])
    expect(numbers(frames)).toEqual(upTo(20))
  })

  it('calls back after each sync until told to stop', async () => {
    const wal = await openOn(newDisk())
    const heard: number[] = []
    const stop = wal.onSynced((lastSynced) => heard.push(lastSynced))
    await appendEach(wal, 2)
    stop()
    await appendEach(wal, 1)
    expect(heard).toEqual([1, 2])
    await wal.close()
  })

  it('finds damage in a closed segment when that frame is read, and reads the others', async () => {
    const disk = newDisk()
    const wal = await openOn(disk, { recentBytesMax: 0 })
    await appendEach(wal, 300, 10_000)
    const first = `${directory}/0000000000000000.log`
    disk.flip(first, disk.contents(first).indexOf(payloadOf(50, 10_000)) + 9_000, 1)
    expect(numberOf(await wal.read(49))).toBe(49)
    expect(await codeOf(wal.read(50))).toBe('WAL_CORRUPT')
    expect(numberOf(await wal.read(120))).toBe(120)
    await wal.close()
  })
})

describe('closing and opening', () => {
  it('writes what is queued before it closes, refuses later appends, and closes twice', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    const appends = upTo(200).map((number) => wal.append(1, payloadOf(number, 9_000)))
    const closing = wal.close()
    expect(await codeOf(wal.append(1, payloadOf(201)))).toBe('WAL_CLOSED')
    await Promise.all([closing, wal.close()])
    expect(await Promise.all(appends)).toEqual(upTo(200))
    const again = await openOn(disk)
    expect(again.lastSynced).toBe(200)
    expect(again.identity).toMatchObject({ created: false, inode: wal.identity.inode })
    expect(wal.identity.created).toBe(true)
    await again.close()
    expect((await disk.list(directory)).filter((name) => !name.endsWith('.log'))).toEqual([])
  })

  it('reads but changes nothing when it is opened for reading alone', async () => {
    const disk = newDisk()
    expect(await codeOf(openOn(disk, { readOnly: true }))).toBe('WAL_MISSING')
    const wal = await openOn(disk)
    await appendEach(wal, 3)
    await wal.close()
    const { write, remove } = disk.counts
    const reader = await openOn(disk, { readOnly: true })
    expect(numbers(await framesOf(reader))).toEqual([1, 2, 3])
    expect(await codeOf(reader.append(1, payloadOf(4)))).toBe('WAL_READ_ONLY')
    await reader.close()
    expect([disk.counts.write, disk.counts.remove]).toEqual([write, remove])
  })

  it('refuses the log of another network', async () => {
    const disk = newDisk()
    await (await openOn(disk)).close()
    expect(await codeOf(openOn(disk, { networkId: network('b') }))).toBe('WAL_OTHER_NETWORK')
  })

  it('keeps the size of each segment and makes new ones in the size asked for', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    await appendEach(wal, 1)
    await wal.close()
    const larger = await openOn(disk, { segmentBytes: 2 * FRAME_BYTES_MAX })
    await appendEach(larger, 3, FRAME_BYTES_MAX - 48)
    expect(larger.sizeBytes()).toBe(7 * FRAME_BYTES_MAX)
    await larger.close()
    const again = await openOn(disk)
    expect(numbers(await framesOf(again))).toEqual([1, 2, 3, 4])
    await again.close()
  })

  it('does not read closed segments that the store has covered', async () => {
    const disk = newDisk()
    const wal = await openOn(disk)
    await appendEach(wal, 500, 10_000)
    await wal.close()
    const before = disk.counts.read
    await (await openOn(disk, { provenSequence: 500 })).close()
    const headersAndTwoWindows = 5 + 4
    expect(disk.counts.read - before).toBeLessThanOrEqual(headersAndTwoWindows)
  })
})
