// Segment files on disk: names, creation ahead of need, whole reads and writes.
// Rule: a file gets its name *.log only once its zeros and its header are on stable storage, and the name
// itself is made durable before a frame is written into it.

import { join } from 'node:path'
import type { Disk, DiskFile } from '../base/index.js'
import { WalError } from './errors.js'
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.js'

/** A zero-filled file that waits to become a segment. */
export interface Spare {
  readonly index: number
  readonly sizeBytes: number
  readonly path: string
  readonly file: DiskFile
}

/** Where a spare is made. */
export interface SparePlan {
  readonly directory: string
  readonly index: number
  readonly sizeBytes: number
}

const namePattern = /^[0-9a-f]{16}\.log$/
const zeros = Buffer.alloc(1024 * 1024)
// One long sync at the end would stall the appends that go on beside it.
const syncEachBytes = 8 * 1024 * 1024

/** File name of a segment. */
export function segmentName(index: number): string {
  return `${index.toString(16).padStart(16, '0')}.log`
}

/** True for the name of a segment file. */
export function isSegmentName(name: string): boolean {
  return namePattern.test(name)
}

/** True for what an interrupted creation leaves behind. */
export function isSpareName(name: string): boolean {
  return name.endsWith('.log.tmp')
}

/**
 * Makes a zero-filled file under a temporary name and syncs it, so that its space is certain. Leaves nothing
 * behind when it fails. `stopped` is asked now and then. @throws the disk's error, ENOSPC among them;
 * WAL_CLOSED
 */
export async function makeSpare(disk: Disk, plan: SparePlan, stopped: () => boolean): Promise<Spare> {
  const { index, sizeBytes } = plan
  if (await disk.freeBytes(plan.directory) < sizeBytes) throw noSpace(sizeBytes)
  const path = join(plan.directory, `${segmentName(index)}.tmp`)
  const file = await disk.open(path, 'create')
  const spare = { index, sizeBytes, path, file }
  try {
    await fillWithZeros(file, sizeBytes, stopped)
  } catch (error) {
    await discardSpare(disk, spare)
    throw error
  }
  return spare
}

/**
 * Turns a spare into a segment: header, sync, rename, sync of the directory. On failure before the rename the
 * spare is gone and the disk's error is thrown. @throws WalError WAL_FAILED when the rename may or may not
 * last
 */
export async function activateSpare(
  disk: Disk, directory: string, spare: Spare, header: SegmentHeader
): Promise<DiskFile> {
  try {
    await writeFully(spare.file, encodeSegmentHeader(header), 0)
    await spare.file.sync()
    await disk.rename(spare.path, join(directory, segmentName(spare.index)))
  } catch (error) {
    await discardSpare(disk, spare)
    throw error
  }
  try {
    await disk.syncDirectory(directory)
  } catch (error) {
    await spare.file.close().catch(() => undefined)
    throw new WalError({ code: 'WAL_FAILED', operation: 'segment' }, error)
  }
  return spare.file
}

/** Removes a spare. Never fails: what stays behind is removed at the next open. */
export async function discardSpare(disk: Disk, spare: Spare): Promise<void> {
  await spare.file.close().catch(() => undefined)
  await disk.remove(spare.path).catch(() => undefined)
}

/** Writes all bytes, however few the disk takes at a time. */
export async function writeFully(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const taken = await file.write(done === 0 ? bytes : bytes.subarray(done), position + done)
    if (taken === 0) throw new Error('the disk takes no bytes')
    done += taken
  }
}

/** Fills the buffer as far as the file reaches; returns how many bytes were read. */
export async function readFully(file: DiskFile, into: Uint8Array, position: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const count = await file.read(done === 0 ? into : into.subarray(done), position + done)
    if (count === 0) break
    done += count
  }
  return done
}

/** Writes zeros over [from, to). */
export async function writeZeros(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += zeros.length) {
    await writeFully(file, zeros.subarray(0, Math.min(zeros.length, to - at)), at)
  }
}

async function fillWithZeros(file: DiskFile, sizeBytes: number, stopped: () => boolean): Promise<void> {
  await file.truncate(0)
  for (let at = 0; at < sizeBytes; at += syncEachBytes) {
    if (stopped()) throw new WalError({ code: 'WAL_CLOSED' })
    await writeZeros(file, at, Math.min(at + syncEachBytes, sizeBytes))
    await file.sync()
  }
}

function noSpace(neededBytes: number): Error {
  return Object.assign(new Error(`${neededBytes} bytes are not free`), { code: 'ENOSPC' })
}
