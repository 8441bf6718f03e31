// HAVE on a stream of its own: whoever made a block durable tells the node that sealed it.
// Format: docs/formats/sync.md, "HAVE".

import { type Hash } from '../base/index.js'
import { decodeFrame } from './sync-decode.js'
import { encodeFrame } from './sync-encode.js'
import { FRAME_TYPES, SYNC_LIMITS } from './sync-frames.js'

/** Block ids that one frame holds at most. */
export const haveIdsMax: number = SYNC_LIMITS.haveIdsMax

/** True when a frame is a HAVE by its type: a stream that begins with one carries nothing else. */
export function isHave(frame: Uint8Array): boolean {
  return frame[0] === FRAME_TYPES.have
}

/** A HAVE frame of 1 to `haveIdsMax` ids. */
export function encodeHave(ids: readonly Hash[]): Uint8Array {
  return encodeFrame({ kind: 'have', ids })
}

/** The ids of a HAVE frame; undefined for other bytes. */
export function decodeHave(frame: Uint8Array): readonly Hash[] | undefined {
  const decoded = decodeFrame(frame)
  return decoded.kind === 'have' ? decoded.ids : undefined
}
