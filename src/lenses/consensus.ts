// Consensus: the cluster with the highest trust-weighted density.
// Under neutral trust every agent is one equal ballot, which is majority voting.
// Source: docs/lenses.md#consensus

import type { Density } from './density.js'
import type { Lens, LensInput, LensResult } from './lens.js'
import type { Steps } from './steps.js'

function* resolve(input: LensInput): Steps<LensResult | undefined> {
  return yield* input.rank(yield* input.density(), input.explain)
}

function weighs(input: LensInput): Steps<Density> {
  return input.density()
}

/** The standard lens Consensus. */
export const consensus: Lens = Object.freeze({ name: 'Consensus', viewCode: 1, resolve, weighs })
