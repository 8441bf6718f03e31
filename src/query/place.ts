// Cursors of answers that are computed anew for each page: where the next page begins, in which state.
// Rule: a page follows from the same state as the one before it, or is refused. Nothing is skipped or shown
// twice because the order changed in between.

import { blake3Hash, type Hash, utf8Bytes } from '../base/index.js'
import { QueryError } from './errors.js'

/** Where a page begins. */
export interface Place {
  /** Which of the keys of the request. */
  readonly key: number
  /** Entries of that key that were shown. */
  readonly offset: number
  /** Mark of the state that the order follows from. */
  readonly state: string
}

const CURSOR = /^([0-9a-f]{16})-(\d{1,4})-(\d{1,9})-([0-9a-f]{16})$/
const MARK_DIGITS = 16

/** A short mark of whatever JSON can say. */
export function markOf(parts: readonly unknown[]): string {
  return blake3Hash(utf8Bytes(JSON.stringify(parts))).slice(0, MARK_DIGITS)
}

/** The mark of what an order of answers follows from. */
export function stateMark(
  evidence: readonly Hash[], trust: { readonly generation: number }, epoch: Hash | undefined
): string {
  return markOf([evidence, trust.generation, epoch ?? ''])
}

/** The text of a cursor. @param request mark of the request that it goes on with */
export function cursorOf(request: string, { key, offset, state }: Place): string {
  return `${request}-${key}-${offset}-${state}`
}

/** Where a cursor says the page begins; the first page without one. @throws QueryError QUERY_CURSOR */
export function placeOf(cursor: string | undefined, request: string): Place | undefined {
  if (cursor === undefined) return undefined
  const [, mark, key, offset, state] = CURSOR.exec(cursor) ?? []
  if (mark !== request || state === undefined) {
    throw new QueryError({ code: 'QUERY_CURSOR' }, 'the cursor is not one of this request')
  }
  return { key: Number(key), offset: Number(offset), state }
}

/** @throws QueryError QUERY_CHANGED when the state is another than that of the page before */
export function checkState(place: Place | undefined, state: string): void {
  if (place === undefined || place.state === state) return
  throw new QueryError({ code: 'QUERY_CHANGED' }, 'what is said has changed since the page before: begin anew')
}
