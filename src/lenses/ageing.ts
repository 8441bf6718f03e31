// Ageing of ballots under a predicate's half-life.
// Rule: age counts from the newest timestamp of the key, not from a clock, and never takes more than 15/16
// of a weight: old knowledge does not lose to nothing.

import { EXP2_ONE, halfPower, Q } from '../base/index.js'

/** Halvings after which a weight shrinks no more. */
const HALVINGS_MAX = 4

/** What ballots age against. */
export interface Ageing {
  readonly newestMs: number
  readonly halfLifeMs: number
}

/** A weight as it counts at its age; unchanged without ageing. */
export function agedQ(weightQ: number, timestampMs: number, ageing: Ageing | undefined): number {
  if (ageing === undefined || weightQ === 0) return weightQ
  const ageMs = Math.max(0, ageing.newestMs - timestampMs)
  const halvingsQ = ageMs >= HALVINGS_MAX * ageing.halfLifeMs
    ? HALVINGS_MAX * Q
    : Number((BigInt(ageMs) * BigInt(Q)) / BigInt(ageing.halfLifeMs))
  return Math.floor((weightQ * halfPower(halvingsQ)) / EXP2_ONE)
}
