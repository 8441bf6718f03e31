// Constraints: what a context demands and forbids, and whether a plan keeps to it.
// A context is a subject; `must_use` and `forbidden` are predicates of it, their objects the values meant.
// Rule: every answer with support counts, not only the winner: a minority's warning is a warning.
// Source: docs/lenses.md#constraints

import type { Hash } from '../base/index.js'
import { bytesKey } from './bytes-key.js'
import type { LensInput, Standing } from './lens.js'
import { scalarBytes } from './object.js'
import { backingSteps, clustersBySupport, standingOf } from './ranking.js'
import type { Scalar } from '../record/index.js'
import type { Steps } from './steps.js'

/** The predicates that state constraints. */
export const CONSTRAINT_PREDICATES = ['must_use', 'forbidden'] as const

/** What a constraint asks. */
export type ConstraintKind = typeof CONSTRAINT_PREDICATES[number]

/** One value that a context demands or forbids. */
export interface Constraint extends Standing {
  readonly context: string
  readonly kind: ConstraintKind
  /** Ids of the assertions and votes that say so, ascending, the first 1,000. */
  readonly backing: readonly Hash[]
}

/** What becomes of a plan. */
export interface PreflightVerdict {
  /** Nothing forbidden is used and nothing demanded is missing. */
  readonly allowed: boolean
  /** Constraints that forbid a value of the plan. */
  readonly violated: readonly Constraint[]
  /** Constraints that demand a value which the plan lacks. */
  readonly missing: readonly Constraint[]
}

/** The kind that a predicate states; undefined for every other predicate. */
export function constraintKind(predicate: string): ConstraintKind | undefined {
  return CONSTRAINT_PREDICATES.find((kind) => kind === predicate)
}

/**
 * The constraints of one context and kind: every cluster with support, best supported first.
 * @param input the key (context, kind)
 */
export function* constraintSteps(input: LensInput): Steps<readonly Constraint[]> {
  const kind = constraintKind(input.predicate)
  if (kind === undefined) return []
  const density = yield* input.density()
  const found: Constraint[] = []
  for (const cluster of yield* clustersBySupport(density)) {
    const standing = standingOf(density, cluster)
    if (standing.score <= 0) continue
    found.push({ context: input.subject, kind, ...standing, backing: yield* backingSteps(density, cluster) })
  }
  return found
}

/** Holds a plan against constraints. A value is kept or broken by equal canonical bytes. */
export function preflight(plan: readonly Scalar[], constraints: readonly Constraint[]): PreflightVerdict {
  const planned = new Set(plan.map((value) => bytesKey(scalarBytes(value))))
  const uses = ({ candidate }: Constraint): boolean => planned.has(bytesKey(candidate.objectBytes))
  const violated = constraints.filter((each) => each.kind === 'forbidden' && uses(each))
  const missing = constraints.filter((each) => each.kind === 'must_use' && !uses(each))
  return { allowed: violated.length === 0 && missing.length === 0, violated, missing }
}
