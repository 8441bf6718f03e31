// Leaky allowance: so much at once, and back at an even pace.

import type { Clock } from './ports.js'

/** An allowance that fills up again. */
export interface Bucket {
  /** What may be taken now; below 0 after more was taken than there was. */
  level(): number
  take(amount: number): void
  /** Lowers or raises what fits, and how fast it comes back; what is above the new bound is lost. */
  resize(capacity: number): void
}

/** A full bucket. @param refillMs time in which an empty one is full again */
export function createBucket(capacity: number, refillMs: number, clock: Clock): Bucket {
  let size = capacity
  let held = capacity
  let atMs = clock.monotonicMs()
  const level = (): number => {
    const nowMs = clock.monotonicMs()
    held = Math.min(size, held + (nowMs - atMs) * size / refillMs)
    atMs = nowMs
    return held
  }
  return {
    level,
    take(amount) {
      held = level() - amount
    },
    resize(next) {
      if (next === size) return
      level()
      size = next
      held = Math.min(held, size)
    }
  }
}
