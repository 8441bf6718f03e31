// Reader: synced frames by sequence number, from memory when they are recent, else from the segment files.
// Rule: each frame is checked again whenever it is read from disk; memory is bounded by one run of frames.

import type { Disk } from '../base/index.js'
import { WalError } from './errors.js'
import type { FrameCodec } from './frame.js'
import { FRAME_BYTES_MAX } from './frame.js'
import type { RecentFrames } from './recent.js'
import { readFully, segmentName } from './segment-files.js'
import { SEGMENT_HEADER_BYTES } from './segment-header.js'
import { createSegmentHandles, type SegmentHandles } from './segment-handles.js'
import { createMarkKeeper, mark, nearestMark, type SegmentEntry, type SegmentMap } from './segment-map.js'
import type { Frame } from './types.js'

/** Reads synced frames. */
export interface Reader {
  /** Frames from a synced sequence on, in order: at least one, about `bytesMax` of them. */
  run(sequence: number, bytesMax: number): Promise<readonly Frame[]>
  close(): Promise<void>
}

/** What a reader needs. */
export interface ReaderDeps {
  readonly disk: Disk
  readonly codec: FrameCodec
  readonly segments: SegmentMap
  readonly recent: RecentFrames
  /** The greatest sequence that may be shown. */
  readonly lastSynced: () => number
}

interface Place {
  sequence: number
  offset: number
}

interface Context extends ReaderDeps {
  readonly handles: SegmentHandles
  readonly keep: (entry: SegmentEntry) => void
}

const smallReadBytes = 128 * 1024

/** A reader over the files in `directory`. */
export function createReader(directory: string, deps: ReaderDeps): Reader {
  const context = { ...deps, handles: createSegmentHandles(deps.disk, directory), keep: createMarkKeeper() }
  return {
    run: async (sequence, bytesMax) =>
      deps.recent.from(sequence, bytesMax) ?? runFromDisk(context, sequence, bytesMax),
    close: () => context.handles.close()
  }
}

async function runFromDisk(
  context: Context, sequence: number, bytesMax: number
): Promise<readonly Frame[]> {
  const { segments } = context
  const entry = segments.find(sequence)
  if (entry === undefined) throw new WalError({ code: 'WAL_NOT_FOUND', sequence })
  context.keep(entry)
  const last = Math.min(context.lastSynced(), segments.lastSequenceOf(entry))
  const start = { sequence: entry.firstSequence, offset: SEGMENT_HEADER_BYTES }
  const place = nearestMark(entry, sequence) ?? start
  let chunkBytes = Math.max(smallReadBytes, Math.min(bytesMax, FRAME_BYTES_MAX))
  for (;;) {
    const before = place.offset
    const chunk = await readChunk(context, entry, place.offset, chunkBytes)
    const frames = decodeChunk(context, entry, chunk, { place, from: sequence, last, bytesMax })
    if (frames.length > 0) return frames
    if (place.offset > before) continue
    // Not one whole frame: it is longer than the chunk, or damaged.
    if (chunk.length < chunkBytes || chunkBytes >= FRAME_BYTES_MAX) throw corrupt(entry, place)
    chunkBytes = FRAME_BYTES_MAX
  }
}

async function readChunk(
  context: Context, entry: SegmentEntry, offset: number, bytes: number
): Promise<Buffer> {
  const chunk = Buffer.allocUnsafeSlow(Math.max(0, Math.min(bytes, entry.sizeBytes - offset)))
  const count = await context.handles.use(entry.index, (file) => readFully(file, chunk, offset))
  return chunk.subarray(0, count)
}

interface Run {
  /** Moves on with each frame. */
  readonly place: Place
  readonly from: number
  readonly last: number
  readonly bytesMax: number
}

function decodeChunk(context: Context, entry: SegmentEntry, chunk: Buffer, run: Run): readonly Frame[] {
  const { place } = run
  const frames: Frame[] = []
  let at = 0
  let bytes = 0
  while (place.sequence <= run.last) {
    const found = context.codec.check(chunk, at, chunk.length, place.sequence, place.sequence)
    if (found === undefined) break
    bytes += found.sizeBytes
    if (place.sequence >= run.from) {
      if (frames.length > 0 && bytes > run.bytesMax) break
      const payload = chunk.subarray(found.payloadStart, found.payloadEnd)
      frames.push({ sequence: found.sequence, type: found.type, payload })
    }
    mark(entry, place.sequence, place.offset)
    at += found.sizeBytes
    place.offset += found.sizeBytes
    place.sequence += 1
  }
  return frames
}

function corrupt(entry: SegmentEntry, place: Place): WalError {
  const segment = segmentName(entry.index)
  const { sequence, offset: offsetBytes } = place
  return new WalError({ code: 'WAL_CORRUPT', reason: 'frame', segment, offsetBytes, sequence })
}
