// The field: ballot columns with everything that stays the same while the fixed point is sought.

import { EXP2_ONE, halfPower, Q } from '../base/index.js'
import { type Gates, gatesOf } from './budget.js'
import { type BallotColumns, eachRow, itemCount } from './columns.js'
import { type Listed, listedOf } from './listed.js'
import type { TrustConstants, TrustPolicy } from './parameters.js'
import { mulDiv } from './ratio.js'
import { type Slots, slotsOf } from './slots.js'
import { flows, standingOf } from './standing.js'

/** Halvings after which an old ballot counts no less in a track record. */
const HALVINGS_MAX = 4

/** Columns, who is a seed, what each row counts. */
export interface Field {
  readonly columns: BallotColumns
  readonly slots: Slots
  readonly listed: Listed
  readonly constants: TrustConstants
  readonly policy: TrustPolicy
  /** By agent: 1 = trust seed. */
  readonly seeds: Uint8Array
  /** Some seed has a row. */
  readonly seeded: boolean
  /** By agent: mass that reached it; undefined when all stand alike. */
  readonly mass: Float64Array | undefined
  readonly gates: Gates | undefined
  /** By row, Q16: weight in scores, gate included. */
  readonly voiceOf: Uint32Array
  /** By row, Q16: weight in a track record, age included. */
  readonly recordOf: Float64Array
  /** By item: 1 = a seed has judged it. */
  readonly auditedOf: Uint8Array
}

/** Prepares columns for the fixed point. Cost: O(rows). */
export function fieldOf(columns: BallotColumns, policy: TrustPolicy, constants: TrustConstants): Field {
  const chosen = new Set(policy.seeds)
  const seeds = Uint8Array.from(columns.agents, (agent) => (chosen.has(agent) ? 1 : 0))
  const mass = flows(policy) ? standingOf(columns, seeds) : undefined
  const gates = mass === undefined ? undefined : gatesOf(columns, mass, policy)
  const voiceOf = Uint32Array.from(columns.weightOf, (weight, row) =>
    gates === undefined ? weight : Math.floor((weight * (gates.ofRow[row] ?? 0)) / Q))
  return {
    columns, slots: slotsOf(columns), listed: listedOf(columns), constants, policy,
    seeds, mass, gates, voiceOf,
    // A seed that has judged nothing yet must not silence all others.
    seeded: columns.agentOf.some((agent) => seeds[agent] === 1),
    recordOf: recordWeights(columns, policy.halfLifeMs),
    auditedOf: auditedItems(columns, seeds)
  }
}

function recordWeights(columns: BallotColumns, halfLifeMs: number): Float64Array {
  if (halfLifeMs === 0) return Float64Array.from(columns.weightOf)
  const newestMs = columns.timeOf.reduce((newest, time) => Math.max(newest, time), 0)
  return Float64Array.from(columns.weightOf, (weight, row) => {
    const ageMs = newestMs - (columns.timeOf[row] ?? 0)
    const halvings = ageMs >= HALVINGS_MAX * halfLifeMs ? HALVINGS_MAX * Q : mulDiv(ageMs, Q, halfLifeMs)
    return Math.floor((weight * halfPower(halvings)) / EXP2_ONE)
  })
}

function auditedItems(columns: BallotColumns, seeds: Uint8Array): Uint8Array {
  const auditedOf = new Uint8Array(itemCount(columns))
  eachRow(columns, (row, item) => {
    if (seeds[columns.agentOf[row] ?? 0] === 1) auditedOf[item] = 1
  })
  return auditedOf
}
