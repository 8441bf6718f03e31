// Authority: Consensus over the agents whose standing and accuracy reach what the genesis asks.
// Rule: whoever falls short is not heard at all; when nobody is left there is no answer, never a weaker one.
// Source: docs/lenses.md#authority

import type { PublicKey } from '../base/index.js'
import { type Density, densitySteps } from './density.js'
import type { Lens, LensInput, LensResult } from './lens.js'
import type { Steps } from './steps.js'
import type { AuthorityThresholds } from './types.js'

/** Three in four, whatever the standing: clearly above what is presumed of a stranger. */
export const DEFAULT_AUTHORITY: AuthorityThresholds = Object.freeze({ standing: 0, accuracy: 768 })

function* resolve(input: LensInput): Steps<LensResult | undefined> {
  const density = yield* heard(input)
  if (density === undefined || density.ballots === 0) return undefined
  return yield* input.rank(density, input.explain)
}

/** The ballots of those who are heard; undefined when nobody is. */
function* heard(input: LensInput): Steps<Density | undefined> {
  const { trust, asOfMs } = input
  const { standing, accuracy } = input.authority ?? DEFAULT_AUTHORITY
  const hears = (agent: PublicKey): boolean =>
    trust.standing(agent) >= standing && trust.accuracy(agent) >= accuracy
  const density = yield* input.density()
  const { voices } = density.statements
  const count = voices.filter(hears).length
  if (count === 0 || count === voices.length) return count === 0 ? undefined : density
  return yield* densitySteps(input, input.epochs.judging(input.predicate), trust, { asOfMs, hears })
}

/** The standard lens Authority. */
export const authority: Lens = Object.freeze({ name: 'Authority', viewCode: 2, resolve, weighs: heard })
