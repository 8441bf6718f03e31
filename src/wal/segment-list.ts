// Segment list: the segments that a directory holds, and the first one of a new log.
// Rule: segments count up from 0 without gaps and carry one network and one key; every header is checked at
// open.

import { dirname, join } from 'node:path'
import type { Disk, Random } from '../base/index.js'
import { guarded, WalError, type CorruptReason } from './errors.js'
import type { FoundLog } from './recovery.js'
import { activateSpare, isSegmentName, isSpareName, makeSpare, readFully, segmentName } from './segment-files.js'
import {
  decodeSegmentHeader, networkPrefix, SEGMENT_HEADER_BYTES, type SegmentHeader
} from './segment-header.js'
import { createSegmentMap } from './segment-map.js'
import type { WalPlace } from './types.js'

/**
 * Reads the headers of a log's segments; undefined when the directory or any segment is missing.
 * @throws WalError WAL_CORRUPT, WAL_OTHER_NETWORK, WAL_VERSION, WAL_IO
 */
export async function findLog(disk: Disk, place: WalPlace): Promise<FoundLog | undefined> {
  const { directory } = place
  const names = await guarded('open', directory, async () =>
    await disk.stat(directory) === undefined ? [] : (await disk.list(directory)).filter(isSegmentName))
  const segments = createSegmentMap()
  let first: SegmentHeader | undefined
  let before = 1
  for (const [index, name] of names.entries()) {
    const expected = segmentName(index)
    if (name !== expected) throw corrupt('segment-missing', expected, before)
    const header = await guarded('open', join(directory, name), () => readHeader(disk, place, name, before))
    first ??= header
    if (!continues(first, header, index, before)) throw corrupt('header', name, before)
    before = header.firstSequence
    segments.add({ index, firstSequence: before, sizeBytes: header.sizeBytes, marks: [] })
  }
  return first === undefined ? undefined : { directory, key: first.key, segments }
}

function continues(first: SegmentHeader, header: SegmentHeader, index: number, before: number): boolean {
  if (header.index !== index || !header.key.equals(first.key)) return false
  return index === 0 ? header.firstSequence === 1 : header.firstSequence >= before
}

/** Makes the directory and the first segment. @throws WalError WAL_NO_SPACE, WAL_IO */
export async function createLog(
  disk: Disk, place: WalPlace, segmentBytes: number, random: Random
): Promise<FoundLog> {
  const { directory } = place
  const key = Buffer.from(random.bytes(32))
  await guarded('segment', directory, async () => {
    await makeDirectoryDurably(disk, directory)
    const spare = await makeSpare(disk, { directory, index: 0, sizeBytes: segmentBytes }, () => false)
    const network = networkPrefix(place.networkId)
    const header = { network, index: 0, firstSequence: 1, sizeBytes: segmentBytes, key }
    await (await activateSpare(disk, directory, spare, header)).close()
  })
  const segments = createSegmentMap()
  segments.add({ index: 0, firstSequence: 1, sizeBytes: segmentBytes, marks: [] })
  return { directory, key, segments }
}

async function makeDirectoryDurably(disk: Disk, directory: string): Promise<void> {
  const missing: string[] = []
  for (let path = directory; await disk.stat(path) === undefined; path = dirname(path)) missing.push(path)
  await disk.makeDirectory(directory)
  for (const path of missing) await disk.syncDirectory(dirname(path))
}

/** Removes what interrupted creations left. @throws WalError WAL_IO */
export async function removeSpares(disk: Disk, directory: string): Promise<void> {
  await guarded('open', directory, async () => {
    const spares = (await disk.list(directory)).filter(isSpareName)
    for (const name of spares) await disk.remove(join(directory, name))
    // Also makes the newest segment's name certain, should the log have failed while it was being made.
    await disk.syncDirectory(directory)
  })
}

async function readHeader(
  disk: Disk, place: WalPlace, name: string, sequence: number
): Promise<SegmentHeader> {
  const file = await disk.open(join(place.directory, name), 'read')
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    await readFully(file, bytes, 0)
    const reading = decodeSegmentHeader(bytes)
    if (reading.kind === 'invalid') throw corrupt('header', name, sequence)
    if (reading.kind === 'version') {
      throw new WalError({ code: 'WAL_VERSION', segment: name, version: reading.version })
    }
    const { header } = reading
    if (!header.network.equals(networkPrefix(place.networkId))) {
      throw new WalError({ code: 'WAL_OTHER_NETWORK', segment: name })
    }
    if (await file.sizeBytes() !== header.sizeBytes) throw corrupt('size', name, sequence)
    return header
  } finally {
    await file.close()
  }
}

function corrupt(reason: CorruptReason, segment: string, sequence: number): WalError {
  return new WalError({ code: 'WAL_CORRUPT', reason, segment, offsetBytes: 0, sequence })
}
