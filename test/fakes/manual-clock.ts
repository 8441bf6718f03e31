// A clock that stands still until a test moves it.
// Rule: timers run in order of their time, equal times in the order they were set, and see their own time
// as now.

import type { Clock, Timer } from '../../src/base/index.js'

/** A clock under the hand of a test. */
export interface ManualClock extends Clock {
  /** Moves on by `ms` and runs every timer that falls due, those that timers set included. */
  advance(ms: number): void
  /** Like `advance`, but lets promises settle before the first timer and after each. */
  advanceAsync(ms: number): Promise<void>
  /** Sets the wall clock alone, as an operator or NTP would: timers and the monotonic time do not notice. */
  setNow(nowMs: number): void
  /** Timers that are set and have not run. */
  readonly timers: number
}

interface Waiting {
  readonly dueMs: number
  readonly action: () => void
}

/** A clock that shows `nowMs` until it is moved. */
export function createManualClock(nowMs: number = 1_700_000_000_000): ManualClock {
  let wallOffsetMs = nowMs
  let elapsedMs = 0
  const waiting = new Set<Waiting>()

  const takeDue = (untilMs: number): Waiting | undefined => {
    let first: Waiting | undefined
    for (const timer of waiting) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer
    }
    if (first === undefined) return undefined
    waiting.delete(first)
    elapsedMs = Math.max(elapsedMs, first.dueMs)
    return first
  }

  return {
    nowMs: () => wallOffsetMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer(delayMs: number, action: () => void): Timer {
      const timer: Waiting = { dueMs: elapsedMs + Math.max(0, delayMs), action }
      waiting.add(timer)
      return { cancel: () => { waiting.delete(timer) } }
    },
    advance(ms: number): void {
      const untilMs = elapsedMs + ms
      for (let due = takeDue(untilMs); due !== undefined; due = takeDue(untilMs)) due.action()
      elapsedMs = untilMs
    },
    async advanceAsync(ms: number): Promise<void> {
      const untilMs = elapsedMs + ms
      await settle()
      for (let due = takeDue(untilMs); due !== undefined; due = takeDue(untilMs)) {
        due.action()
        await settle()
      }
      elapsedMs = untilMs
    },
    setNow(nowMs: number): void {
      wallOffsetMs = nowMs - elapsedMs
    },
    get timers(): number {
      return waiting.size
    }
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
