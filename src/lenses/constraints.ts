// Constraints: what a context demands and forbids, and whether a plan keeps to it.
// A context is a subject; `must_use` and `forbidden` are predicates of it, their objects the values meant.
// Rule: every answer that somebody stands by counts, not only the winner: a minority's warning is a warning.
// Constraints do not exclude each other, so where the epoch says nothing of their predicates, an agent may
// state many; and accuracy, which falls when others say something else, orders them but silences nobody.
// Source: docs/lenses.md#constraints

import type { Hash } from '../base/index.js'
import { bytesKey } from './bytes-key.js'
import { type Density, densitySteps } from './density.js'
import type { LensInput, Standing } from './lens.js'
import { valueBytes } from './object.js'
import { BACKING_MAX, clustersBySupport, compareIds, standingOf } from './ranking.js'
import type { Value } from '../record/index.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'

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
  /** Canonical bytes of all values that count as this one. */
  readonly values: readonly Uint8Array[]
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
 * The constraints of one context and kind: every cluster with a ballot that the vote budget of its agent
 * leaves, best supported first. Where many may be stated, scores are of ballots that are not scaled to one.
 * @param input the key (context, kind)
 */
export function* constraintSteps(input: LensInput): Steps<readonly Constraint[]> {
  const kind = constraintKind(input.predicate)
  if (kind === undefined) return []
  const density = yield* statedSteps(input)
  const scores = density.margins === undefined ? density.scores : density.held
  const backing = yield* allBackingSteps(density)
  const heard = yield* heardSteps(density)
  const found: Constraint[] = []
  for (const [at, cluster] of (yield* clustersBySupport(density)).entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (!heard.has(cluster)) continue
    const score = scores[cluster] ?? 0
    const members = density.clusters.list[cluster]?.members ?? []
    found.push({
      context: input.subject, kind, ...standingOf(density, cluster), score,
      backing: backing[cluster]?.sort(compareIds).slice(0, BACKING_MAX) ?? [],
      values: members.map(({ first }) => first.objectBytes)
    })
  }
  return found
}

/** By cluster, ids of the records that give it weight: one walk, however many clusters there are. */
function* allBackingSteps({ statements, clusters }: Density): Steps<readonly Hash[][]> {
  const ids = clusters.list.map((): Hash[] => [])
  for (const [at, { id, candidate, weightQ }] of statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (weightQ > 0) ids[clusters.ofCandidate[candidate] ?? 0]?.push(id)
  }
  return ids
}

/** Clusters with a ballot of somebody who has a voice. */
function* heardSteps({ rows, gates }: Density): Steps<ReadonlySet<number>> {
  const heard = new Set<number>()
  for (const [row, cluster] of rows.cluster.entries()) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (!heard.has(cluster) && (gates[row] ?? 0) > 0) heard.add(cluster)
  }
  return heard
}

function* statedSteps(input: LensInput): Steps<Density> {
  const judging = input.epochs.judging(input.predicate)
  if (judging.ruled === true || judging.cardinality === 'many') return yield* input.density()
  return yield* densitySteps(input, { ...judging, cardinality: 'many' }, input.trust, { asOfMs: input.asOfMs })
}

/** Holds a plan against constraints. A value is kept or broken by equal canonical bytes. */
export function preflight(plan: readonly Value[], constraints: readonly Constraint[]): PreflightVerdict {
  const planned = new Set(plan.map((value) => bytesKey(valueBytes(value))))
  const uses = ({ values }: Constraint): boolean => values.some((value) => planned.has(bytesKey(value)))
  const violated = constraints.filter((each) => each.kind === 'forbidden' && uses(each))
  const missing = constraints.filter((each) => each.kind === 'must_use' && !uses(each))
  return { allowed: violated.length === 0 && missing.length === 0, violated, missing }
}
