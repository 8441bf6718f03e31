// Slots of the slow path: a few answers at once, and a short queue in the order of arrival.
// Rule: a slot is for one answer. Who asks for many stands in the queue for each of them anew, behind all who
// came meanwhile, so no caller keeps another waiting for longer than one answer takes.

import type { Clock } from '../base/index.js'
import { checkStop, stopReason } from './deadline.js'
import { QueryError } from './errors.js'
import type { QueryOptions } from './options.js'

/** The slots of one slow path. */
export interface Slots {
  /**
   * Resolves when a slot is the caller's.
   * @throws QueryError QUERY_BUSY when the queue is full or did not move in time; the reason of the signal
   */
  take(signal: AbortSignal | undefined): Promise<void>
  /** Gives a slot back: to the first in the queue, if there is one. */
  free(): void
}

type Limits = Required<Pick<QueryOptions, 'slowSlots' | 'slowQueueMax' | 'slowMsMax'>>

/** Slots that are all free. */
export function createSlots(limits: Limits, clock: Clock): Slots {
  let taken = 0
  const queue = new Set<() => void>()
  const wait = (signal: AbortSignal | undefined): Promise<void> => new Promise((resolve, reject) => {
    const leave = (): void => {
      queue.delete(turn)
      timer.cancel()
      signal?.removeEventListener('abort', stop)
    }
    const turn = (): void => {
      leave()
      resolve()
    }
    const stop = (): void => {
      leave()
      reject(signal === undefined ? busy(limits) : stopReason(signal))
    }
    const timer = clock.setTimer(limits.slowMsMax, () => {
      leave()
      reject(busy(limits))
    })
    queue.add(turn)
    signal?.addEventListener('abort', stop, { once: true })
  })
  return {
    async take(signal) {
      checkStop(signal)
      if (taken < limits.slowSlots) taken += 1
      else if (queue.size < limits.slowQueueMax) await wait(signal)
      else throw busy(limits)
    },
    free() {
      const [next] = queue
      if (next === undefined) taken -= 1
      else next()
    }
  }
}

function busy({ slowMsMax, slowSlots }: Limits): QueryError {
  const retryAfterMs = Math.ceil(slowMsMax / slowSlots / 2)
  return new QueryError({ code: 'QUERY_BUSY', retryAfterMs }, 'too many answers are being computed')
}
