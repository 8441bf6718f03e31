// Pairs: on how many contested items two agents both have a ballot, and on how many they agree.
// Rule: agents and rows are looked at in one order and up to fixed limits, so nobody can make everyone pay.

import { Q } from '../base/index.js'
import { type BallotColumns, itemCount } from './columns.js'
import type { Field } from './field.js'

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

/**
 * Items with one answer, several clusters and at least three rows: only there agreement says something.
 * @param belongs by item the number of its set; items with a negative one are left out
 * @returns by set, its contested items, ascending
 */
export function contestedItems(
  columns: BallotColumns, sets: number, belongs: (item: number) => number
): readonly (readonly number[])[] {
  const lists = Array.from({ length: sets }, (): number[] => [])
  for (let item = 0; item < itemCount(columns); item += 1) {
    const clusters = (columns.clusterFrom[item + 1] ?? 0) - (columns.clusterFrom[item] ?? 0)
    const rows = (columns.rowFrom[item + 1] ?? 0) - (columns.rowFrom[item] ?? 0)
    if (clusters >= 2 && rows >= 3 && columns.many[item] === 0) lists[belongs(item)]?.push(item)
  }
  return lists
}

/**
 * Counts the pairs on contested items.
 * Cost: that of their rows, items * 64^2 and pairs, at most 2^22; nothing for any other item or agent.
 */
export function pairsOf(field: Field, contested: readonly number[]): Pairs {
  const { columns, constants } = field
  const pairs = new Pairs(watchedAgents(field, contested))
  if (pairs.agents.length < 2) return pairs
  const place = new Map(pairs.agents.map((agent, at) => [agent, at]))
  for (const item of contested) {
    const [from, end] = [columns.rowFrom[item] ?? 0, columns.rowFrom[item + 1] ?? 0]
    const room = Math.floor(Q / ((columns.clusterFrom[item + 1] ?? 0) - (columns.clusterFrom[item] ?? 0) - 1))
    // One number each, place before row: sorted without a look at anything else.
    const order: number[] = []
    for (let row = from; row < end; row += 1) {
      const at = place.get(columns.agentOf[row] ?? 0)
      if (at !== undefined) order.push(at * (end - from) + row - from)
    }
    order.sort((x, y) => x - y)
    if (order.length > constants.pairAgentsPerItem) order.length = constants.pairAgentsPerItem
    const places = order.map((one) => Math.floor(one / (end - from)))
    const clusters = order.map((one) => columns.clusterOf[from + one % (end - from)] ?? 0)
    countItem(pairs, places, clusters, room)
  }
  return pairs
}

/** Notes every pair of rows of one item that are of two agents. */
function countItem(pairs: Pairs, places: readonly number[], clusters: readonly number[], room: number): void {
  for (let x = 0; x < places.length; x += 1) {
    const [a, said] = [places[x] ?? 0, clusters[x]]
    for (let y = x + 1; y < places.length; y += 1) {
      const b = places[y] ?? 0
      if (a !== b) pairs.count(a, b, said === clusters[y], room)
    }
  }
}

/** Agents with contested ballots enough, by falling (seed, standing), then by rising key, up to the limit. */
function watchedAgents(
  { columns, constants, seeds, mass }: Field, contested: readonly number[]
): readonly number[] {
  const ballots = new Map<number, number>()
  for (const item of contested) {
    for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
      const agent = columns.agentOf[row] ?? 0
      ballots.set(agent, (ballots.get(agent) ?? 0) + 1)
    }
  }
  const rank = (agent: number): number => (seeds[agent] === 1 ? Infinity : mass?.[agent] ?? 0)
  return [...ballots]
    .filter(([agent, number]) => number >= constants.pairItemsMin && mass?.[agent] !== 0)
    .map(([agent]) => agent)
    .sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)))
    .slice(0, constants.pairAgentsMax)
}
