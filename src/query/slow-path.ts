// Slow path: gathers the records of a key and runs a lens over them.
// Rule: a few at a time, each within a time limit, in slices: no question stalls the node.

import type { Clock } from '../base/index.js'
import {
  createLensInput, createPace, type EpochView, evidenceSteps, type KeyRecords, type Lens, LensError,
  lensSteps, type Pace, runStepsAt, type TrustView, VIEW_VERSION
} from '../lenses/index.js'
import { gatherKey, type Store } from '../store/index.js'
import { type Answer, answerFromLens, type QueryRequest } from './answer.js'
import { QueryError } from './errors.js'
import type { QueryOptions } from './options.js'

/** What the slow path stands on. */
export interface SlowDeps {
  readonly store: Store
  readonly trust: () => TrustView
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

/** A slow path with all slots free. */
export function createSlowPath(options: Required<QueryOptions>, deps: SlowDeps): SlowPath {
  let running = 0
  return {
    async answer(request, lens) {
      if (running >= options.slowSlots) throw busy(options)
      running += 1
      try {
        return await compute(request, lens, options, deps)
      } finally {
        running -= 1
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
  request: QueryRequest, lens: Lens, options: Required<QueryOptions>, deps: SlowDeps
): Promise<Answer> {
  const { asOfMs, explain } = request
  const trust = deps.trust()
  const pace = limitedPace(options, deps)
  const records = until(await gather(request, options, deps), asOfMs)
  const input = createLensInput(records, { epochs: deps.epochs(asOfMs), trust, asOfMs, explain })
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

/** Gathers within the time limit. What is late goes on reading, but nobody waits for it. */
async function gather(
  request: QueryRequest, options: Required<QueryOptions>, deps: SlowDeps
): Promise<KeyRecords> {
  const snapshot = deps.store.snapshot()
  const gathered = gatherKey(snapshot, request.subject, request.predicate).finally(() => snapshot.close())
  const late = Promise.withResolvers<never>()
  const timer = deps.clock.setTimer(options.slowMsMax, () => late.reject(timedOut(options.slowMsMax)))
  try {
    return await Promise.race([gathered, late.promise])
  } finally {
    timer.cancel()
    gathered.catch(() => undefined)
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
