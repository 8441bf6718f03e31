// Ballot columns: all ballots of a network as flat arrays, the form in which trust is computed.
// Rule: agents ascend by key and the clusters of an item by the BLAKE3 of their value, so that columns of
// equal ballots are equal whatever the order in which they came. Made by a ballot book.

import type { PublicKey } from '../base/index.js'

/** A predicate whose answers come from a short list. */
export interface ClosedPredicate {
  readonly predicate: string
  /** Canonical object bytes as lower-case hex, ascending; an index is a class. At least two. */
  readonly values: readonly string[]
}

/** Who vouches for whom: for each pair the sum over rounds of min(8, votes). Parallel columns. */
export interface Endorsements {
  /** Indices of agents. */
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly count: Uint32Array
}

/** Ballots that only the vote budget counts: on constraints, and those whose place others took. */
export interface ChargedRows {
  readonly agentOf: Uint32Array
  readonly timeOf: Float64Array
}

/**
 * All ballots. An item is one (subject, predicate) that states facts; rows of an item are neighbours, so are
 * its clusters.
 */
export interface BallotColumns {
  /** Ascending; other columns name an agent by its index here. */
  readonly agents: readonly PublicKey[]
  /** Per item its first cluster, and behind the last item the number of clusters. */
  readonly clusterFrom: Uint32Array
  /** Per item its first row, and behind the last item the number of rows. */
  readonly rowFrom: Uint32Array
  /** Per item 1 where many answers may hold. */
  readonly many: Uint8Array
  /** Ascending; `predicateOf` names one by its index. */
  readonly predicates: readonly string[]
  /** Per item. */
  readonly predicateOf: Uint32Array
  /** Per item its closed predicate, -1 = none. */
  readonly closedOf: Int32Array
  readonly closed: readonly ClosedPredicate[]
  /** Per cluster its class in the closed predicate, -1 = none. */
  readonly classOf: Int16Array
  /** Per row: who, for which cluster (index over all items), with what weight (Q16, 1..65,536), when. */
  readonly agentOf: Uint32Array
  readonly clusterOf: Uint32Array
  readonly weightOf: Uint32Array
  readonly timeOf: Float64Array
  /** Of facts and constraints alike. */
  readonly endorsements: Endorsements
  readonly constraintRows: ChargedRows
  /** What agents said of facts and constraints in rounds in which it makes no row. */
  readonly spent: ChargedRows
}

/** Number of items in the columns. */
export function itemCount(columns: BallotColumns): number {
  return columns.many.length
}

/** Calls `visit` for each row of each item in turn. */
export function eachRow(columns: BallotColumns, visit: (row: number, item: number) => void): void {
  const items = itemCount(columns)
  for (let item = 0; item < items; item += 1) {
    const end = columns.rowFrom[item + 1] ?? 0
    for (let row = columns.rowFrom[item] ?? 0; row < end; row += 1) visit(row, item)
  }
}
