// The lenses there are, by name.

import { authority } from './authority.js'
import { consensus } from './consensus.js'
import { epochAware } from './epoch-aware.js'
import { LensError } from './errors.js'
import type { Lens, LensInput, LensResult } from './lens.js'
import { recency } from './recency.js'
import type { Steps } from './steps.js'

/** Names are ASCII, so that lower case is the same everywhere. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** Lenses whose answers are kept in views, by rising view code. */
export const STANDARD_LENSES: readonly Lens[] = Object.freeze([consensus, authority, recency, epochAware])

/** A set of lenses. */
export interface LensRegistry {
  /** Canonical names, the standard lenses first. */
  readonly names: readonly string[]
  /** The lens of that name in any case. @throws LensError LENS_UNKNOWN */
  find(name: string): Lens
}

/**
 * The standard lenses and custom ones.
 * @throws LensError LENS_NAME when a name is malformed or taken
 */
export function createLensRegistry(custom: readonly Lens[] = []): LensRegistry {
  const lenses = new Map<string, Lens>()
  for (const lens of [...STANDARD_LENSES, ...custom]) {
    const key = lens.name.toLowerCase()
    if (!NAME.test(lens.name) || lenses.has(key)) {
      throw new LensError({ code: 'LENS_NAME', lens: lens.name }, 'the name of a lens is malformed or taken')
    }
    lenses.set(key, lens)
  }
  const names = [...lenses.values()].map((lens) => lens.name)
  return {
    names,
    find(name) {
      const lens = lenses.get(name.toLowerCase())
      if (lens !== undefined) return lens
      throw new LensError({ code: 'LENS_UNKNOWN', lens: name, known: names }, `no lens is named ${name}`)
    }
  }
}

/** Runs a lens, whichever form its function has. */
export function* lensSteps(lens: Lens, input: LensInput): Steps<LensResult | undefined> {
  const result = lens.resolve(input)
  return result !== undefined && Symbol.iterator in result ? yield* result : result
}
