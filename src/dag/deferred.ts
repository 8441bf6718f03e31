// Deferred blocks: those sealed too far ahead of the local clock.
// Rule: only the verified header is kept, at most 1,024 of them; it is neither advertised nor pending, and
// the block is asked for again when its time has come. Time never decides validity.

import { type Hash } from '../base/index.js'
import { type BlockHeader } from './header.js'
import { isAhead } from './validity.js'

/** A block whose time has come. */
export interface DueBlock {
  readonly header: BlockHeader
  /** Who delivered it; absent for an own block. */
  readonly from?: string | undefined
}

/** Headers that wait for the clock. */
export interface Deferred {
  /** Keeps a verified header; when full, the one due last gives way. False when that is this one. */
  add(header: BlockHeader, from?: string): boolean
  get(id: Hash): BlockHeader | undefined
  /** The block whose id starts with these 32 hex digits. */
  matching(idPrefix: string): BlockHeader | undefined
  /** Lowest seq of a feed that waits, by the first 32 hex digits of the feed. */
  lowestOf(feedPrefix: string): number | undefined
  /** The block was admitted, or is of no interest any more. */
  remove(id: Hash): void
  /** Takes out what may be admitted by now: it is to be asked for again. */
  takeDue(nowMs: number): readonly DueBlock[]
  readonly size: number
}

/** An empty waiting room. */
export function createDeferred(headersMax: number): Deferred {
  const waiting = new Map<string, DueBlock>()
  const keyOf = (id: Hash): string => id.slice(0, prefixDigits)
  let lowest: Map<string, number> | undefined
  return {
    add(header, from) {
      lowest = undefined
      waiting.set(keyOf(header.id), { header, from })
      if (waiting.size <= headersMax) return true
      const last = [...waiting.values()].reduce((a, b) => (later(a.header, b.header) ? a : b)).header
      waiting.delete(keyOf(last.id))
      return last.id !== header.id
    },
    get(id) {
      const header = waiting.get(keyOf(id))?.header
      return header?.id === id ? header : undefined
    },
    matching: (idPrefix) => waiting.get(idPrefix)?.header,
    lowestOf(feedPrefix) {
      lowest ??= lowestSeqs([...waiting.values()].map(({ header }) => header))
      return lowest.get(feedPrefix)
    },
    remove(id) {
      if (waiting.delete(keyOf(id))) lowest = undefined
    },
    takeDue(nowMs) {
      const due = [...waiting.values()].filter(({ header }) => !isAhead(header, nowMs))
      for (const { header } of due) waiting.delete(keyOf(header.id))
      if (due.length > 0) lowest = undefined
      return due
    },
    get size() {
      return waiting.size
    }
  }
}

const prefixDigits = 32

function lowestSeqs(headers: readonly BlockHeader[]): Map<string, number> {
  const lowest = new Map<string, number>()
  for (const { feed, seq } of headers) {
    const key = feed.slice(0, prefixDigits)
    lowest.set(key, Math.min(seq, lowest.get(key) ?? seq))
  }
  return lowest
}

function later(a: BlockHeader, b: BlockHeader): boolean {
  return a.sealedAtMs === b.sealedAtMs ? a.id > b.id : a.sealedAtMs > b.sealedAtMs
}
