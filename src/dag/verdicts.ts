// Where a block stands: new, known, waiting for its prev, or invalid by what stands before it.
// Rule: a block whose prev is invalid is invalid. Invalid ids are remembered, the last ones only: a
// forgotten one is found invalid again.

import { type Hash } from '../base/index.js'
import { type BlockHeader } from './header.js'
import { type Pending } from './pending.js'
import { createRecent } from './recent.js'
import { type Placement } from './types.js'
import { verifyLink } from './validity.js'

/** Judges headers by what is here. */
export interface Verdicts {
  place(
    header: BlockHeader, holds: (id: Hash) => boolean, headerOf: (id: Hash) => BlockHeader | undefined
  ): Placement
  /** Remembers an invalid block and drops what waits on it. */
  condemn(id: Hash, pending: Pending): void
}

/** Remembers up to `invalidMax` invalid ids. */
export function createVerdicts(invalidMax: number): Verdicts {
  const invalid = createRecent<Hash, true>(invalidMax)
  return {
    place(header, holds, headerOf) {
      const { id, prev } = header
      if (holds(id)) return { kind: 'known' }
      if (invalid.get(id) === true) return { kind: 'invalid', rule: 'prev-invalid' }
      if (prev === undefined) return { kind: 'new' }
      if (invalid.get(prev) === true) return { kind: 'invalid', rule: 'prev-invalid' }
      const below = headerOf(prev)
      if (below === undefined) return { kind: 'gap' }
      const rule = verifyLink(header, below)
      return rule === undefined ? { kind: 'new' } : { kind: 'invalid', rule }
    },
    condemn(id, pending) {
      const doomed = [id]
      for (let next = doomed.pop(); next !== undefined; next = doomed.pop()) {
        invalid.set(next, true)
        for (const child of pending.takeChildren(next)) doomed.push(child.header.id)
      }
    }
  }
}
