// Authority: Consensus over the agents whose standing and accuracy reach what the genesis asks.
// Rule: whoever falls short is not heard at all; when nobody is left there is no answer, never a weaker one.
// Source: docs/lenses.md#authority

import type { PublicKey } from '../base/index.js'
import { densitySteps } from './density.js'
import type { Lens, LensInput, LensResult } from './lens.js'
import { rankSteps } from './ranking.js'
import type { Steps } from './steps.js'
import type { AuthorityThresholds } from './types.js'

/** Three in four, whatever the standing: clearly above what is presumed of a stranger. */
export const DEFAULT_AUTHORITY: AuthorityThresholds = Object.freeze({ standing: 0, accuracy: 768 })

function* resolve(input: LensInput): Steps<LensResult | undefined> {
  const { trust, asOfMs } = input
  const { standing, accuracy } = input.authority ?? DEFAULT_AUTHORITY
  const hears = (agent: PublicKey): boolean =>
    trust.standing(agent) >= standing && trust.accuracy(agent) >= accuracy
  let density = yield* input.density()
  const { voices } = density.statements
  const heard = voices.filter(hears).length
  if (heard === 0) return undefined
  if (heard < voices.length) {
    const judging = input.epochs.judging(input.predicate)
    density = yield* densitySteps(input, judging, trust, { asOfMs, hears })
  }
  return density.ballots === 0 ? undefined : yield* rankSteps(density, input.explain === true)
}

/** The standard lens Authority. */
export const authority: Lens = Object.freeze({ name: 'Authority', viewCode: 2, resolve })
