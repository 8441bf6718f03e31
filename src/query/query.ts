// Queries: the reading side. A standard lens is one read of a kept view; everything else takes the slow path.

import { RECORD_LIMITS, utf8Length } from '../base/index.js'
import {
  createLensRegistry, type Lens, LensError, type LensRegistry, readViewPart, type ViewPart
} from '../lenses/index.js'
import { RecordError } from '../record/index.js'
import { keys } from '../store/index.js'
import { type Answer, answerFromView, type AnswerLag, type QueryRequest } from './answer.js'
import {
  constraints, type ConstraintsReport, type ConstraintsRequest, preflightPlan, type PreflightReport,
  type PreflightRequest
} from './demands.js'
import { checkStop, startDeadline, stopReason } from './deadline.js'
import { dispute, type DisputeReport, type DisputeRequest } from './dispute.js'
import { outOfRange, QueryError } from './errors.js'
import { explainAnswer, type ExplainReport } from './explanation.js'
import { lensAnswer } from './lens-answer.js'
import {
  PLAN_MAX, QUERY_DEFAULTS, type QueryOptions, REQUESTS_MAX, REQUESTS_PER_TURN, SUBJECTS_MAX
} from './options.js'
import { createSlowPath, type Desk, noCandidates, type SlowDeps, type SlowPath, timedOut } from './slow-path.js'
import { type SubjectPage, subjectPage } from './subject-page.js'
import { checkThresholds, tightens } from './thresholds.js'

/** What queries stand on. */
export interface QueryDeps extends SlowDeps {
  /** How many ms the views are behind. */
  readonly lagMs: () => number
  /** Resolves when the view of the key holds everything that was written before the call. */
  readonly settled: (subject: string, predicate: string, signal: AbortSignal) => Promise<void>
  /**
   * Resolves when published trust follows from everything that was written before the call, and the views
   * that it changes are marked. Both resolve early, without meaning, when the signal aborts.
   */
  readonly trustSettled: (signal: AbortSignal) => Promise<void>
  /** Lenses beside the standard ones. */
  readonly lenses?: readonly Lens[]
}

/** Counters since the start. */
export interface QueryStats {
  readonly fastTotal: number
  readonly slowTotal: number
  readonly busyTotal: number
  readonly timeoutTotal: number
}

/** The reading side. */
export interface Query {
  /**
   * The answer from the kept view, without a promise: microseconds. Ignores `fresh`.
   * @returns undefined when the request needs the slow path
   * @throws LensError LENS_UNKNOWN, LENS_NO_CANDIDATES; QueryError QUERY_RANGE
   */
  fast(request: QueryRequest): Answer | undefined
  /** @throws LensError LENS_UNKNOWN, LENS_NO_CANDIDATES; QueryError QUERY_RANGE, QUERY_BUSY, QUERY_TIMEOUT */
  get(request: QueryRequest): Promise<Answer>
  /**
   * Answers or errors in the order asked. The call has one time limit: what it has not come to by then is
   * QUERY_TIMEOUT, what is left when the signal aborts QUERY_ABORTED.
   * @throws QueryError QUERY_TOO_MANY for more than 1,000
   */
  getMany(requests: readonly QueryRequest[], signal?: AbortSignal): Promise<readonly (Answer | Error)[]>
  /**
   * Every predicate of a subject that the lens has an answer to, in key order.
   * @param lens   a standard lens
   * @param cursor what the page before gave; absent = from the start
   * @param limit  1..1,000
   * @throws QueryError QUERY_CURSOR, QUERY_RANGE; LensError LENS_UNKNOWN
   */
  subject(subject: string, lens: string, cursor: string | undefined, limit: number): Promise<SubjectPage>
  /**
   * A page of the whole dispute about a key: Skeptic.
   * @throws LensError LENS_NO_CANDIDATES; QueryError QUERY_RANGE, QUERY_CURSOR, QUERY_CHANGED, QUERY_BUSY,
   *   QUERY_TIMEOUT
   */
  dispute(request: DisputeRequest): Promise<DisputeReport>
  /** Why an answer won, and what would change it; errors as `get`. */
  explain(request: QueryRequest): Promise<ExplainReport>
  /** A page of what contexts demand and forbid; errors as `dispute`, but an empty page where none is. */
  constraints(request: ConstraintsRequest): Promise<ConstraintsReport>
  /** Whether a plan keeps to what contexts demand and forbid; errors as `constraints`. */
  preflight(request: PreflightRequest): Promise<PreflightReport>
  /** Names of all lenses. */
  readonly lenses: readonly string[]
  stats(): QueryStats
}

// What the functions of one reading side share.
interface Core {
  readonly options: Required<QueryOptions>
  readonly deps: QueryDeps
  readonly registry: LensRegistry
  readonly slow: SlowPath
  readonly stats: { -readonly [Name in keyof QueryStats]: number }
}

/** The reading side of a store. @throws LensError LENS_NAME for a custom lens with a bad or taken name */
export function createQuery(options: QueryOptions, deps: QueryDeps): Query {
  const settings = { ...QUERY_DEFAULTS, ...options }
  const core: Core = {
    options: settings, deps, registry: createLensRegistry(deps.lenses), slow: createSlowPath(settings, deps),
    stats: { fastTotal: 0, slowTotal: 0, busyTotal: 0, timeoutTotal: 0 }
  }
  return {
    fast: (request) => {
      const lens = core.registry.find(request.lens)
      checkThresholds(request, lens)
      return fast(core, request, lens)
    },
    get: (request) => get(core, request),
    getMany: (requests, signal) => getMany(core, requests, signal),
    subject: async (subject, lens, cursor, limit) => {
      const { viewCode, name } = core.registry.find(lens)
      if (viewCode === undefined || limit < 1 || limit > REQUESTS_MAX) {
        throw outOfRange(viewCode === undefined ? 'lens' : 'limit')
      }
      return subjectPage(deps.store, { subject, lens: name, viewCode, cursor, limit, lag: lagOf(core) })
    },
    dispute: async (request) => {
      checkKey(request)
      checkLimit(request.limit)
      return slowly(core, (desk) => dispute(desk, request))
    },
    explain: async (request) => {
      const lens = checked(core, request)
      return slowly(core, (desk) => explainAnswer(desk, request, lens))
    },
    constraints: async (request) => {
      checkContexts(request)
      return slowly(core, (desk) => constraints(desk, request))
    },
    preflight: async (request) => {
      checkContexts(request)
      if (request.plan.length > PLAN_MAX) throw outOfRange('plan')
      return slowly(core, (desk) => preflightPlan(desk, request))
    },
    lenses: core.registry.names,
    stats: () => ({ ...core.stats })
  }
}

function fast(core: Core, request: QueryRequest, lens: Lens): Answer | undefined {
  checkKey(request)
  const { viewCode } = lens
  const slow = request.asOfMs !== undefined || request.explain === true || tightens(request)
  if (viewCode === undefined || slow) return undefined
  const value = core.deps.store.get(keys.view(request.subject, request.predicate))
  const part = value === undefined ? 'absent' : readViewPart(value, viewCode)
  if (part === 'absent') throw noCandidates(lens.name, value === undefined)
  const answer = part === undefined ? undefined : readable(request, lens, part, core)
  if (answer !== undefined) core.stats.fastTotal += 1
  return answer
}

/** The answer of a view, or undefined for damage: then the slow path answers from the records. */
function readable(request: QueryRequest, lens: Lens, part: ViewPart, core: Core): Answer | undefined {
  try {
    return answerFromView(request, lens.name, part, lagOf(core))
  } catch (error) {
    if (error instanceof RecordError || error instanceof RangeError) return undefined
    throw error
  }
}

function lagOf({ deps }: Core): AnswerLag {
  return { lagMs: deps.lagMs(), trustLagMs: deps.trustLagMs() }
}

/** The call that a question belongs to. */
interface Call {
  /** Waits for trust; several questions that are asked together wait once. */
  readonly trust: () => Promise<void>
  readonly signal: AbortSignal
}

async function get(core: Core, request: QueryRequest, call?: Call): Promise<Answer> {
  const lens = checked(core, request)
  const signal = call?.signal
  if (request.fresh === true) await counted(core, call?.trust ?? (() => settleTrust(core, signal)))
  if (request.fresh === true || request.fresh === 'records') {
    await counted(core, () => settleKey(core, request, signal))
  }
  return fast(core, request, lens) ?? await slowly(core, (desk) => lensAnswer(desk, request, lens), signal)
}

/** The lens of a request whose fields are in their ranges. */
function checked(core: Core, request: QueryRequest): Lens {
  const lens = core.registry.find(request.lens)
  checkKey(request)
  checkThresholds(request, lens)
  return lens
}

function slowly<T>(core: Core, work: (desk: Desk) => Promise<T>, signal?: AbortSignal): Promise<T> {
  core.stats.slowTotal += 1
  return counted(core, () => core.slow.at(work, signal))
}

/** Counts what was refused or given up. */
async function counted<T>(core: Core, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof QueryError && error.code === 'QUERY_BUSY') core.stats.busyTotal += 1
    if (error instanceof QueryError && error.code === 'QUERY_TIMEOUT') core.stats.timeoutTotal += 1
    throw error
  }
}

function settleKey(
  core: Core, { subject, predicate }: QueryRequest, stop: AbortSignal | undefined
): Promise<void> {
  return inTime(core, 'records', (signal) => core.deps.settled(subject, predicate, signal), stop)
}

function settleTrust(core: Core, stop: AbortSignal | undefined): Promise<void> {
  return inTime(core, 'trust', (signal) => core.deps.trustSettled(signal), stop)
}

async function inTime(
  { deps, options: { slowMsMax } }: Core, waitsFor: 'records' | 'trust',
  wait: (signal: AbortSignal) => Promise<void>, stop: AbortSignal | undefined
): Promise<void> {
  checkStop(stop)
  const late = new AbortController()
  const giveUp = (): void => late.abort()
  const timer = deps.clock.setTimer(slowMsMax, giveUp)
  stop?.addEventListener('abort', giveUp, { once: true })
  try {
    await wait(late.signal)
    checkStop(stop)
    if (late.signal.aborted) throw timedOut(slowMsMax, waitsFor)
  } finally {
    timer.cancel()
    stop?.removeEventListener('abort', giveUp)
  }
}

async function getMany(
  core: Core, requests: readonly QueryRequest[], asker: AbortSignal | undefined
): Promise<readonly (Answer | Error)[]> {
  if (requests.length > REQUESTS_MAX) {
    throw new QueryError({ code: 'QUERY_TOO_MANY', max: REQUESTS_MAX }, `more than ${REQUESTS_MAX} requests`)
  }
  const answers: (Answer | Error)[] = []
  const { signal, clear } = startDeadline(core.options.manyMsMax, core.deps.clock, asker)
  let settled: Promise<void> | undefined
  const call: Call = { signal, trust: () => settled ??= settleTrust(core, signal) }
  try {
    for (const [at, request] of requests.entries()) {
      if (at % REQUESTS_PER_TURN === REQUESTS_PER_TURN - 1) await core.deps.yieldNow()
      answers.push(signal.aborted ? stopReason(signal) : await oneOfMany(core, request, call))
    }
  } finally {
    clear()
  }
  return answers
}

async function oneOfMany(core: Core, request: QueryRequest, call: Call): Promise<Answer | Error> {
  try {
    return await get(core, request, call)
  } catch (error) {
    if (error instanceof LensError || error instanceof QueryError) return error
    throw error
  }
}

function checkKey({ subject, predicate, asOfMs }: Pick<QueryRequest, 'subject' | 'predicate' | 'asOfMs'>): void {
  checkSubject(subject)
  if (!fits(predicate, RECORD_LIMITS.predicateBytesMax)) throw outOfRange('predicate')
  checkTime(asOfMs)
}

function checkContexts({ subjects, asOfMs, limit }: Omit<ConstraintsRequest, 'kind'>): void {
  if (subjects.length < 1 || subjects.length > SUBJECTS_MAX) throw outOfRange('subject')
  for (const subject of subjects) checkSubject(subject)
  checkTime(asOfMs)
  checkLimit(limit)
}

function checkSubject(subject: string): void {
  if (!fits(subject, RECORD_LIMITS.subjectBytesMax)) throw outOfRange('subject')
}

function checkTime(asOfMs: number | undefined): void {
  if (asOfMs !== undefined && !(Number.isSafeInteger(asOfMs) && asOfMs >= 0)) throw outOfRange('asOf')
}

function checkLimit(limit: number): void {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= REQUESTS_MAX)) throw outOfRange('limit')
}

function fits(text: string, bytesMax: number): boolean {
  return text.length > 0 && text.length <= bytesMax && utf8Length(text) <= bytesMax && text.isWellFormed()
}
