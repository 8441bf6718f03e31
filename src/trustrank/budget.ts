// Vote budget: how much weight an agent's standing leaves to its ballots of one round.
// Rule: weight without a price on activity lets a crowd of strangers win by talking more.

import { Q } from '../base/index.js'
import type { BallotColumns } from './columns.js'
import type { TrustPolicy } from './parameters.js'
import { MASS } from './standing.js'

/** Gates in Q16: by row, by agent the least of its rounds, and by agent and round. */
export interface Gates {
  /** For rounds in which nothing was charged; that of a single ballot where no round was. */
  readonly least: Uint32Array
  readonly ofRow: Uint32Array
  readonly ofAgent: readonly ReadonlyMap<number, number>[]
}

/** Number of the round of a time. */
export function roundOf(timeMs: number, roundMs: number): number {
  return Math.floor(timeMs / roundMs)
}

/**
 * gate = min(Q, floor(2 * V * s * Q / (n * 2^40))), n the agent's rows in the round, those on constraints
 * and those spent included; without a budget Q for whoever has standing.
 */
export function gatesOf(columns: BallotColumns, mass: Float64Array, policy: TrustPolicy): Gates {
  const cast = columns.agents.map(() => new Map<number, number>())
  for (const { agentOf, timeOf } of [columns, columns.constraintRows, columns.spent]) {
    for (const [row, agent] of agentOf.entries()) {
      const rounds = cast[agent]
      const round = roundOf(timeOf[row] ?? 0, policy.roundMs)
      rounds?.set(round, (rounds.get(round) ?? 0) + 1)
    }
  }
  const ofAgent = cast.map((rounds, agent) => new Map(
    [...rounds].sort(([a], [b]) => a - b)
      .map(([round, rows]) => [round, gateOf(mass[agent] ?? 0, rows, policy)])
  ))
  const ofRow = Uint32Array.from(columns.agentOf, (agent, row) =>
    ofAgent[agent]?.get(roundOf(columns.timeOf[row] ?? 0, policy.roundMs)) ?? 0)
  const least = Uint32Array.from(mass, (own, agent) =>
    [...ofAgent[agent]?.values() ?? []].reduce((less, gate) => Math.min(less, gate), gateOf(own, 1, policy)))
  return { least, ofRow, ofAgent }
}

function gateOf(mass: number, rows: number, policy: TrustPolicy): number {
  if (mass === 0) return 0
  if (policy.voteBudget === 0) return Q
  const gate = (2n * BigInt(policy.voteBudget) * BigInt(mass) * BigInt(Q)) / (BigInt(rows) * BigInt(MASS))
  return gate > BigInt(Q) ? Q : Number(gate)
}
