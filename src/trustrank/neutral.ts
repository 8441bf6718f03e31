// Neutral trust: every agent weighs the same, which makes Consensus a majority vote.

import type { Hash, PublicKey } from '../base/index.js'
import { publishedDigest } from './published.js'
import { type AgentTrust, STEPS_PER_ONE, type TrustSnapshot } from './types.js'

/** Weight of every ballot: one bit in Q16, the log-odds of being right two times in three. */
const ONE_BIT_Q = 65_536

/** Two in three, rounded down to 1/1024, and nothing taken away. */
const PRIOR: AgentTrust = Object.freeze({ accuracy: 682, standing: STEPS_PER_ONE, gate: STEPS_PER_ONE })

const NOBODY: ReadonlyMap<PublicKey, AgentTrust> = new Map()

/** The neutral snapshot. It holds for any frontier; `frontierRoot` only names the one it is shown with. */
export function neutralTrust(frontierRoot?: Hash): TrustSnapshot {
  return {
    mode: 'neutral', generation: 0, frontierRoot, agents: NOBODY, prior: PRIOR,
    digest: publishedDigest('neutral', PRIOR, NOBODY),
    weightQ: () => ONE_BIT_Q,
    groupOf: () => undefined,
    accuracy: () => PRIOR.accuracy,
    standing: () => PRIOR.standing
  }
}
