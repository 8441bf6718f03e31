// The machine's clock and randomness. The one file that touches Date, timers and the random source.

import { randomBytes, randomInt } from 'node:crypto'
import type { Clock, Random, Timer } from './ports.js'

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs: number, action: () => void): Timer {
    const handle = setTimeout(action, delayMs)
    return { cancel: () => clearTimeout(handle) }
  }
}

/** The machine's cryptographic random source. */
export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  integer: (below) => randomInt(below)
}
