// Watch on something that must make progress.

import { type Clock, type Timer } from '../base/index.js'

/** A watch that rings once when nothing was noted for too long. */
export interface IdleWatch {
  /** Something got on. */
  note(): void
  stop(): void
}

/** Starts to watch. Cost: one timer, set anew at most once each `idleMs`. */
export function watchIdle(clock: Clock, idleMs: number, onIdle: () => void): IdleWatch {
  let lastMs = clock.monotonicMs()
  let timer: Timer
  const arm = (delayMs: number): void => {
    timer = clock.setTimer(delayMs, () => {
      const restMs = lastMs + idleMs - clock.monotonicMs()
      if (restMs > 0) arm(restMs)
      else onIdle()
    })
  }
  arm(idleMs)
  return {
    note() {
      lastMs = clock.monotonicMs()
    },
    stop: () => timer.cancel()
  }
}
