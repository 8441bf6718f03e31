// When trust is computed: soon after ballots changed, with a pause that grows with what it costs.
// Rule: whoever waits for settled trust gets it without a pause, a question after one as long as the last
// computation: asking again and again takes half of a core. Everybody else pays at most its share.

import type { Clock, Timer } from '../base/index.js'
import { NodeError } from './errors.js'
import type { TrustOptions } from './trust-options.js'

/** One computation. */
export interface TrustTurn {
  /** It is done, published, and took so long. */
  end(tookMs: number): void
}

/** Tells when to compute. */
export interface TrustSchedule {
  /** Ballots changed. */
  changed(): void
  /** Resolves when a computation is due: true; false when stopped. */
  due(): Promise<boolean>
  /** A computation begins: it covers all changes so far. */
  begin(): TrustTurn
  /** The computation that was begun failed: who waits hears of it. */
  failed(error: unknown): void
  /** Resolves when a computation that covers all changes so far has ended. Rejects when it failed. */
  settled(): Promise<void>
  /** Like `settled`, for a question. Resolves early, without meaning, when the signal aborts. */
  answered(signal: AbortSignal): Promise<void>
  stop(): void
  /** Every change is covered. */
  readonly quiet: boolean
  /** Since when the oldest change waits; 0 = none does. */
  lagMs(): number
}

interface Waiter {
  /** Changes that must be covered. */
  readonly changes: number
  /** Pause before its computation, in durations of the last one. */
  readonly pauses: 0 | 1
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A schedule without changes. */
export function createTrustSchedule(
  options: Pick<Required<TrustOptions>, 'waitFactor' | 'waitMsMin'>, clock: Clock
): TrustSchedule {
  return new Schedule(options, clock)
}

class Schedule implements TrustSchedule {
  readonly #options: Pick<Required<TrustOptions>, 'waitFactor' | 'waitMsMin'>
  readonly #clock: Clock
  readonly #waiters = new Set<Waiter>()
  #changes = 0
  #covered = 0
  #dirtySinceMs = 0
  #endedMs = 0
  #tookMs = 0
  #stopped = false
  #wake: (() => void) | undefined

  constructor(options: Pick<Required<TrustOptions>, 'waitFactor' | 'waitMsMin'>, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  get quiet(): boolean { return this.#covered === this.#changes }

  lagMs(): number {
    return this.quiet ? 0 : Math.max(0, this.#clock.monotonicMs() - this.#dirtySinceMs)
  }

  changed(): void {
    if (this.quiet) this.#dirtySinceMs = this.#clock.monotonicMs()
    this.#changes += 1
    // A loop that sleeps until a later moment needs no word of further changes.
    if (this.#changes === this.#covered + 1) this.#wake?.()
  }

  async due(): Promise<boolean> {
    for (;;) {
      if (this.#stopped) return false
      const leftMs = this.#leftMs()
      if (leftMs <= 0) return true
      await this.#sleep(leftMs)
    }
  }

  begin(): TrustTurn {
    const changes = this.#changes
    const startMs = this.#clock.monotonicMs()
    return {
      end: (tookMs) => {
        this.#covered = changes
        this.#dirtySinceMs = startMs
        this.#endedMs = this.#clock.monotonicMs()
        this.#tookMs = tookMs
        this.#serve((waiter) => waiter.changes <= changes, (waiter) => waiter.resolve())
      }
    }
  }

  failed(error: unknown): void {
    this.#serve(() => true, (waiter) => waiter.reject(error))
  }

  settled(): Promise<void> {
    return this.#wait(0)
  }

  answered(signal: AbortSignal): Promise<void> {
    return signal.aborted ? Promise.resolve() : this.#wait(1, signal)
  }

  stop(): void {
    this.#stopped = true
    this.#serve(() => true, (waiter) => waiter.reject(stopped()))
    this.#wake?.()
  }

  #wait(pauses: Waiter['pauses'], signal?: AbortSignal): Promise<void> {
    if (this.#stopped) return Promise.reject(stopped())
    if (this.quiet) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { changes: this.#changes, pauses, resolve, reject }
    this.#waiters.add(waiter)
    const leave = (): void => {
      this.#waiters.delete(waiter)
      resolve()
    }
    signal?.addEventListener('abort', leave, { once: true })
    this.#wake?.()
    return promise.finally(() => signal?.removeEventListener('abort', leave))
  }

  #leftMs(): number {
    if (this.quiet) return Infinity
    const { waitFactor, waitMsMin } = this.#options
    let dueMs = Math.max(this.#endedMs + waitFactor * this.#tookMs, this.#dirtySinceMs + waitMsMin)
    for (const { pauses } of this.#waiters) dueMs = Math.min(dueMs, this.#endedMs + pauses * this.#tookMs)
    return dueMs - this.#clock.monotonicMs()
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer: Timer | undefined = ms === Infinity ? undefined : this.#clock.setTimer(ms, resolve)
    this.#wake = resolve
    await promise
    this.#wake = undefined
    timer?.cancel()
  }

  #serve(isServed: (waiter: Waiter) => boolean, tell: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiters) {
      if (!isServed(waiter)) continue
      this.#waiters.delete(waiter)
      tell(waiter)
    }
  }
}

function stopped(): NodeError {
  return new NodeError({ code: 'NODE_STOPPED' }, 'the node is not running')
}
