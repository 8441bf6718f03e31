// Explain: why an answer won: the sides with the ballots that the lens weighs, and what would change it.
// For readers; nothing here is hashed or kept in views.

import type { PublicKey } from '../base/index.js'
import { type Change, changeSteps } from './change.js'
import { createLensInput } from './input.js'
import type { Lens, LensResult } from './lens.js'
import { lensSteps } from './registry.js'
import { type DisputedCluster, groupsOf, sidesSteps } from './skeptic.js'
import type { Steps } from './steps.js'
import type { Judgement, KeyRecords } from './types.js'

/** Sides that an explanation shows. */
export const EXPLAINED_SIDES_MAX = 10

/** Why an answer won. */
export interface Explanation {
  /** The answer with the records behind it. */
  readonly result: LensResult
  /** The best supported first, at most 10, over the ballots that the lens weighs. */
  readonly sides: readonly DisputedCluster[]
  /** Clone groups with more than one agent here. */
  readonly groups: readonly { readonly group: number, readonly agents: readonly PublicKey[] }[]
  readonly change: Change
  /** Lenses by time alone: a later assertion of another value would win. */
  readonly laterThanMs?: number | undefined
}

/**
 * Why a lens answers what it does.
 * @returns undefined where it has no answer
 */
export function* explainSteps(
  lens: Lens, key: KeyRecords, judgement: Judgement
): Steps<Explanation | undefined> {
  const input = createLensInput(key, { ...judgement, explain: true })
  const result = yield* lensSteps(lens, input)
  if (result === undefined) return undefined
  const weighed = typeof lens.weighs === 'function' ? yield* lens.weighs(input) : undefined
  const density = weighed ?? (yield* input.density())
  return {
    result,
    sides: yield* sidesSteps(density, judgement.trust, { count: EXPLAINED_SIDES_MAX }),
    groups: groupsOf(density),
    change: yield* changeSteps({ lens, key, judgement, result, density }),
    laterThanMs: lens.weighs === 'nothing' ? result.winners[0]?.candidate.timestampMs : undefined
  }
}
