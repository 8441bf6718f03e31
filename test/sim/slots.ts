// Slots of a link: what the muxer lets a peer open. Nodes keep below that; liars need not.

import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import type { SimStream } from './stream.js'

/** Streams that a peer has open. */
export interface Slots {
  /** @returns false when all are taken: the stream is refused */
  take(stream: SimStream): boolean
}

/** Slots, all free. */
export function createSlots(): Slots {
  const open = new Set<SimStream>()
  return {
    take(stream) {
      for (const other of open) if (other.over) open.delete(other)
      if (open.size >= NETWORK_LIMITS.inboundStreamsMax) return false
      open.add(stream)
      return true
    }
  }
}
