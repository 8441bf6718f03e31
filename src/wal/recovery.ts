// Recovery: what the segment files hold when a log is opened.
// Invariant: a bad frame s is damage iff a valid later frame, a later segment's header or the store proves
// that s was synced; else it is the torn end of a group that nobody was told of, and everything from it on
// is zeroed.
// Valid frames that nothing proves synced may live in the page cache alone: they are written again and
// synced.

import { join } from 'node:path'
import type { Disk, DiskFile, Log } from '../base/index.js'
import { guarded, WalError } from './errors.js'
import { stepThrough } from './file-steps.js'
import { createFrameCodec, firstLink, followsLink, FRAME_BYTES_MAX, moveLink, type FrameCodec } from './frame.js'
import { readFully, segmentName, writeFully, writeZeros } from './segment-files.js'
import { SEGMENT_HEADER_BYTES } from './segment-header.js'
import { mark, type SegmentEntry, type SegmentMap } from './segment-map.js'
import { findLaterProof } from './torn.js'

/** A log whose segments are known, before its frames are. */
export interface FoundLog {
  readonly directory: string
  readonly key: Buffer
  readonly segments: SegmentMap
}

/** A log that can be read and, unless it was opened for reading alone, appended to. */
export interface RecoveredLog {
  readonly codec: FrameCodec
  readonly lastSequence: number
  /** Where the next frame begins in the newest segment. */
  readonly endOffset: number
  /** Names the last frame. */
  readonly link: Buffer
}

/** How to recover. */
export interface RecoverySettings {
  readonly provenSequence: number
  readonly readOnly: boolean
}

interface Chain {
  readonly codec: FrameCodec
  /** Sequence that must come next. */
  expected: number
  /** Undefined when the frame before was not read. */
  link: Buffer | undefined
  /** Greatest sequence that is proven to have been synced. */
  proven: number
  /** Offsets of the valid frames after `proven` in the segment being walked. */
  unproven: number[]
}

/**
 * Checks the frames from the last proven one's segment on, tells a torn end from damage, and repairs the end.
 * @throws WalError WAL_CORRUPT, WAL_IO
 * Cost: reads the segments that the store has not covered, at least the newest.
 */
export async function recoverLog(
  found: FoundLog, settings: RecoverySettings, deps: { disk: Disk; log: Log }
): Promise<RecoveredLog> {
  const codec = await createFrameCodec(found.key)
  const { entries } = found.segments
  const newest = entryAt(entries, entries.length - 1)
  const start = Math.min(found.segments.find(settings.provenSequence + 1)?.index ?? 0, newest.index)
  let chain = chainAt(codec, entryAt(entries, start), settings.provenSequence)
  for (const entry of entries.slice(start, -1)) await walkClosed(found, entry, chain, deps.disk)
  const mode = settings.readOnly ? 'read' : 'write'
  const endOffset = await withSegment(found, newest, mode, deps.disk, (file) =>
    walkNewest(file, newest, chain, settings, deps.log))
  const { expected } = chain
  if (chain.link === undefined && newest.index > 0) {
    const before = entryAt(entries, newest.index - 1)
    chain = chainAt(codec, before, settings.provenSequence)
    await walkClosed(found, before, chain, deps.disk)
  }
  return { codec, lastSequence: expected - 1, endOffset, link: chain.link ?? firstLink() }
}

function chainAt(codec: FrameCodec, entry: SegmentEntry, provenSequence: number): Chain {
  const link = entry.index === 0 ? firstLink() : undefined
  const proven = Math.max(provenSequence, entry.firstSequence - 1)
  return { codec, expected: entry.firstSequence, link, proven, unproven: [] }
}

/** A segment with a successor was synced whole before that was made, so any bad frame in it is damage. */
async function walkClosed(found: FoundLog, entry: SegmentEntry, chain: Chain, disk: Disk): Promise<void> {
  const next = found.segments.lastSequenceOf(entry) + 1
  const stopped = await withSegment(found, entry, 'read', disk, (file) => walk(file, entry, chain, next))
  if (chain.expected !== next) throw corrupt(entry, stopped, chain.expected)
  chain.proven = Math.max(chain.proven, next - 1)
  chain.unproven = []
}

async function walkNewest(
  file: DiskFile, entry: SegmentEntry, chain: Chain, settings: RecoverySettings, log: Log
): Promise<number> {
  const end = await walk(file, entry, chain, Infinity)
  const bad = chain.expected
  if (chain.proven >= bad) throw corrupt(entry, end, bad)
  const search = { from: end, end: entry.sizeBytes, sequence: bad, codec: chain.codec }
  const rest = await findLaterProof(file, search)
  if (rest.proof) throw corrupt(entry, end, bad)
  if (settings.readOnly) return end
  const [rewriteFrom = end] = chain.unproven
  if (rest.usedTo > end || rewriteFrom < end) {
    await rewrite(file, rewriteFrom, end)
    await writeZeros(file, end, rest.usedTo)
    await file.sync()
    const segment = segmentName(entry.index)
    const repaired = { segment, zeroedBytes: rest.usedTo - end, rewrittenBytes: end - rewriteFrom }
    log.warn({ ...repaired, lastSequence: bad - 1 }, 'the end of the log was repaired')
  }
  return end
}

/** Walks the frames of a segment; returns the offset of the first that is not what must come next. */
function walk(file: DiskFile, entry: SegmentEntry, chain: Chain, until: number): Promise<number> {
  const { codec } = chain
  return stepThrough(file, SEGMENT_HEADER_BYTES, entry.sizeBytes, (bytes, at, limit, offset) => {
    if (chain.expected >= until) return 0
    const frame = codec.check(bytes, at, limit, chain.expected, chain.expected)
    if (frame === undefined) return 0
    if (chain.link !== undefined && !followsLink(bytes, at, chain.link)) return 0
    chain.link ??= firstLink()
    moveLink(chain.link, bytes, at)
    prove(chain, frame.durable)
    if (frame.sequence > chain.proven) chain.unproven.push(offset)
    mark(entry, frame.sequence, offset)
    chain.expected += 1
    return frame.sizeBytes
  })
}

/** `unproven` holds the offsets of proven + 1 up to the frame before the expected one. */
function prove(chain: Chain, durable: number): void {
  if (durable <= chain.proven) return
  chain.unproven.splice(0, durable - chain.proven)
  chain.proven = durable
}

async function rewrite(file: DiskFile, from: number, to: number): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(FRAME_BYTES_MAX, to - from))
  for (let at = from; at < to; at += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, to - at))
    await readFully(file, part, at)
    await writeFully(file, part, at)
  }
}

async function withSegment<T>(
  found: FoundLog, entry: SegmentEntry, mode: 'read' | 'write', disk: Disk, action: (file: DiskFile) => Promise<T>
): Promise<T> {
  const path = join(found.directory, segmentName(entry.index))
  return guarded('open', path, async () => {
    const file = await disk.open(path, mode)
    try {
      return await action(file)
    } finally {
      await file.close()
    }
  })
}

function corrupt(entry: SegmentEntry, offsetBytes: number, sequence: number): WalError {
  const segment = segmentName(entry.index)
  return new WalError({ code: 'WAL_CORRUPT', reason: 'frame', segment, offsetBytes, sequence })
}

function entryAt(entries: readonly SegmentEntry[], index: number): SegmentEntry {
  const entry = entries[index]
  if (entry === undefined) throw new RangeError(`no segment ${index}`)
  return entry
}
