// The end of a call: its time is up, or its asker has gone. Whatever the call still works on ends with it.

import type { Clock } from '../base/index.js'
import { QueryError } from './errors.js'

/** The end of one call. */
export interface Deadline {
  /** Aborts with a QueryError: QUERY_TIMEOUT, QUERY_ABORTED. */
  readonly signal: AbortSignal
  /** The call is over. */
  clear(): void
}

/** Starts the time of a call. @param asker aborts when nobody waits for the call any more */
export function startDeadline(limitMs: number, clock: Clock, asker: AbortSignal | undefined): Deadline {
  const end = new AbortController()
  const timer = clock.setTimer(limitMs, () => {
    end.abort(new QueryError({ code: 'QUERY_TIMEOUT', limitMs }, `not answered within the ${limitMs} ms of the call`))
  })
  const leave = (): void => end.abort(new QueryError({ code: 'QUERY_ABORTED' }, 'the asker has gone'))
  if (asker?.aborted === true) leave()
  asker?.addEventListener('abort', leave, { once: true })
  return {
    signal: end.signal,
    clear() {
      timer.cancel()
      asker?.removeEventListener('abort', leave)
    }
  }
}

/** @throws the reason of a signal that has aborted */
export function checkStop(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw stopReason(signal)
}

/** Why a signal of a deadline has aborted. */
export function stopReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new QueryError({ code: 'QUERY_ABORTED' }, 'the asker has gone')
}
