// How many blocks a second come in from other nodes, over the last five seconds.

import type { Clock } from '../base/index.js'

/** A counter of blocks over a sliding window. */
export interface BlockRate {
  /** A block came in. */
  note(): void
  perSecond(): number
}

const SLOT_MS = 500
const SLOTS = 10

/** Counts from none. Cost: ten numbers. */
export function createBlockRate(clock: Clock): BlockRate {
  const counts = new Array<number>(SLOTS).fill(0)
  let slot = Math.floor(clock.monotonicMs() / SLOT_MS)
  const move = (): void => {
    const present = Math.floor(clock.monotonicMs() / SLOT_MS)
    for (let passed = Math.min(SLOTS, present - slot); passed > 0; passed -= 1) {
      counts[(present - passed + 1) % SLOTS] = 0
    }
    slot = present
  }
  return {
    note() {
      move()
      counts[slot % SLOTS] = (counts[slot % SLOTS] ?? 0) + 1
    },
    perSecond() {
      move()
      return counts.reduce((sum, count) => sum + count, 0) * 1_000 / (SLOTS * SLOT_MS)
    }
  }
}
