// Progress: runs passes one after the other while there is work, and tells those who wait for it.

import type { Clock, Timer } from '../base/index.js'
import { MaterializerError } from './errors.js'

/** How far views are behind. */
export interface MaterializerLag {
  /** Marks known and not yet worked off; 0 = every view is up to date. */
  readonly marks: number
  /** Ms since the oldest of them was announced. */
  readonly oldestMs: number
}

/** The loop around passes. */
export interface Progress {
  start(): void
  stop(): Promise<void>
  wake(): void
  /** Resolves after a pass that began after the call and left nothing. */
  idle(): Promise<void>
  /** Resolves after a pass that began after the call, whatever it left, or when the signal aborts. */
  nextPass(signal?: AbortSignal): Promise<void>
  /** Resolves when a pass has written some work or found none, or when the signal aborts. */
  nextStep(signal?: AbortSignal): Promise<void>
  /** Called by a pass: it works on that many marks now. */
  found(marks: number): void
  /** Called by a pass: what it found is written, and that many marks were left for later. */
  advanced(passedOver: number): void
  lag(): MaterializerLag
  /** Somebody waits for the work to be done. */
  readonly awaited: boolean
  readonly stopping: boolean
  readonly failure: unknown
}

interface Waiter {
  /** The first pass that may serve it. */
  readonly pass: number
  readonly kind: 'idle' | 'pass' | 'step'
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

// What the functions of one loop share.
interface State {
  readonly clock: Clock
  /** One pass; gives ms to wait before the next one, or undefined when nothing is left. */
  readonly pass: () => Promise<number | undefined>
  readonly failed: (error: unknown) => void
  readonly waiters: Set<Waiter>
  phase: 'new' | 'running' | 'stopped' | 'failed'
  failure: unknown
  /** Passes begun. */
  passes: number
  woken: boolean
  /** Since when a pass has not seen everything; undefined = no work is known. */
  dirtySinceMs: number | undefined
  working: number
  passedOver: number
  loop: Promise<void> | undefined
  timer: Timer | undefined
}

/**
 * A loop that rests before `start`.
 * @param pass   gives ms to wait before the next pass; undefined = nothing is left
 * @param failed told of the failure that ended the loop
 */
export function createProgress(
  clock: Clock, pass: () => Promise<number | undefined>, failed: (error: unknown) => void
): Progress {
  const state: State = {
    clock, pass, failed, waiters: new Set(), phase: 'new', failure: undefined, passes: 0, woken: false,
    dirtySinceMs: undefined, working: 0, passedOver: 0, loop: undefined, timer: undefined
  }
  return {
    start() {
      if (state.phase === 'new') state.phase = 'running'
      wake(state)
    },
    stop: () => stop(state),
    wake: () => wake(state),
    idle: () => waitFor(state, 'idle'),
    nextPass: (signal) => waitFor(state, 'pass', signal),
    nextStep: (signal) => waitFor(state, 'step', signal),
    found: (marks) => {
      state.working = marks
    },
    advanced(passedOver) {
      state.working = 0
      state.passedOver += passedOver
      serve(state, (waiter) => waiter.kind === 'step')
    },
    lag: () => lagOf(state),
    get awaited() { return state.waiters.size > 0 },
    get stopping() { return state.phase !== 'running' },
    get failure() { return state.failure }
  }
}

function wake(state: State): void {
  state.woken = true
  state.dirtySinceMs ??= state.clock.monotonicMs()
  if (state.phase !== 'running' || state.loop !== undefined) return
  state.loop = run(state)
}

async function run(state: State): Promise<void> {
  // Whoever wakes the loop goes on first.
  await undefined
  while (state.woken && state.phase === 'running') {
    state.timer?.cancel()
    state.timer = undefined
    state.woken = false
    state.passes += 1
    state.passedOver = 0
    const startMs = state.clock.monotonicMs()
    try {
      endPass(state, startMs, await state.pass())
    } catch (error) {
      fail(state, error)
    }
  }
  // In the same turn as the last look at `woken`: a wake that comes later finds no loop and starts one.
  state.loop = undefined
}

function endPass(state: State, startMs: number, delayMs: number | undefined): void {
  if (state.phase !== 'running') return
  if (delayMs !== undefined) state.timer = state.clock.setTimer(delayMs, () => {
    state.timer = undefined
    wake(state)
  })
  else state.dirtySinceMs = state.woken ? startMs : undefined
  const { passes } = state
  serve(state, (waiter) => waiter.pass <= passes && (waiter.kind !== 'idle' || delayMs === undefined))
}

function lagOf(state: State): MaterializerLag {
  if (state.dirtySinceMs === undefined) return { marks: 0, oldestMs: 0 }
  const oldestMs = Math.max(0, state.clock.monotonicMs() - state.dirtySinceMs)
  return { marks: Math.max(1, state.working + state.passedOver), oldestMs }
}

function waitFor(state: State, kind: Waiter['kind'], signal?: AbortSignal): Promise<void> {
  if (state.phase === 'stopped' || state.phase === 'failed') return Promise.reject(ended(state))
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const waiter: Waiter = { pass: state.passes + 1, kind, resolve, reject }
  state.waiters.add(waiter)
  const leave = (): void => {
    state.waiters.delete(waiter)
    resolve()
  }
  signal?.addEventListener('abort', leave, { once: true })
  // A loop that waits for a timer has nothing that it may do earlier.
  if (kind !== 'step' || state.timer === undefined) wake(state)
  return promise.finally(() => signal?.removeEventListener('abort', leave))
}

function serve(state: State, isServed: (waiter: Waiter) => boolean): void {
  for (const waiter of state.waiters) {
    if (!isServed(waiter)) continue
    state.waiters.delete(waiter)
    waiter.resolve()
  }
}

async function stop(state: State): Promise<void> {
  if (state.phase !== 'failed') state.phase = 'stopped'
  state.timer?.cancel()
  await state.loop
  release(state)
}

function fail(state: State, error: unknown): void {
  state.phase = 'failed'
  state.failure = error
  state.failed(error)
  release(state)
}

function release(state: State): void {
  for (const waiter of state.waiters) waiter.reject(ended(state))
  state.waiters.clear()
}

function ended(state: State): MaterializerError {
  if (state.phase !== 'failed') {
    return new MaterializerError({ code: 'MATERIALIZER_STOPPED' }, 'the materializer was stopped')
  }
  const options = { cause: state.failure }
  return new MaterializerError({ code: 'MATERIALIZER_FAILED' }, 'the materializer has failed', options)
}
