// Recovery: what the segment files hold when a log is opened.
// Invariant: a bad frame s is damage iff a valid later frame, a later segment's header or the store proves
// that s was synced; else it is the torn end of a group that nobody was told of, and everything from it on
// is zeroed.
// Valid frames that nothing proves synced may live in the page cache alone: they are written again and
// synced.

import { join } from 'node:path'
import type { Disk, DiskFile, Log } from '../base/index.js'
import { chainAt, walkChain, type Chain } from './chain.js'
import { guarded, WalError } from './errors.js'
import { createFrameCodec, firstLink, FRAME_BYTES_MAX, type FrameCodec } from './frame.js'
import { readFully, segmentName, writeFully, writeZeros } from './segment-files.js'
import { SEGMENT_HEADER_BYTES } from './segment-header.js'
import type { SegmentEntry, SegmentMap } from './segment-map.js'
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

/** A segment with a successor was synced whole before that was made, so any bad frame in it is damage. */
async function walkClosed(found: FoundLog, entry: SegmentEntry, chain: Chain, disk: Disk): Promise<void> {
  const next = found.segments.lastSequenceOf(entry) + 1
  const stopped = await withSegment(found, entry, 'read', disk, (file) =>
    walkChain(file, chain, { entry, from: SEGMENT_HEADER_BYTES, until: next }))
  if (chain.expected !== next) throw corrupt(entry, stopped, chain.expected)
  chain.proven = Math.max(chain.proven, next - 1)
  chain.unproven = []
}

async function walkNewest(
  file: DiskFile, entry: SegmentEntry, chain: Chain, settings: RecoverySettings, log: Log
): Promise<number> {
  const end = await walkChain(file, chain, { entry, from: SEGMENT_HEADER_BYTES, until: Infinity })
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
    log.info({ ...repaired, lastSequence: bad - 1 }, 'the end of the log was made certain')
  }
  return end
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
