// Slow path: answers that no view keeps are computed from the records.
// Rule: a few at a time, each within a time limit, in slices: no question stalls the node. A slot (slots.ts)
// is free again when the work in it has ended, not when the asker stopped waiting.

import type { Clock } from '../base/index.js'
import {
  type AuthorityThresholds, createPace, type EpochView, type KeyRecords, LensError, type Pace, runStepsAt,
  type Steps, type TrustView, VIEW_VERSION
} from '../lenses/index.js'
import { gatherKey, type Snapshot, type Store } from '../store/index.js'
import type { AnswerView } from './answer.js'
import { checkStop, stopReason } from './deadline.js'
import { QueryError } from './errors.js'
import type { QueryOptions } from './options.js'
import { createSlots } from './slots.js'

/** What the slow path stands on. */
export interface SlowDeps {
  readonly store: Store
  readonly trust: () => TrustView
  /** Whom the lens Authority hears; absent = its default. */
  readonly authority?: AuthorityThresholds | undefined
  readonly epochs: (asOfMs?: number) => EpochView
  /** Ms at most since the oldest ballot that the published trust does not cover. */
  readonly trustLagMs: () => number
  readonly clock: Clock
  readonly yieldNow: () => Promise<void>
}

/** What one slow answer works with: one state of the index and one snapshot of trust. */
export interface Desk {
  readonly trust: TrustView
  readonly epochs: (asOfMs?: number) => EpochView
  readonly authority: AuthorityThresholds | undefined
  /** Which state of the node the answer shows. */
  readonly view: AnswerView
  /** The records of a key up to a time. */
  gather(subject: string, predicate: string, asOfMs: number | undefined): Promise<KeyRecords>
  /** Runs steps in slices. */
  run<T>(steps: Steps<T>): Promise<T>
}

/** Computes answers that no view keeps. */
export interface SlowPath {
  /**
   * @param signal ends the wait for a slot and the work in it
   * @throws QueryError QUERY_BUSY, QUERY_TIMEOUT, the reason of the signal, and whatever the work throws
   */
  at<T>(work: (desk: Desk) => Promise<T>, signal: AbortSignal | undefined): Promise<T>
}

/** A slow path with all slots free. */
export function createSlowPath(options: Required<QueryOptions>, deps: SlowDeps): SlowPath {
  const slots = createSlots(options, deps.clock)
  return {
    async at(work, signal) {
      await slots.take(signal)
      let reading: Reading | undefined
      try {
        reading = new Reading(options, deps, signal)
        return await work(deskOf(options, deps, reading, signal))
      } finally {
        if (reading === undefined) slots.free()
        else reading.end(slots.free)
      }
    }
  }
}

/** What a lens answers to a key about which it finds nothing. */
export function noCandidates(lens: string, silent: boolean = true): LensError {
  const about = 'about this subject and predicate'
  const text = silent ? `nothing is said ${about}` : `nobody whom this lens hears says anything ${about}`
  return new LensError({ code: 'LENS_NO_CANDIDATES', lens }, text)
}

/** The error of an answer that took too long. */
export function timedOut(limitMs: number, waitsFor?: 'trust' | 'records'): QueryError {
  const text = waitsFor === undefined ? `no answer within ${limitMs} ms`
    : `${waitsFor === 'trust' ? 'trust is' : 'the view is'} not up to date within ${limitMs} ms`
  return new QueryError({ code: 'QUERY_TIMEOUT', limitMs, ...(waitsFor && { waitsFor }) }, text)
}

function deskOf(
  options: Required<QueryOptions>, deps: SlowDeps, reading: Reading, signal: AbortSignal | undefined
): Desk {
  const trust = deps.trust()
  const pace = limitedPace(options, deps, signal)
  return {
    trust, epochs: deps.epochs, authority: deps.authority,
    view: {
      version: VIEW_VERSION, trustFrontier: trust.frontierRoot, trustGeneration: trust.generation,
      lagMs: 0, trustLagMs: deps.trustLagMs()
    },
    gather: async (subject, predicate, asOfMs) => until(await reading.gather(subject, predicate), asOfMs),
    run: (steps) => runStepsAt(steps, pace)
  }
}

/** Reads one state of the index within the time limit. What is late stops after the slice that it is in. */
class Reading {
  readonly #snapshot: Snapshot
  readonly #deps: SlowDeps
  readonly #limitMs: number
  readonly #endMs: number
  readonly #signal: AbortSignal | undefined
  #late: Promise<unknown> | undefined

  constructor(options: Required<QueryOptions>, deps: SlowDeps, signal: AbortSignal | undefined) {
    this.#signal = signal
    this.#snapshot = deps.store.snapshot()
    this.#deps = deps
    this.#limitMs = options.slowMsMax
    this.#endMs = deps.clock.monotonicMs() + options.slowMsMax
  }

  async gather(subject: string, predicate: string): Promise<KeyRecords> {
    const signal = this.#signal
    checkStop(signal)
    const stop = new AbortController()
    const { store, clock } = this.#deps
    const gathered = gatherKey(this.#snapshot, subject, predicate, { signal: stop.signal, records: store })
    this.#late = gathered
    const late = Promise.withResolvers<never>()
    const giveUp = (error: Error): void => {
      stop.abort(error)
      late.reject(error)
    }
    const left = (): void => {
      if (signal !== undefined) giveUp(stopReason(signal))
    }
    const timer = clock.setTimer(Math.max(0, this.#endMs - clock.monotonicMs()), () => {
      giveUp(timedOut(this.#limitMs))
    })
    signal?.addEventListener('abort', left, { once: true })
    try {
      const records = await Promise.race([gathered, late.promise])
      this.#late = undefined
      return records
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', left)
    }
  }

  /** Gives back the snapshot and the slot: at once, or when a late reading has come to its end. */
  end(free: () => void): void {
    const done = (): void => {
      // The index may have been closed meanwhile, and its snapshots with it.
      this.#snapshot.close().catch(() => undefined)
      free()
    }
    if (this.#late === undefined) done()
    else void this.#late.then(done, done)
  }
}

function limitedPace(
  options: Required<QueryOptions>, deps: SlowDeps, signal: AbortSignal | undefined
): Pace {
  const { clock } = deps
  const endMs = clock.monotonicMs() + options.slowMsMax
  const pace = createPace(options.sliceMs, clock, deps.yieldNow)
  return () => {
    checkStop(signal)
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
