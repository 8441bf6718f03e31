// Scan: checks every frame of a closed log, for `stemedb verify`. Changes nothing and goes on past damage.
// Rule: the same judgement as at open: torn is what nobody was told of, anything else that is bad is damage.

import { join } from 'node:path'
import type { Disk, DiskFile } from '../base/index.js'
import { chainAt, walkChain, type Chain } from './chain.js'
import { guarded, WalError } from './errors.js'
import { stepThrough } from './file-steps.js'
import { createFrameCodec, type FoundFrame } from './frame.js'
import { SEGMENT_HEADER_BYTES } from './segment-header.js'
import { segmentName } from './segment-files.js'
import { findLog } from './segment-list.js'
import type { SegmentEntry } from './segment-map.js'
import { findLaterProof } from './torn.js'
import type { Frame, WalPlace } from './types.js'

/** What to scan. */
export interface ScanOptions extends WalPlace {
  /** As for opening. @default 0 */
  readonly provenSequence?: number
  /** Sees every valid frame in order, those behind damage too. The payload is only valid during the call. */
  readonly onFrame?: (frame: Frame) => void
}

/** A stretch without the frames that belong there. */
export interface WalDamage {
  readonly segment: string
  readonly offsetBytes: number
  /** Sequences of the frames that are missing, both included. */
  readonly fromSequence: number
  readonly toSequence: number
}

/** What a scan found. */
export interface WalScan {
  readonly segments: number
  readonly frames: number
  readonly payloadBytes: number
  readonly lastSequence: number
  /** The first 1,000 damaged stretches in order; `damagedCount` counts all. */
  readonly damaged: readonly WalDamage[]
  readonly damagedCount: number
  /** Where an unacknowledged group was cut off, if one was; the next open removes it. */
  readonly torn: { readonly segment: string; readonly offsetBytes: number } | undefined
}

interface Scan {
  readonly options: ScanOptions
  frames: number
  payloadBytes: number
  damaged: WalDamage[]
  damagedCount: number
  torn: WalScan['torn']
}

const damagedMax = 1000

/**
 * Checks all frames of all segments.
 * @throws WalError WAL_MISSING, WAL_OTHER_NETWORK, WAL_VERSION, WAL_IO; WAL_CORRUPT for a bad header or size
 * or a missing file
 * Cost: reads the whole log once, 2 MiB of memory.
 */
export async function scanWal(options: ScanOptions, deps: { readonly disk: Disk }): Promise<WalScan> {
  const { directory } = options
  const found = await findLog(deps.disk, options)
  if (found === undefined) throw new WalError({ code: 'WAL_MISSING', directory })
  const scan: Scan = { options, frames: 0, payloadBytes: 0, damaged: [], damagedCount: 0, torn: undefined }
  const { entries } = found.segments
  const codec = await createFrameCodec(found.key)
  let chain: Chain | undefined
  for (const entry of entries) {
    chain ??= chainAt(codec, entry, options.provenSequence ?? 0)
    chain.unproven = []
    const current = chain
    const until = found.segments.lastSequenceOf(entry) + 1
    const path = join(directory, segmentName(entry.index))
    await guarded('read', path, () =>
      scanFile(deps.disk, path, (file) => scanSegment(scan, file, entry, current, until)))
    entry.marks = []
  }
  const { frames, payloadBytes, damaged, damagedCount, torn } = scan
  const lastSequence = (chain?.expected ?? 1) - 1
  return { segments: entries.length, frames, payloadBytes, lastSequence, damaged, damagedCount, torn }
}

async function scanFile(disk: Disk, path: string, action: (file: DiskFile) => Promise<void>): Promise<void> {
  const file = await disk.open(path, 'read')
  try {
    await action(file)
  } finally {
    await file.close()
  }
}

async function scanSegment(
  scan: Scan, file: DiskFile, entry: SegmentEntry, chain: Chain, until: number
): Promise<void> {
  const onFrame = (frame: FoundFrame, bytes: Buffer): void => count(scan, frame, bytes)
  let from = SEGMENT_HEADER_BYTES
  for (;;) {
    const bad = await walkChain(file, chain, { entry, from, until, onFrame })
    if (chain.expected >= until) return
    if (until === Infinity && await isTorn(scan, file, entry, chain, bad)) return
    const next = await nextFrame(file, entry, chain, bad, until)
    // Behind the last frame of the newest segment, only the store can know of more.
    const resumed = next?.sequence ?? (until === Infinity ? chain.proven + 1 : until)
    const toSequence = Math.max(chain.expected, resumed - 1)
    const segment = segmentName(entry.index)
    note(scan, { segment, offsetBytes: bad, fromSequence: chain.expected, toSequence })
    chain.expected = resumed
    chain.link = undefined
    chain.unproven = []
    if (next === undefined) return
    from = next.offset
  }
}

/** At the end of the newest segment: nothing or a torn group, which is no damage. */
async function isTorn(
  scan: Scan, file: DiskFile, entry: SegmentEntry, chain: Chain, bad: number
): Promise<boolean> {
  if (chain.proven >= chain.expected) return false
  const search = { from: bad, end: entry.sizeBytes, sequence: chain.expected, codec: chain.codec }
  const rest = await findLaterProof(file, search)
  if (rest.proof) return false
  if (rest.usedTo > bad) scan.torn = { segment: segmentName(entry.index), offsetBytes: bad }
  return true
}

/** The first valid frame behind a bad one that can belong there. */
async function nextFrame(
  file: DiskFile, entry: SegmentEntry, chain: Chain, bad: number, until: number
): Promise<{ readonly sequence: number; readonly offset: number } | undefined> {
  const sequenceMax = Math.min(until - 1, chain.expected + entry.sizeBytes / 8)
  let found: { readonly sequence: number; readonly offset: number } | undefined
  await stepThrough(file, bad, entry.sizeBytes, (bytes, at, limit, offset) => {
    const frame = chain.codec.check(bytes, at, limit, chain.expected, sequenceMax)
    if (frame === undefined) return 8
    found = { sequence: frame.sequence, offset }
    return 0
  })
  return found
}

function count(scan: Scan, frame: FoundFrame, bytes: Buffer): void {
  scan.frames += 1
  scan.payloadBytes += frame.payloadEnd - frame.payloadStart
  const { sequence, type } = frame
  scan.options.onFrame?.({ sequence, type, payload: bytes.subarray(frame.payloadStart, frame.payloadEnd) })
}

function note(scan: Scan, damage: WalDamage): void {
  scan.damagedCount += 1
  if (scan.damaged.length < damagedMax) scan.damaged.push(damage)
}
