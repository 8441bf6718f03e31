// From one segment to the next: the next one's zeros are written in the background, once the present one is
// half full.

import type { Disk, DiskFile, Log } from '../base/index.js'
import type { WalSettings } from './options.js'
import { activateSpare, discardSpare, makeSpare, type Spare } from './segment-files.js'
import { networkPrefix, SEGMENT_HEADER_BYTES } from './segment-header.js'
import type { SegmentEntry, SegmentMap } from './segment-map.js'

/** The segment made ahead of need. */
export interface SpareState {
  spare: Promise<Spare | undefined> | undefined
}

/** The writer, as far as changing segments goes. */
export interface Roller extends SpareState {
  readonly settings: WalSettings
  readonly disk: Disk
  readonly log: Log
  readonly key: Buffer
  readonly segments: SegmentMap
  entry: SegmentEntry
  file: DiskFile
  offset: number
  staleTo: number
  readonly lastSynced: number
  readonly closed: boolean
}

/** Starts to make the next segment, once; a failure only means that it is tried again at need. */
export function prepareSpare(roller: Roller): void {
  if (roller.spare !== undefined || roller.closed) return
  roller.spare = freshSpare(roller, () => roller.closed).catch((error: unknown) => {
    if (!roller.closed) roller.log.warn({ error }, 'the next segment could not be made ahead of need')
    return undefined
  })
}

/** Goes on in the next segment. @throws the disk's error; then the present segment stays the one in use */
export async function nextSegment(roller: Roller): Promise<void> {
  const ready = await roller.spare
  roller.spare = undefined
  const spare = ready ?? await freshSpare(roller, () => false)
  const firstSequence = roller.lastSynced + 1
  const { index, sizeBytes } = spare
  const network = networkPrefix(roller.settings.networkId)
  const header = { network, index, firstSequence, sizeBytes, key: roller.key }
  const file = await activateSpare(roller.disk, roller.settings.directory, spare, header)
  const closing = roller.file
  roller.file = file
  roller.entry = { index, firstSequence, sizeBytes, marks: [] }
  roller.segments.add(roller.entry)
  roller.offset = SEGMENT_HEADER_BYTES
  roller.staleTo = 0
  await closing.close().catch((error: unknown) => roller.log.warn({ error }, 'closing a segment failed'))
}

/** Gives up a spare that is ready or being made. */
export async function closeSpare(roller: Roller): Promise<void> {
  const spare = await roller.spare
  roller.spare = undefined
  if (spare !== undefined) await discardSpare(roller.disk, spare)
}

function freshSpare(roller: Roller, stopped: () => boolean): Promise<Spare> {
  const { directory, segmentBytes: sizeBytes } = roller.settings
  return makeSpare(roller.disk, { directory, index: roller.entry.index + 1, sizeBytes }, stopped)
}
