// The ballot book: the ballots of every key, kept up to date key by key, and turned into columns.
// Rule: what it gives depends on the ballots that it holds alone, not on the order in which they came.

import type { PublicKey } from '../base/index.js'
import { roundOf } from './budget.js'
import { columnsOf, isFact } from './book-columns.js'
import type { BallotColumns } from './columns.js'
import { type KeyBallots, sameBallots, spentByRound } from './key-ballots.js'

/** What a key is about. */
export interface BookKey {
  readonly subject: string
  readonly predicate: string
}

/** Ballots of all keys. */
export interface BallotBook {
  /**
   * Takes the ballots of a key in place of those it had, unless these are of a later state.
   * @param asOf the state that they were read in: a number that rises with each state
   * @returns true when the book changed
   */
  put(key: KeyBallots, asOf?: number): boolean
  remove(subject: string, predicate: string): void
  /** All ballots as columns. Cost: O(rows log rows). */
  columns(): BallotColumns
  /** Subject and predicate of each item of the columns, in their order. */
  items(): readonly BookKey[]
  /** Keys in their order that `wants` picks by predicate and by an agent that said something there. */
  keysWhere(wants: (predicate: string, agent: PublicKey) => boolean): readonly BookKey[]
  readonly keys: number
  readonly rows: number
}

interface Entry {
  key: KeyBallots
  asOf: number
}

/**
 * An empty book.
 * @param roundMs length of a round: endorsements between two agents count 8 in each
 * @param seeds   agents of the columns whether or not they ever say something
 */
export function createBallotBook(roundMs: number, seeds: readonly PublicKey[] = []): BallotBook {
  const entries = new Map<string, Entry>()
  let rows = 0
  // Kept between two names that come or go: sorting names is dearer than all else that is done with them.
  let order: readonly Entry[] | undefined
  const sorted = (): readonly KeyBallots[] => {
    order ??= [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
    return order.map(({ key }) => key)
  }
  return {
    put(given, asOf = 0) {
      const key = { ...given, spent: spentByRound(given, roundMs) }
      const name = nameOf(key.subject, key.predicate)
      const entry = entries.get(name)
      if (entry === undefined) {
        order = undefined
        entries.set(name, { key, asOf })
      } else {
        if (entry.asOf > asOf) return false
        entry.asOf = asOf
        if (sameBallots(entry.key, key)) return false
        rows -= entry.key.rows.length
        entry.key = key
      }
      rows += key.rows.length
      return true
    },
    remove(subject, predicate) {
      const name = nameOf(subject, predicate)
      rows -= entries.get(name)?.key.rows.length ?? 0
      order = undefined
      entries.delete(name)
    },
    columns: () => columnsOf(sorted(), seeds, (timeMs) => roundOf(timeMs, roundMs)),
    items: () => sorted().filter(isFact).map(aboutOf),
    keysWhere: (wants) => sorted().filter(({ predicate, rows: said, silent = [] }) =>
      said.some(({ agent }) => wants(predicate, agent)) || silent.some((agent) => wants(predicate, agent))
    ).map(aboutOf),
    get keys() { return entries.size },
    get rows() { return rows }
  }
}

function aboutOf({ subject, predicate }: KeyBallots): BookKey {
  return { subject, predicate }
}

/** Names keys so that no two share one, whatever characters their parts hold. */
function nameOf(subject: string, predicate: string): string {
  return `${predicate.length} ${predicate}${subject}`
}
