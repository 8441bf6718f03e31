// Salvage: every valid frame of a log that cannot be opened any more, whatever stands around it.
// Rule: a frame verifies alone, by a checksum under the log's key, so nothing but the key is needed: one
// whole header of any segment. Nothing is changed. Format: docs/formats/wal-segment.md.

import { join } from 'node:path'
import type { Disk, DiskFile } from '../base/index.js'
import { guarded, WalError } from './errors.js'
import { stepThrough } from './file-steps.js'
import { createFrameCodec, FRAME_BYTES_MAX, type FrameCodec } from './frame.js'
import { isSegmentName, readFully, segmentName } from './segment-files.js'
import { decodeSegmentHeader, networkPrefix, SEGMENT_HEADER_BYTES } from './segment-header.js'
import type { Frame, WalPlace } from './types.js'

/** What is left of a log. */
export interface Salvage {
  readonly segments: number
  /** Valid frames. */
  readonly frames: number
  /** Sequences that lie between valid frames, or before the first, and are gone. */
  readonly missing: number
  /** Sequences of the valid frames, ascending. */
  sequences(): Generator<number, void, undefined>
  /** A valid frame with bytes of its own; undefined when it is gone. @throws WalError WAL_IO */
  read(sequence: number): Promise<Frame | undefined>
  close(): Promise<void>
}

const pageBytes = 4096
const zeroPage = Buffer.alloc(pageBytes)
/** A segment has at most 1 GiB, so that place and segment share one number. */
const segmentUnit = 2 ** 31

/**
 * Looks for frames at every 8-aligned offset of every segment file.
 * @throws WalError WAL_MISSING without segment files, WAL_CORRUPT when no header is whole, WAL_OTHER_NETWORK,
 *   WAL_VERSION, WAL_IO
 * Cost: reads the whole log; 8 bytes of memory for each sequence.
 */
export async function salvageWal(place: WalPlace, deps: { readonly disk: Disk }): Promise<Salvage> {
  const { directory } = place
  const { disk } = deps
  const names = await guarded('open', directory, async () =>
    await disk.stat(directory) === undefined ? [] : (await disk.list(directory)).filter(isSegmentName))
  if (names.length === 0) throw new WalError({ code: 'WAL_MISSING', directory })
  const files: DiskFile[] = []
  try {
    for (const name of names) {
      files.push(await guarded('open', join(directory, name), () => disk.open(join(directory, name), 'read')))
    }
    const codec = await createFrameCodec(await findKey(files, names, place))
    const places = createPlaces()
    for (const [index, file] of files.entries()) {
      await guarded('read', join(directory, names[index] ?? ''), () => findFrames(file, index, codec, places))
    }
    return salvageOver(directory, files, codec, places)
  } catch (error) {
    await closeAll(files)
    throw error
  }
}

/** The checksum key, which every header carries. */
async function findKey(
  files: readonly DiskFile[], names: readonly string[], place: WalPlace
): Promise<Buffer> {
  let version: WalError | undefined
  for (const [index, file] of files.entries()) {
    const segment = names[index] ?? segmentName(index)
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    await guarded('read', join(place.directory, segment), () => readFully(file, bytes, 0))
    const reading = decodeSegmentHeader(bytes)
    if (reading.kind === 'version') {
      version ??= new WalError({ code: 'WAL_VERSION', segment, version: reading.version })
    }
    if (reading.kind !== 'header') continue
    if (reading.header.network.equals(networkPrefix(place.networkId))) return reading.header.key
    throw new WalError({ code: 'WAL_OTHER_NETWORK', segment })
  }
  const segment = names[0] ?? segmentName(0)
  throw version ?? new WalError({ code: 'WAL_CORRUPT', reason: 'header', segment, offsetBytes: 0, sequence: 1 })
}

async function findFrames(file: DiskFile, segment: number, codec: FrameCodec, places: Places): Promise<void> {
  const end = await file.sizeBytes()
  await stepThrough(file, SEGMENT_HEADER_BYTES, end, (bytes, at, limit, offset) => {
    const page = Math.min(pageBytes, limit - at)
    if (bytes.compare(zeroPage, 0, page, at, at + page) === 0) return page
    const frame = codec.check(bytes, at, limit, 1, Number.MAX_SAFE_INTEGER)
    if (frame === undefined) return 8
    places.note(frame.sequence, segment, offset)
    return frame.sizeBytes
  })
}

/** Where each frame lies: a number a sequence, since a log has millions of them in a row. */
interface Places {
  readonly count: number
  readonly last: number
  /** The first place counts: nothing writes a sequence twice that was ever acknowledged. */
  note(sequence: number, segment: number, offset: number): void
  find(sequence: number): { readonly segment: number; readonly offset: number } | undefined
}

function createPlaces(): Places {
  let held = new Float64Array(1_024)
  let [count, last] = [0, 0]
  return {
    get count() { return count },
    get last() { return last },
    note(sequence, segment, offset) {
      if (sequence >= held.length) {
        const larger = new Float64Array(Math.max(sequence + 1, 2 * held.length))
        larger.set(held)
        held = larger
      }
      if (held[sequence] !== 0) return
      held[sequence] = segment * segmentUnit + offset
      count += 1
      last = Math.max(last, sequence)
    },
    find(sequence) {
      const at = held[sequence] ?? 0
      return at === 0 ? undefined : { segment: Math.floor(at / segmentUnit), offset: at % segmentUnit }
    }
  }
}

function salvageOver(
  directory: string, files: readonly DiskFile[], codec: FrameCodec, places: Places
): Salvage {
  const window = { segment: -1, start: 0, bytes: Buffer.alloc(0) }
  const load = async (segment: number, offset: number, file: DiskFile): Promise<void> => {
    const bytes = Buffer.allocUnsafeSlow(FRAME_BYTES_MAX)
    const filled = await guarded('read', directory, () => readFully(file, bytes, offset))
    Object.assign(window, { segment, start: offset, bytes: bytes.subarray(0, filled) })
  }
  const inWindow = (segment: number, offset: number, sequence: number): Frame | undefined => {
    const { bytes, start } = window
    if (window.segment !== segment || offset < start || offset >= start + bytes.length) return undefined
    const frame = codec.check(bytes, offset - start, bytes.length, sequence, sequence)
    if (frame === undefined) return undefined
    const payload = Uint8Array.from(bytes.subarray(frame.payloadStart, frame.payloadEnd))
    return { sequence, type: frame.type, payload }
  }
  return {
    segments: files.length,
    frames: places.count,
    missing: places.last - places.count,
    * sequences() {
      for (let sequence = 1; sequence <= places.last; sequence += 1) {
        if (places.find(sequence) !== undefined) yield sequence
      }
    },
    async read(sequence) {
      const place = places.find(sequence)
      const file = place === undefined ? undefined : files[place.segment]
      if (place === undefined || file === undefined) return undefined
      const found = inWindow(place.segment, place.offset, sequence)
      if (found !== undefined) return found
      await load(place.segment, place.offset, file)
      return inWindow(place.segment, place.offset, sequence)
    },
    close: () => closeAll(files)
  }
}

async function closeAll(files: readonly DiskFile[]): Promise<void> {
  for (const file of files) await file.close().catch(() => undefined)
}
