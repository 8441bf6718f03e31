// The world of a simulation: virtual time, one heap of events in the order (time, sequence), a hash of all
// that happened.
// Rule: an event runs alone. The next one is taken when all that the last one set going has come to rest, so
// the order of everything is the order of the heap.

import { createHash, type Hash as Hasher } from 'node:crypto'

/** What owns events: when it dies they are dropped, while it is held up they wait. */
export interface Owner {
  alive: boolean
  heldUntilMs: number
}

/** A planned event. */
export interface Planned {
  cancel(): void
}

/** A broken invariant. */
export interface Violation {
  readonly invariant: string
  readonly message: string
  readonly atMs: number
}

/** Time, order and memory of a run. */
export interface World {
  readonly nowMs: number
  readonly events: number
  /** The first broken invariant. */
  readonly violation: Violation | undefined
  plan(delayMs: number, label: string, owner: Owner | undefined, action: () => void): Planned
  /** Resolves after a delay; never when the owner dies meanwhile. */
  sleep(delayMs: number, label: string, owner: Owner | undefined): Promise<void>
  /** Mixes a number into the trace. */
  note(value: number): void
  count(what: string, amount?: number): void
  readonly counts: ReadonlyMap<string, number>
  fail(invariant: string, message: string): void
  /** Runs events until `done` says so after one of them, the time is up, or an invariant breaks. */
  run(untilMs: number, done?: () => boolean): Promise<void>
  /** The hash of all that happened so far, 64 hex digits. */
  traceHash(): string
}

interface Entry {
  timeMs: number
  sequence: number
  readonly label: string
  readonly owner: Owner | undefined
  action: (() => void) | undefined
}

const TRACE_BYTES = 65_536
const TRACE_RESERVE = 256

/** Hears of each event before it runs. */
export type EventWatch = (timeMs: number, label: string) => void

/** A world at time 0. */
export function createWorld(options: { readonly onEvent?: EventWatch } = {}): World {
  return new HeapWorld(options.onEvent)
}

class HeapWorld implements World {
  nowMs = 0
  events = 0
  violation: Violation | undefined
  readonly counts = new Map<string, number>()
  readonly #onEvent: EventWatch | undefined
  readonly #heap: Entry[] = []
  readonly #hasher: Hasher = createHash('sha256')
  readonly #trace = Buffer.alloc(TRACE_BYTES)
  #traced = 0
  #sequence = 0

  constructor(onEvent: EventWatch | undefined) {
    this.#onEvent = onEvent
  }

  plan(delayMs: number, label: string, owner: Owner | undefined, action: () => void): Planned {
    const timeMs = this.nowMs + Math.max(0, Math.ceil(delayMs))
    const entry: Entry = { timeMs, sequence: this.#sequence++, label, owner, action }
    push(this.#heap, entry)
    return { cancel: () => void (entry.action = undefined) }
  }

  sleep(delayMs: number, label: string, owner: Owner | undefined): Promise<void> {
    return new Promise((resolve) => void this.plan(delayMs, label, owner, resolve))
  }

  note(value: number): void {
    this.#traced = this.#trace.writeUInt32LE(value >>> 0, this.#room())
  }

  count(what: string, amount = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + amount)
  }

  fail(invariant: string, message: string): void {
    this.violation ??= { invariant, message, atMs: this.nowMs }
  }

  async run(untilMs: number, done?: () => boolean): Promise<void> {
    await drained()
    // One promise for all events: one for each, and what waits for it, cost more than most events do.
    return new Promise((resolve, reject) => {
      const turn = (isFirst: boolean): void => {
        try {
          const ends = !isFirst && done?.() === true
          if (ends || !this.#step(untilMs)) resolve()
          else setImmediate(turn, false)
        } catch (error) {
          reject(error)
        }
      }
      turn(true)
    })
  }

  /** Sets the next event going. @returns false when there is none to run */
  #step(untilMs: number): boolean {
    const entry = this.violation === undefined ? this.#next(untilMs) : undefined
    if (entry === undefined) return false
    this.nowMs = entry.timeMs
    this.events += 1
    this.#onEvent?.(entry.timeMs, entry.label)
    this.#remember(entry)
    entry.action?.()
    return true
  }

  traceHash(): string {
    this.#hasher.update(this.#trace.subarray(0, this.#traced))
    this.#traced = 0
    return this.#hasher.copy().digest('hex')
  }

  /** The next event that is to run; held ones are put back, dead ones dropped. */
  #next(untilMs: number): Entry | undefined {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.timeMs > untilMs) {
        this.nowMs = Math.max(this.nowMs, untilMs)
        return undefined
      }
      const entry = pop(this.#heap)
      const { owner } = entry
      if (entry.action === undefined || owner?.alive === false) continue
      if (owner === undefined || owner.heldUntilMs <= entry.timeMs) return entry
      entry.timeMs = owner.heldUntilMs
      entry.sequence = this.#sequence++
      push(this.#heap, entry)
    }
  }

  #remember(entry: Entry): void {
    let at = this.#trace.writeDoubleLE(entry.timeMs, this.#room())
    at = this.#trace.writeUInt32LE(entry.sequence >>> 0, at)
    this.#traced = at + this.#trace.write(entry.label, at, 'latin1')
  }

  #room(): number {
    if (this.#traced > TRACE_BYTES - TRACE_RESERVE) {
      this.#hasher.update(this.#trace.subarray(0, this.#traced))
      this.#traced = 0
    }
    return this.#traced
  }
}

/** All promises have settled and all immediates that they set have run. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function before(a: Entry, b: Entry): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence)
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1
  while (at > 0) {
    const up = (at - 1) >> 1
    const parent = heap[up]
    if (parent === undefined || !before(entry, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = entry
}

function pop(heap: Entry[]): Entry {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined) throw new Error('the heap is empty')
  if (heap.length === 0) return first
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    const [one, other] = [heap[left], heap[left + 1]]
    const child = other !== undefined && one !== undefined && before(other, one) ? left + 1 : left
    const entry = heap[child]
    if (entry === undefined || !before(entry, last)) break
    heap[at] = entry
    at = child
  }
  heap[at] = last
  return first
}
