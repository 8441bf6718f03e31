// Constraints and preflight as answers: what contexts demand and forbid, and whether a plan keeps to it.

import { type Hash, toHex } from '../base/index.js'
import {
  type Constraint, CONSTRAINT_PREDICATES, type ConstraintKind, constraintSteps, createLensInput,
  evidenceSteps, preflight, valueBytes
} from '../lenses/index.js'
import type { Value } from '../record/index.js'
import { type AnswerStanding, type AnswerView, fromLens } from './answer.js'
import { judgementOf } from './lens-answer.js'
import { checkState, cursorOf, markOf, type Place, placeOf, stateMark } from './place.js'
import type { Desk } from './slow-path.js'

/** A question for the constraints of contexts. */
export interface ConstraintsRequest {
  /** The contexts: 1 to 64 subjects; one that is named twice counts once. */
  readonly subjects: readonly string[]
  /** One kind alone; absent = both. */
  readonly kind?: ConstraintKind | undefined
  readonly asOfMs?: number | undefined
  /** What the page before gave; absent = the first page. */
  readonly cursor?: string | undefined
  /** Constraints of one page. */
  readonly limit: number
}

/** A question for a plan. */
export interface PreflightRequest extends Omit<ConstraintsRequest, 'kind'> {
  readonly plan: readonly Value[]
}

/** One value that a context demands or forbids. */
export interface Demand extends AnswerStanding {
  readonly subject: string
  readonly kind: ConstraintKind
  /** Ids of the records that say so, ascending, at most 1,000. */
  readonly backing: readonly Hash[]
}

/** A page of constraints. */
export interface ConstraintsReport {
  readonly subjects: readonly string[]
  readonly asOfMs?: number | undefined
  /** By context in the order asked, `must_use` before `forbidden`, best supported first. */
  readonly constraints: readonly Demand[]
  readonly cursor?: string | undefined
  readonly view: AnswerView
}

/** What becomes of a plan; the lists of one page, violated before missing. */
export interface PreflightReport {
  readonly subjects: readonly string[]
  readonly asOfMs?: number | undefined
  readonly allowed: boolean
  readonly violated: readonly Demand[]
  readonly missing: readonly Demand[]
  readonly violatedTotal: number
  readonly missingTotal: number
  readonly cursor?: string | undefined
  readonly view: AnswerView
}

/** What one key says, and the mark of the state that its order follows from. */
interface Stated {
  readonly constraints: readonly Constraint[]
  readonly digest: Hash
}

/** A page of constraints. @throws QueryError QUERY_CURSOR, QUERY_CHANGED */
export async function constraints(desk: Desk, request: ConstraintsRequest): Promise<ConstraintsReport> {
  const { kind, asOfMs, limit } = request
  const subjects = [...new Set(request.subjects)]
  const mark = markOf(['Constraints', subjects, kind ?? '', asOfMs ?? -1])
  const place = placeOf(request.cursor, mark)
  const kinds = CONSTRAINT_PREDICATES.filter((each) => kind === undefined || each === kind)
  const keys = subjects.flatMap((subject) => kinds.map((predicate) => ({ subject, predicate })))
  const listed: Constraint[] = []
  let next: Place | undefined
  for (let at = place?.key ?? 0; at < keys.length && next === undefined; at += 1) {
    const key = keys[at]
    if (key === undefined) break
    const stated = await statedBy(desk, key.subject, key.predicate, asOfMs)
    const state = markOfStated(desk, [stated], asOfMs)
    const from = at === place?.key ? place.offset : 0
    if (at === place?.key) checkState(place, state)
    const room = limit - listed.length
    listed.push(...stated.constraints.slice(from, from + room))
    if (from + room < stated.constraints.length) next = { key: at, offset: from + room, state }
  }
  return {
    subjects, asOfMs, constraints: listed.map(demandOf),
    cursor: next === undefined ? undefined : cursorOf(mark, next), view: desk.view
  }
}

/** The verdict on a plan, over all constraints. @throws QueryError QUERY_CURSOR, QUERY_CHANGED */
export async function preflightPlan(desk: Desk, request: PreflightRequest): Promise<PreflightReport> {
  const { plan, asOfMs, limit } = request
  const subjects = [...new Set(request.subjects)]
  const mark = markOf(['preflight', subjects, asOfMs ?? -1, plan.map((value) => toHex(valueBytes(value)))])
  const place = placeOf(request.cursor, mark)
  const stated: Stated[] = []
  for (const subject of subjects) {
    for (const kind of CONSTRAINT_PREDICATES) stated.push(await statedBy(desk, subject, kind, asOfMs))
  }
  const state = markOfStated(desk, stated, asOfMs)
  checkState(place, state)
  const { allowed, violated, missing } = preflight(plan, stated.flatMap((each) => each.constraints))
  const from = place?.offset ?? 0
  const page = [...violated, ...missing].slice(from, from + limit)
  const more = from + limit < violated.length + missing.length
  return {
    subjects, asOfMs, allowed,
    violated: page.filter(({ kind }) => kind === 'forbidden').map(demandOf),
    missing: page.filter(({ kind }) => kind === 'must_use').map(demandOf),
    violatedTotal: violated.length, missingTotal: missing.length,
    cursor: more ? cursorOf(mark, { key: 0, offset: from + limit, state }) : undefined, view: desk.view
  }
}

async function statedBy(
  desk: Desk, subject: string, predicate: ConstraintKind, asOfMs: number | undefined
): Promise<Stated> {
  const records = await desk.gather(subject, predicate, asOfMs)
  const input = createLensInput(records, judgementOf(desk, { asOfMs }))
  return {
    constraints: await desk.run(constraintSteps(input)), digest: await desk.run(evidenceSteps(records))
  }
}

function markOfStated(desk: Desk, stated: readonly Stated[], asOfMs: number | undefined): string {
  return stateMark(stated.map(({ digest }) => digest), desk.trust, desk.epochs(asOfMs).current?.id)
}

function demandOf(constraint: Constraint): Demand {
  const { context, kind, backing } = constraint
  return { ...fromLens(constraint), subject: context, kind, backing }
}
