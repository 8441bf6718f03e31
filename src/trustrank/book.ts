// The ballot book: the ballots of every key, kept up to date key by key, and turned into columns.
// Rule: what it gives depends on the ballots that it holds alone, not on the order in which they came.

import type { BallotColumns } from './columns.js'
import { roundOf } from './budget.js'
import { columnsOf } from './book-columns.js'
import type { KeyBallots } from './key-ballots.js'

/** Ballots of all keys. */
export interface BallotBook {
  /** Takes the ballots of a key in place of those it had. */
  put(key: KeyBallots): void
  remove(subject: string, predicate: string): void
  /** All ballots as columns. Cost: O(rows log rows). */
  columns(): BallotColumns
  /** Subject and predicate of each item of the columns, in their order. */
  items(): readonly { readonly subject: string; readonly predicate: string }[]
  readonly keys: number
  readonly rows: number
}

/**
 * An empty book.
 * @param roundMs length of a round: endorsements between two agents count 8 in each
 */
export function createBallotBook(roundMs: number): BallotBook {
  const entries = new Map<string, KeyBallots>()
  let rows = 0
  const drop = (name: string): void => {
    rows -= entries.get(name)?.rows.length ?? 0
    entries.delete(name)
  }
  const sorted = (): readonly KeyBallots[] =>
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key)
  return {
    put(key) {
      const name = nameOf(key.subject, key.predicate)
      drop(name)
      entries.set(name, key)
      rows += key.rows.length
    },
    remove: (subject, predicate) => { drop(nameOf(subject, predicate)) },
    columns: () => columnsOf(sorted(), (timeMs) => roundOf(timeMs, roundMs)),
    items: () => sorted().map(({ subject, predicate }) => ({ subject, predicate })),
    get keys() { return entries.size },
    get rows() { return rows }
  }
}

/** Names keys so that no two share one: neither part holds the character U+0000. */
function nameOf(subject: string, predicate: string): string {
  return `${predicate}\u0000${subject}`
}
