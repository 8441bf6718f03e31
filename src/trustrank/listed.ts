// Listed clusters: those of an item that say a value of its closed predicate, at most one for each value.
// Rule: a ballot for a listed value speaks for listed ones alone, so whatever else is said of an item costs
// it nothing.

import { type BallotColumns, itemCount } from './columns.js'

/** Clusters with a class, by item. */
export interface Listed {
  /** Per item the place of its first one, and behind the last item their number. */
  readonly from: Uint32Array
  /** By place, a cluster. Those of an item are neighbours, ascending. */
  readonly clusters: Uint32Array
}

/** The listed clusters of columns. Cost: O(clusters). */
export function listedOf(columns: BallotColumns): Listed {
  const { clusterFrom, classOf } = columns
  const from = new Uint32Array(itemCount(columns) + 1)
  const clusters = new Uint32Array(classOf.reduce((count, own) => count + (own < 0 ? 0 : 1), 0))
  let place = 0
  for (let item = 0; item + 1 < from.length; item += 1) {
    for (let at = clusterFrom[item] ?? 0; at < (clusterFrom[item + 1] ?? 0); at += 1) {
      if ((classOf[at] ?? -1) < 0) continue
      clusters[place] = at
      place += 1
    }
    from[item + 1] = place
  }
  return { from, clusters }
}
