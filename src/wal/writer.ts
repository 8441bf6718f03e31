// Writer: group commit. What came in during the last sync is the next group: one buffer, one write, one
// fdatasync.
// Invariant: nothing is acknowledged or shown before its sync; after a failed write or sync nothing ever is
// again, for the kernel drops the pages it could not write and the next sync would succeed.

import type { Disk, DiskFile, Log } from '../base/index.js'
import { isNoSpace, WalError, type WalOperation } from './errors.js'
import type { FrameCodec } from './frame.js'
import type { WalSettings } from './options.js'
import type { AppendQueue, FrameGroup } from './queue.js'
import type { RecentFrames, RecentGroup } from './recent.js'
import { writeFully } from './segment-files.js'
import { closeSpare, nextSegment, prepareSpare, type SpareState } from './segment-roll.js'
import { SEGMENT_HEADER_BYTES } from './segment-header.js'
import { mark, type SegmentEntry, type SegmentMap } from './segment-map.js'

/** What a writer works with. */
export interface WriterParts {
  readonly settings: WalSettings
  readonly disk: Disk
  readonly log: Log
  readonly codec: FrameCodec
  readonly key: Buffer
  readonly segments: SegmentMap
  readonly queue: AppendQueue
  readonly recent: RecentFrames
  /** Called after each sync. */
  readonly synced: (lastSynced: number) => void
}

/** The end of the log, where the writer goes on. */
export interface Writer extends WriterParts, SpareState {
  entry: SegmentEntry
  file: DiskFile
  offset: number
  /** Bytes of a group that the full disk cut off reach up to here; the next group covers them. */
  staleTo: number
  lastSynced: number
  link: Buffer
  /** The disk was full at the last attempt. */
  full: boolean
  failure: WalError | undefined
  closed: boolean
  /** The group under way. */
  turn: Promise<void> | undefined
}

/**
 * Writes the queue's next group once the present turn of the event loop has settled its promises, so that
 * all who append in one turn share a group. Nothing to do is fine.
 */
export function wakeWriter(writer: Writer): void {
  if (writer.turn !== undefined || writer.queue.isEmpty()) return
  writer.turn = new Promise((resolve) => {
    process.nextTick(() => {
      void writeGroup(writer).then(() => {
        writer.turn = undefined
        wakeWriter(writer)
        resolve()
      })
    })
  })
}

/** Writes what is queued, then gives up files and spare. */
export async function closeWriter(writer: Writer): Promise<void> {
  writer.closed = true
  while (writer.turn !== undefined) await writer.turn
  await closeSpare(writer)
  await writer.file.close().catch((error: unknown) => writer.log.warn({ error }, 'closing a segment failed'))
}

async function writeGroup(writer: Writer): Promise<void> {
  const group = await nextGroup(writer)
  if (group === undefined) return
  const encoded = encodeGroup(writer, group)
  if (!await attempt(writer, group, 'write', () => writeFully(writer.file, encoded.written, writer.offset))) return
  if (!await attempt(writer, group, 'sync', () => writer.file.sync())) return
  commit(writer, group, encoded)
}

async function nextGroup(writer: Writer): Promise<FrameGroup | undefined> {
  const { queue, settings } = writer
  const room = writer.entry.sizeBytes - writer.offset
  const group = queue.collect(Math.min(settings.groupBytesMax, room))
  if (group.frames.length > 0) return group
  const whole = queue.collect(Math.min(settings.groupBytesMax, settings.segmentBytes - SEGMENT_HEADER_BYTES))
  const rolled = await attempt(writer, whole, 'segment', () => nextSegment(writer))
  return rolled ? whole : undefined
}

/** Runs a disk step of a group. A full disk fails all that is queued, any other error the log. */
async function attempt(
  writer: Writer, group: FrameGroup, operation: WalOperation, action: () => Promise<void>
): Promise<boolean> {
  try {
    await action()
    return true
  } catch (error) {
    if (isNoSpace(error) && operation !== 'sync') refuseGroup(writer, group, operation, error)
    else failLog(writer, operation, error)
    return false
  }
}

function refuseGroup(writer: Writer, group: FrameGroup, operation: WalOperation, cause: unknown): void {
  if (operation === 'write') writer.staleTo = Math.max(writer.staleTo, writer.offset + group.bytes)
  const neededBytes = operation === 'write' ? group.bytes : writer.settings.segmentBytes
  if (!writer.full) writer.log.warn({ neededBytes }, 'the disk is full: appends are refused')
  writer.full = true
  // All of it: frames behind the group may build on those in it, and would be tried one by one in vain.
  writer.queue.failAll(new WalError({ code: 'WAL_NO_SPACE', neededBytes }, cause))
}

function failLog(writer: Writer, operation: WalOperation, cause: unknown): void {
  const failure = cause instanceof WalError ? cause : new WalError({ code: 'WAL_FAILED', operation }, cause)
  writer.failure = failure
  writer.log.error({ operation, error: cause }, 'the log failed: nothing more is written until the next start')
  writer.queue.failAll(failure)
}

interface EncodedGroup {
  readonly recent: RecentGroup
  /** The group, with zeros behind it where an older one was cut off. */
  readonly written: Buffer
  readonly link: Buffer
}

function encodeGroup(writer: Writer, group: FrameGroup): EncodedGroup {
  const { codec, lastSynced } = writer
  const firstSequence = lastSynced + 1
  const written = Buffer.allocUnsafeSlow(Math.max(group.bytes, writer.staleTo - writer.offset))
  const link = Buffer.from(writer.link)
  const starts: number[] = []
  let at = 0
  for (const { type, payload } of group.frames) {
    starts.push(at)
    at += codec.encode(written, at, type, payload, lastSynced + starts.length, lastSynced, link)
  }
  written.fill(0, at)
  return { recent: { firstSequence, bytes: written.subarray(0, at), starts }, written, link }
}

function commit(writer: Writer, group: FrameGroup, encoded: EncodedGroup): void {
  const { recent, link } = encoded
  for (const [index, start] of recent.starts.entries()) {
    mark(writer.entry, recent.firstSequence + index, writer.offset + start)
  }
  writer.offset += group.bytes
  writer.staleTo = 0
  if (writer.full) writer.log.info({}, 'the disk has space again: appends go on')
  writer.full = false
  writer.link = link
  writer.lastSynced += group.frames.length
  writer.recent.add(recent)
  writer.queue.settle(group.frames.length, recent.firstSequence)
  writer.synced(writer.lastSynced)
  if (writer.offset > writer.entry.sizeBytes / 2) prepareSpare(writer)
}
