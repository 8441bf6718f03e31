// Clone groups: agents that agree so much more with each other than with anybody else that they are one
// voice (Dong, Berti-Equille, Srivastava: truth discovery and copying detection).
// Rule: agreement alone proves nothing, accurate agents agree too. What counts is how much better two agents
// agree than each does with the best of those that are no clone of it.

import { log2Q, Q } from '../base/index.js'
import { type BallotColumns, itemCount } from './columns.js'
import type { Field } from './field.js'
import { ratioQ } from './ratio.js'

/**
 * By agent, the first agent of its clone group; itself when it stands alone.
 * Cost: O(items * 64^2 + pairs), at most 2^22 pairs.
 */
export function clonesOf(field: Field): Uint32Array {
  const groups = Uint32Array.from(field.seeds, (_, agent) => agent)
  const watched = watchedAgents(field)
  const pairs = new Pairs(watched.agents.length)
  countPairs(field, watched.place, pairs)
  const expected = strangersOf(field, pairs)
  pairs.each((a, b, common, agreed) => {
    if (!agreeMuch(field, common, agreed)) return
    const apart = Math.floor(((expected[a] ?? 0) + (expected[b] ?? 0)) / 2)
    if (evidence(field, common, agreed, apart) < field.constants.cloneBits * Q) return
    join(groups, watched.agents[a] ?? 0, watched.agents[b] ?? 0)
  })
  return groups.map((_, agent) => rootOf(groups, agent))
}

/** Counters of all pairs of watched agents, as a triangle. */
class Pairs {
  readonly common: Uint32Array
  readonly agreed: Uint32Array
  readonly agents: number

  constructor(agents: number) {
    this.agents = agents
    const size = (agents * (agents - 1)) / 2
    this.common = new Uint32Array(size)
    this.agreed = new Uint32Array(size)
  }

  count(a: number, b: number, agree: boolean): void {
    const at = a < b ? (b * (b - 1)) / 2 + a : (a * (a - 1)) / 2 + b
    this.common[at] = (this.common[at] ?? 0) + 1
    if (agree) this.agreed[at] = (this.agreed[at] ?? 0) + 1
  }

  each(visit: (a: number, b: number, common: number, agreed: number) => void): void {
    let at = 0
    for (let b = 1; b < this.agents; b += 1) {
      for (let a = 0; a < b; a += 1, at += 1) visit(a, b, this.common[at] ?? 0, this.agreed[at] ?? 0)
    }
  }
}

interface Watched {
  readonly agents: readonly number[]
  /** By agent: its place among the watched, -1 = none. */
  readonly place: Int32Array
}

/** Agents with contested ballots enough, by falling (seed, standing), then by rising key, up to the limit. */
function watchedAgents({ columns, constants, seeds, mass }: Field): Watched {
  const contested = new Uint32Array(seeds.length)
  eachContested(columns, (from, end) => {
    for (let row = from; row < end; row += 1) {
      const agent = columns.agentOf[row] ?? 0
      contested[agent] = (contested[agent] ?? 0) + 1
    }
  })
  const rank = (agent: number): number => (seeds[agent] === 1 ? Infinity : mass?.[agent] ?? 0)
  const agents = [...contested.keys()]
    .filter((agent) => (contested[agent] ?? 0) >= constants.cloneItemsMin && mass?.[agent] !== 0)
    .sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) - rank(a)))
    .slice(0, constants.cloneAgentsMax)
  const place = new Int32Array(seeds.length).fill(-1)
  agents.forEach((agent, at) => {
    place[agent] = at
  })
  return { agents, place }
}

/** Items with one answer, several clusters and at least three rows: only there agreement says something. */
function eachContested(columns: BallotColumns, visit: (from: number, end: number) => void): void {
  for (let item = 0; item < itemCount(columns); item += 1) {
    const clusters = (columns.clusterFrom[item + 1] ?? 0) - (columns.clusterFrom[item] ?? 0)
    const [from, end] = [columns.rowFrom[item] ?? 0, columns.rowFrom[item + 1] ?? 0]
    if (clusters >= 2 && end - from >= 3 && columns.many[item] === 0) visit(from, end)
  }
}

function countPairs({ columns, constants }: Field, place: Int32Array, pairs: Pairs): void {
  const placeOf = (row: number): number => place[columns.agentOf[row] ?? 0] ?? -1
  eachContested(columns, (from, end) => {
    const rows: number[] = []
    for (let row = from; row < end; row += 1) if (placeOf(row) >= 0) rows.push(row)
    rows.sort((x, y) => placeOf(x) - placeOf(y) || x - y)
    if (rows.length > constants.cloneAgentsPerItem) rows.length = constants.cloneAgentsPerItem
    for (const [index, x] of rows.entries()) {
      for (let other = index + 1; other < rows.length; other += 1) {
        const y = rows[other] ?? 0
        if (placeOf(x) !== placeOf(y)) {
          pairs.count(placeOf(x), placeOf(y), columns.clusterOf[x] === columns.clusterOf[y])
        }
      }
    }
  })
}

function agreeMuch({ constants }: Field, common: number, agreed: number): boolean {
  return common >= constants.cloneItemsMin && agreed * 1_000 >= common * constants.cloneAgreement
}

/** By watched agent, Q16: the share on which it agrees with the best of those that are no clone of it. */
function strangersOf(field: Field, pairs: Pairs): Uint32Array {
  const { cloneItemsMin, strangersMin, strangersMax } = field.constants
  const best = new Uint32Array(pairs.agents).fill(strangersMin)
  pairs.each((a, b, common, agreed) => {
    if (common < cloneItemsMin || agreeMuch(field, common, agreed)) return
    const share = Math.min(ratioQ(agreed, common), strangersMax)
    for (const agent of [a, b]) best[agent] = Math.max(best[agent] ?? 0, share)
  })
  return best
}

/** Q16 bits: likelihood of the agreements under `cloneShare` against that under the expected share. */
function evidence({ constants }: Field, common: number, agreed: number, expected: number): number {
  const agree = log2Q(constants.cloneShare) - log2Q(expected)
  const differ = log2Q(Q - constants.cloneShare) - log2Q(Q - expected)
  return agreed * agree + (common - agreed) * differ
}

function rootOf(groups: Uint32Array, agent: number): number {
  let root = agent
  for (let up = groups[root] ?? root; up !== root; up = groups[root] ?? root) {
    // Every second step is cut out, so that no chain of joins makes later ones slow.
    groups[root] = groups[up] ?? up
    root = groups[root] ?? root
  }
  return root
}

function join(groups: Uint32Array, a: number, b: number): void {
  const [x, y] = [rootOf(groups, a), rootOf(groups, b)]
  groups[Math.max(x, y)] = Math.min(x, y)
}
