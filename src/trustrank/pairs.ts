// Pairs: on how many contested items two agents both have a ballot, and on how many they agree.
// Rule: agents and rows are looked at in one order and up to fixed limits, so nobody can make everyone pay.

import { Q } from '../base/index.js'
import { type BallotColumns, itemCount } from './columns.js'
import type { Field } from './field.js'

/** Which items are looked at. */
export type Chosen = (item: number) => boolean

/** Rows of one contested item: `from` to `end`, with that many clusters. */
export type VisitContested = (from: number, end: number, clusters: number, item: number) => void

/** Counters of all pairs of watched agents, as a triangle. */
export class Pairs {
  /** Watched agents; a pair is named by two places in this list. */
  readonly agents: readonly number[]
  readonly #common: Uint32Array
  readonly #agreed: Uint32Array
  readonly #room: Float64Array

  constructor(agents: readonly number[]) {
    this.agents = agents
    const size = (agents.length * (agents.length - 1)) / 2
    this.#common = new Uint32Array(size)
    this.#agreed = new Uint32Array(size)
    this.#room = new Float64Array(size)
  }

  /** Notes an item that both have a ballot on. @param room Q16: how probable it is that two errors agree */
  count(a: number, b: number, agree: boolean, room: number): void {
    const at = a < b ? (b * (b - 1)) / 2 + a : (a * (a - 1)) / 2 + b
    this.#common[at] = (this.#common[at] ?? 0) + 1
    this.#room[at] = (this.#room[at] ?? 0) + room
    if (agree) this.#agreed[at] = (this.#agreed[at] ?? 0) + 1
  }

  /** Visits all pairs; `room` is the sum over their common items. */
  each(visit: (a: number, b: number, common: number, agreed: number, room: number) => void): void {
    let at = 0
    for (let b = 1; b < this.agents.length; b += 1) {
      for (let a = 0; a < b; a += 1, at += 1) {
        visit(a, b, this.#common[at] ?? 0, this.#agreed[at] ?? 0, this.#room[at] ?? 0)
      }
    }
  }
}

/** Counts the pairs on chosen items. Cost: O(items * 64^2 + pairs), at most 2^22 pairs. */
export function pairsOf(field: Field, chosen: Chosen): Pairs {
  const { columns, constants } = field
  const agents = watchedAgents(field, chosen)
  const place = new Int32Array(field.seeds.length).fill(-1)
  agents.forEach((agent, at) => {
    place[agent] = at
  })
  const pairs = new Pairs(agents)
  const placeOf = (row: number): number => place[columns.agentOf[row] ?? 0] ?? -1
  eachContested(columns, chosen, (from, end, clusters) => {
    const room = Math.floor(Q / (clusters - 1))
    const rows: number[] = []
    for (let row = from; row < end; row += 1) if (placeOf(row) >= 0) rows.push(row)
    rows.sort((x, y) => placeOf(x) - placeOf(y) || x - y)
    if (rows.length > constants.pairAgentsPerItem) rows.length = constants.pairAgentsPerItem
    for (const [index, x] of rows.entries()) {
      for (let other = index + 1; other < rows.length; other += 1) {
        const y = rows[other] ?? 0
        if (placeOf(x) === placeOf(y)) continue
        pairs.count(placeOf(x), placeOf(y), columns.clusterOf[x] === columns.clusterOf[y], room)
      }
    }
  })
  return pairs
}

/** Items with one answer, several clusters and at least three rows: only there agreement says something. */
export function eachContested(columns: BallotColumns, chosen: Chosen, visit: VisitContested): void {
  for (let item = 0; item < itemCount(columns); item += 1) {
    if (!chosen(item)) continue
    const clusters = (columns.clusterFrom[item + 1] ?? 0) - (columns.clusterFrom[item] ?? 0)
    const [from, end] = [columns.rowFrom[item] ?? 0, columns.rowFrom[item + 1] ?? 0]
    if (clusters >= 2 && end - from >= 3 && columns.many[item] === 0) visit(from, end, clusters, item)
  }
}

/** Agents with contested ballots enough, by falling (seed, standing), then by rising key, up to the limit. */
function watchedAgents({ columns, constants, seeds, mass }: Field, chosen: Chosen): readonly number[] {
  const contested = new Uint32Array(seeds.length)
  eachContested(columns, chosen, (from, end) => {
    for (let row = from; row < end; row += 1) {
      const agent = columns.agentOf[row] ?? 0
      contested[agent] = (contested[agent] ?? 0) + 1
    }
  })
  const rank = (agent: number): number => (seeds[agent] === 1 ? Infinity : mass?.[agent] ?? 0)
  return [...contested.keys()]
    .filter((agent) => (contested[agent] ?? 0) >= constants.pairItemsMin && mass?.[agent] !== 0)
    .sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)))
    .slice(0, constants.pairAgentsMax)
}
