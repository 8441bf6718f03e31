// Clone groups: agents that agree so much more with each other than with anybody else that they are one
// voice (Dong, Berti-Equille, Srivastava: truth discovery and copying detection).
// Rule: agreement alone proves nothing, accurate agents agree too. What counts is how much better two agents
// agree than each does with the best of those that are no clone of it.

import { log2Q, Q } from '../base/index.js'
import type { Field } from './field.js'
import { contestedItems, type Pairs, pairsOf } from './pairs.js'
import { ratioQ } from './ratio.js'

/**
 * By agent, the first agent of its clone group; itself when it stands alone.
 * Cost: that of pairs.
 */
export function clonesOf(field: Field): Uint32Array {
  const groups = Uint32Array.from(field.seeds, (_, agent) => agent)
  const [contested = []] = contestedItems(field.columns, 1, () => 0)
  const pairs = pairsOf(field, contested)
  const expected = strangersOf(field, pairs)
  pairs.each((a, b, common, agreed) => {
    if (!agreeMuch(field, common, agreed)) return
    const apart = Math.floor(((expected[a] ?? 0) + (expected[b] ?? 0)) / 2)
    if (evidence(field, common, agreed, apart) < field.constants.cloneBits * Q) return
    join(groups, pairs.agents[a] ?? 0, pairs.agents[b] ?? 0)
  })
  return groups.map((_, agent) => rootOf(groups, agent))
}

function agreeMuch({ constants }: Field, common: number, agreed: number): boolean {
  return common >= constants.pairItemsMin && agreed * 1_000 >= common * constants.cloneAgreement
}

/** By watched agent, Q16: the share on which it agrees with the best of those that are no clone of it. */
function strangersOf(field: Field, pairs: Pairs): Uint32Array {
  const { pairItemsMin, strangersMin, strangersMax } = field.constants
  const best = new Uint32Array(pairs.agents.length).fill(strangersMin)
  pairs.each((a, b, common, agreed) => {
    if (common < pairItemsMin || agreeMuch(field, common, agreed)) return
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
