// Standing: trust that flows from the seeds along votes (TrustRank, EigenTrust).
// Rule: whole numbers in every step, so the order of edges does not show.

import { Q } from '../base/index.js'
import type { BallotColumns } from './columns.js'
import type { TrustPolicy } from './parameters.js'
import { mulDiv } from './ratio.js'

/** The mass that all seeds send out together. */
export const MASS: number = 2 ** 40

/** True when standing decides who counts: the policy asks for it and there are seeds. */
export function flows(policy: TrustPolicy): boolean {
  return policy.standing === 'votes' && policy.seeds.length > 0
}

/**
 * Mass by agent after ceil(log2 n) + 2 rounds: 15 % of the seed vector, 85 % along endorsements.
 * @param seeds 1 for each agent that is a seed
 * @returns whole numbers that sum to `MASS` at most
 * Cost: O((n + edges) * log n).
 */
export function standingOf(columns: BallotColumns, seeds: Uint8Array): Float64Array {
  const agents = seeds.length
  const { from, to, count } = columns.endorsements
  const out = new Float64Array(agents)
  for (let edge = 0; edge < from.length; edge += 1) add(out, from[edge] ?? 0, count[edge] ?? 0)
  const start = seedMass(seeds)
  let mass = start
  for (let round = 0; round < roundsFor(agents); round += 1) {
    const next = start.map((own) => Math.floor((own * 15) / 100))
    for (let edge = 0; edge < from.length; edge += 1) {
      const voter = from[edge] ?? 0
      const sent = Math.floor(Math.floor(((mass[voter] ?? 0) * 85) / 100) / (out[voter] ?? 1))
      add(next, to[edge] ?? 0, sent * (count[edge] ?? 0))
    }
    mass = next
  }
  return mass
}

/** Mass as standing in Q16: one at the mean of those who have any, and never more. */
export function standingQ(mass: Float64Array): Uint32Array {
  const having = mass.reduce((sum, own) => sum + (own > 0 ? 1 : 0), 0)
  return Uint32Array.from(mass, (own) => Math.min(Q, mulDiv(own, Q * Math.max(1, having), MASS)))
}

function seedMass(seeds: Uint8Array): Float64Array {
  const number = seeds.reduce((sum, seed) => sum + seed, 0)
  return Float64Array.from(seeds, (seed) => seed === 0 ? 0 : Math.floor(MASS / number))
}

function roundsFor(agents: number): number {
  let rounds = 2
  for (let reach = 1; reach < agents; reach *= 2) rounds += 1
  return rounds
}

function add(column: Float64Array, at: number, amount: number): void {
  column[at] = (column[at] ?? 0) + amount
}
