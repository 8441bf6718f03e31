// The end of the log behind its last good frame: torn by a crash, or damaged?
// Rule: every 8-aligned offset is looked at, so that a broken length cannot hide the frames behind it.

import type { DiskFile } from '../base/index.js'
import { stepThrough } from './file-steps.js'
import type { FrameCodec } from './frame.js'

/** The stretch to look through. */
export interface TornSearch {
  readonly from: number
  readonly end: number
  /** Sequence of the frame that is bad or missing at `from`. */
  readonly sequence: number
  readonly codec: FrameCodec
}

/** What stands behind the last good frame. */
export interface TornEnd {
  /** A valid frame says that the bad one had been synced: damage, not a torn write. */
  readonly proof: boolean
  /** Everything from here to the end is zero; `from` when all is. */
  readonly usedTo: number
}

const pageBytes = 4096
const zeroPage = Buffer.alloc(pageBytes)

/**
 * Looks for a valid frame that was written after `sequence` had been synced. A page of zeros holds no frame's
 * start and is skipped whole; bytes that do not look like a header of a possible sequence are never hashed.
 */
export async function findLaterProof(file: DiskFile, search: TornSearch): Promise<TornEnd> {
  const { from, end, sequence, codec } = search
  // No more frames fit behind the bad one than there are words.
  const sequenceMax = sequence + (end - from) / 8
  let proof = false
  let usedTo = from
  await stepThrough(file, from, end, (bytes, at, limit, offset) => {
    const page = Math.min(pageBytes, limit - at)
    if (bytes.compare(zeroPage, 0, page, at, at + page) === 0) return page
    for (let next = 0; next < page; next += 8) {
      const found = codec.check(bytes, at + next, limit, sequence + 1, sequenceMax)
      if (found !== undefined && found.durable >= sequence) proof = true
      if (proof) return 0
    }
    usedTo = offset + page
    return page
  })
  return { proof, usedTo }
}
