// Neutral trust: every agent weighs the same, which makes Consensus a majority vote.

import { type Hash, Q } from '../base/index.js'
import { publishedDigest } from './published.js'
import { type Published, STEPS_PER_ONE, type TrustSnapshot } from './types.js'

/** Weight of every ballot: one bit in Q16, the log-odds of being right two times in three. */
const ONE_BIT_Q = 65_536

/** Two in three, rounded down to 1/1024, and nothing taken away. */
const NEUTRAL: Published = Object.freeze({
  mode: 'neutral', agents: new Map(), closed: [], roundMs: 0,
  prior: Object.freeze({ accuracy: 682, standing: STEPS_PER_ONE, gate: STEPS_PER_ONE })
})

/** The neutral snapshot. It holds for any frontier; `frontierRoot` only names the one it is shown with. */
export function neutralTrust(frontierRoot?: Hash): TrustSnapshot {
  return {
    ...NEUTRAL, generation: 0, frontierRoot,
    digest: publishedDigest(NEUTRAL),
    weightQ: () => ONE_BIT_Q,
    gateQ: () => Q,
    groupOf: () => undefined,
    accuracy: () => NEUTRAL.prior.accuracy,
    standing: () => NEUTRAL.prior.standing,
    closedWorth: () => undefined
  }
}
