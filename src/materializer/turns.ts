// Waiting turns: a view that was dear to compute waits before it is computed again.
// Rule: the wait is a multiple of the cost, so that no key takes more than its share, however often it is
// marked; and it is bounded, so that no answer is stale for long where a computation took seconds.

import { WAIT_MS_MAX, WAITING_MAX } from './options.js'

/** Costs below this are not worth a wait. */
const COST_MS_MIN = 0.25

/** Which keys have to wait, and until when. All times are monotonic ms. */
export interface WaitingTurns {
  /** Notes what a computation cost; the key then waits. */
  spent(name: string, costMs: number, nowMs: number): void
  waits(name: string, nowMs: number): boolean
  /** Ms until the first of the given keys may be computed; 0 when one may be now. */
  delayMs(names: Iterable<string>, nowMs: number): number
}

/** No key waits yet. */
export function createWaitingTurns(waitFactor: number): WaitingTurns {
  const until = new Map<string, number>()
  return {
    spent(name, costMs, nowMs) {
      until.delete(name)
      if (costMs < COST_MS_MIN) return
      until.set(name, nowMs + Math.min(WAIT_MS_MAX, waitFactor * costMs))
      for (const [other, untilMs] of until) {
        if (until.size <= WAITING_MAX && untilMs > nowMs) break
        until.delete(other)
      }
    },
    waits: (name, nowMs) => (until.get(name) ?? 0) > nowMs,
    delayMs(names, nowMs) {
      let least = Number.POSITIVE_INFINITY
      for (const name of names) least = Math.min(least, (until.get(name) ?? 0) - nowMs)
      return Number.isFinite(least) ? Math.max(0, least) : 0
    }
  }
}
