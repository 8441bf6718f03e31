// Steps through a file from an offset on, a frame or a word at a time, with bounded memory.
// Rule: whoever looks at an offset sees a whole frame's bytes behind it, or all there are.

import type { DiskFile } from '../base/index.js'
import { FRAME_BYTES_MAX } from './frame.js'
import { readFully } from './segment-files.js'

/**
 * Looks at one offset: `bytes` holds the file from `at` up to `limit`, at least the largest frame or the
 * rest.
 * Returns how many bytes to go on, 0 to stop. The buffer is used again: copy what is to be kept.
 */
export type Step = (bytes: Buffer, at: number, limit: number, offset: number) => number

const windowBytes = 2 * FRAME_BYTES_MAX

/** Steps from `from` to `end`; returns the offset at which it stopped. Cost: 2 MiB of memory. */
export async function stepThrough(file: DiskFile, from: number, end: number, step: Step): Promise<number> {
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, Math.min(windowBytes, end - from)))
  let start = from
  let filled = 0
  let offset = from
  while (offset < end) {
    if (Math.min(offset + FRAME_BYTES_MAX, end) > start + filled) {
      const kept = Math.max(0, start + filled - offset)
      buffer.copyWithin(0, offset - start, offset - start + kept)
      start = offset
      const wanted = Math.min(buffer.length, end - start)
      filled = kept + await readFully(file, buffer.subarray(kept, wanted), start + kept)
      if (filled < wanted) throw new Error('the file is shorter than it was')
    }
    const advance = step(buffer, offset - start, filled, offset)
    if (advance === 0) return offset
    offset += advance
  }
  return offset
}
