// Where lately seen assertions stand, so that a vote need not read and decode the record it is on.

import type { Hash } from '../base/index.js'

/** Where an assertion stands: what a vote on it must mark dirty. */
export interface Target {
  readonly subject: string
  readonly predicate: string
}

/** Remembers where assertions stand, at most `max` of them. */
export interface TargetCache {
  get(assertion: Hash): Target | undefined
  set(assertion: Hash, target: Target): void
}

/** A cache that forgets the oldest entry at `max`. */
export function createTargetCache(max: number): TargetCache {
  const targets = new Map<Hash, Target>()
  return {
    get: (assertion) => targets.get(assertion),
    set(assertion, target) {
      const oldest = targets.size >= max ? targets.keys().next().value : undefined
      if (oldest !== undefined) targets.delete(oldest)
      targets.set(assertion, target)
    }
  }
}
