// Deferred blocks: those sealed too far ahead of the local clock.
// Rule: only the verified header is kept, at most 1,024 of them; it is neither advertised nor pending, and the block
// is asked for again when its time has come. Time never decides validity.

import { TIME_LIMITS, type Hash } from '../base/index.js'
import { type BlockHeader } from './header.js'

/** Headers that wait for the clock. */
export interface Deferred {
  /** Keeps a verified header; when full, the one due last gives way. False when that is this one. */
  add(header: BlockHeader): boolean
  get(id: Hash): BlockHeader | undefined
  /** The block whose id starts with these hex digits, and how far down its chain others wait. */
  matching(idPrefix: string): BlockHeader | undefined
  /** Takes out what may be admitted by now. */
  takeDue(nowMs: number): readonly BlockHeader[]
  readonly size: number
}

/** An empty waiting room. */
export function createDeferred(headersMax: number): Deferred {
  const waiting = new Map<Hash, BlockHeader>()
  return {
    add(header) {
      waiting.set(header.id, header)
      if (waiting.size <= headersMax) return true
      const last = [...waiting.values()].reduce((a, b) => (later(a, b) ? a : b))
      waiting.delete(last.id)
      return last.id !== header.id
    },
    get: (id) => waiting.get(id),
    matching: (idPrefix) => [...waiting.values()].find((header) => header.id.startsWith(idPrefix)),
    takeDue(nowMs) {
      const due = [...waiting.values()].filter((header) => header.sealedAtMs <= nowMs + TIME_LIMITS.blockAheadMsMax)
      for (const header of due) waiting.delete(header.id)
      return due
    },
    get size() {
      return waiting.size
    }
  }
}

function later(a: BlockHeader, b: BlockHeader): boolean {
  return a.sealedAtMs === b.sealedAtMs ? a.id > b.id : a.sealedAtMs > b.sealedAtMs
}
