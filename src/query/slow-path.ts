// Slow path: gathers the records of a key and runs a lens over them.
// Rule: a few at a time, each within a time limit, in slices: no question stalls the node. A slot is free
// again when the work in it has ended, not when the asker stopped waiting.

import type { Clock } from '../base/index.js'
import {
  type AuthorityThresholds, createLensInput, createPace, type EpochView, evidenceSteps, type KeyRecords,
  type Lens, LensError, lensSteps, type Pace, runStepsAt, type TrustView, VIEW_VERSION
} from '../lenses/index.js'
import { gatherKey, type Store } from '../store/index.js'
import { type Answer, answerFromLens, type QueryRequest } from './answer.js'
import { QueryError } from './errors.js'
import type { QueryOptions } from './options.js'

/** What the slow path stands on. */
export interface SlowDeps {
  readonly store: Store
  readonly trust: () => TrustView
  /** Whom the lens Authority hears; absent = its default. */
  readonly authority?: AuthorityThresholds | undefined
  readonly epochs: (asOfMs?: number) => EpochView
  readonly clock: Clock
  readonly yieldNow: () => Promise<void>
}

/** Computes answers that no view keeps. */
export interface SlowPath {
  /** @throws QueryError QUERY_BUSY, QUERY_TIMEOUT; LensError LENS_NO_CANDIDATES */
  answer(request: QueryRequest, lens: Lens): Promise<Answer>
  /** Answers being computed. */
  readonly running: number
}

// What an answer has begun and may leave behind.
interface Work {
  reading?: Promise<unknown> | undefined
}

/** A slow path with all slots free. */
export function createSlowPath(options: Required<QueryOptions>, deps: SlowDeps): SlowPath {
  let running = 0
  return {
    async answer(request, lens) {
      if (running >= options.slowSlots) throw busy(options)
      running += 1
      const work: Work = {}
      try {
        return await compute(request, lens, options, deps, work)
      } finally {
        const free = (): void => {
          running -= 1
        }
        if (work.reading === undefined) free()
        else void work.reading.then(free, free)
      }
    },
    get running() {
      return running
    }
  }
}

/** The answer to a key without candidates. */
export function noCandidates(lens: string): LensError {
  return new LensError({ code: 'LENS_NO_CANDIDATES', lens }, 'nothing is said about this key')
}

/** The error of an answer that took too long. */
export function timedOut(limitMs: number): QueryError {
  return new QueryError({ code: 'QUERY_TIMEOUT', limitMs }, `no answer within ${limitMs} ms`)
}

async function compute(
  request: QueryRequest, lens: Lens, options: Required<QueryOptions>, deps: SlowDeps, work: Work
): Promise<Answer> {
  const { asOfMs, explain } = request
  const trust = deps.trust()
  const pace = limitedPace(options, deps)
  const records = until(await gather(request, options, deps, work), asOfMs)
  const input = createLensInput(records, {
    epochs: deps.epochs(asOfMs), trust, authority: deps.authority, asOfMs, explain
  })
  const result = await runStepsAt(lensSteps(lens, input), pace)
  if (result === undefined) throw noCandidates(lens.name)
  const answer = answerFromLens(request, lens.name, result, {
    counts: { candidates: records.candidates.length, votes: records.votes.length },
    evidence: await runStepsAt(evidenceSteps(records), pace),
    view: {
      version: VIEW_VERSION, trustFrontier: trust.frontierRoot, trustGeneration: trust.generation, lagMs: 0
    }
  })
  if (answer === undefined) throw noCandidates(lens.name)
  return answer
}

/** Gathers within the time limit. What is late stops after the slice that it is reading. */
async function gather(
  { subject, predicate }: QueryRequest, options: Required<QueryOptions>, deps: SlowDeps, work: Work
): Promise<KeyRecords> {
  const snapshot = deps.store.snapshot()
  const stop = new AbortController()
  const how = { signal: stop.signal, records: deps.store }
  const gathered = gatherKey(snapshot, subject, predicate, how).finally(() => snapshot.close())
  work.reading = gathered
  const late = Promise.withResolvers<never>()
  const timer = deps.clock.setTimer(options.slowMsMax, () => {
    const error = timedOut(options.slowMsMax)
    stop.abort(error)
    late.reject(error)
  })
  try {
    const records = await Promise.race([gathered, late.promise])
    work.reading = undefined
    return records
  } finally {
    timer.cancel()
  }
}

function limitedPace(options: Required<QueryOptions>, deps: SlowDeps): Pace {
  const { clock } = deps
  const endMs = clock.monotonicMs() + options.slowMsMax
  const pace = createPace(options.sliceMs, clock, deps.yieldNow)
  return () => {
    if (clock.monotonicMs() > endMs) throw timedOut(options.slowMsMax)
    return pace()
  }
}

function until(records: KeyRecords, asOfMs: number | undefined): KeyRecords {
  if (asOfMs === undefined) return records
  const candidates = records.candidates.filter((candidate) => candidate.timestampMs <= asOfMs)
  const ids = new Set(candidates.map((candidate) => candidate.id))
  const votes = records.votes.filter((vote) => vote.timestampMs <= asOfMs && ids.has(vote.assertion))
  return { subject: records.subject, predicate: records.predicate, candidates, votes }
}

function busy(options: Required<QueryOptions>): QueryError {
  const retryAfterMs = Math.ceil(options.slowMsMax / options.slowSlots / 2)
  return new QueryError({ code: 'QUERY_BUSY', retryAfterMs }, 'too many answers are being computed')
}
