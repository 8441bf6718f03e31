// Intake of a sync session: blocks that came in wait here for their admission.
// Rule: the peer may have `creditBytes` of blocks under way; what is admitted, parked or dropped is given
// back in larger parts. A peer that sends past its credit is cut off.

import { type Verdict } from '../base/index.js'

/** What the intake hands on. */
export interface IntakeDeps {
  readonly admit: (block: Uint8Array) => Promise<Verdict>
  /** Gives credit back to the peer. */
  readonly grant: (bytes: number) => void
  /** A block is through; `accept` and `ignore` only. */
  readonly onThrough: (block: Uint8Array) => void
  readonly onReject: (why: string) => void
  readonly onFailure: (cause: unknown) => void
}

/** Blocks under admission. */
export interface Intake {
  /** Takes blocks; false when they exceed the credit. */
  take(blocks: readonly Uint8Array[]): boolean
  /**
   * Begins a lot: the blocks taken from now on, until the next one begins.
   * @returns resolves, once called, when all that was taken in this lot is through
   */
  begin(): () => Promise<void>
  /** Resolves when nothing is under admission. */
  idle(): Promise<void>
  stop(): void
}

/** Parts of the credit in which it is given back. */
const grantParts = 16
/** Admitted blocks that the queue still refers to, at most. */
const consumedMax = 256

/** What an intake may hold. */
export interface IntakeOptions {
  readonly creditBytes: number
  readonly admissionsMax: number
}

/** An empty intake. */
export function createIntake(options: IntakeOptions, deps: IntakeDeps): Intake {
  return new BlockIntake(options, deps)
}

/** Blocks that belong together. */
interface Lot {
  left: number
  onThrough: (() => void)[]
}

interface Queued {
  readonly block: Uint8Array
  readonly lot: Lot
}

class BlockIntake implements Intake {
  private readonly options: IntakeOptions
  private readonly deps: IntakeDeps
  private queue: Queued[] = []
  private next = 0
  private active = 0
  /** Bytes that came in and were not given back. */
  private underWay = 0
  private returned = 0
  private stopped = false
  private lot: Lot = { left: 0, onThrough: [] }
  private waiting: (() => void)[] = []

  constructor(options: IntakeOptions, deps: IntakeDeps) {
    this.options = options
    this.deps = deps
  }

  take(blocks: readonly Uint8Array[]): boolean {
    this.underWay += blocks.reduce((sum, block) => sum + block.length, 0)
    if (this.underWay > this.options.creditBytes) return false
    const { lot } = this
    lot.left += blocks.length
    for (const block of blocks) this.queue.push({ block, lot })
    this.pump()
    return true
  }

  begin(): () => Promise<void> {
    const lot: Lot = { left: 0, onThrough: [] }
    this.lot = lot
    return () => new Promise((resolve) => {
      if (lot.left === 0 || this.stopped) resolve()
      else lot.onThrough.push(resolve)
    })
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      this.pump()
    })
  }

  stop(): void {
    this.stopped = true
    for (const { lot } of this.queue) pass(lot)
    pass(this.lot)
    this.pump()
  }

  private pump(): void {
    while (!this.stopped && this.active < this.options.admissionsMax) {
      const queued = this.queue[this.next]
      if (queued === undefined) break
      this.next += 1
      void this.admit(queued)
    }
    // A queue that never runs empty must not keep what is through.
    if (this.next > consumedMax) {
      this.queue = this.queue.slice(this.next)
      this.next = 0
    }
    if (this.next < this.queue.length && !this.stopped) return
    this.queue = []
    this.next = 0
    if (this.active > 0 && !this.stopped) return
    const waiting = this.waiting
    this.waiting = []
    for (const resolve of waiting) resolve()
  }

  private async admit({ block, lot }: Queued): Promise<void> {
    this.active += 1
    try {
      this.judge(block, await this.deps.admit(block))
    } catch (cause) {
      if (!this.stopped) this.deps.onFailure(cause)
    }
    this.active -= 1
    lot.left -= 1
    if (!this.stopped) this.giveBack(block.length)
    if (lot.left === 0 || this.stopped) pass(lot)
    this.pump()
  }

  private judge(block: Uint8Array, verdict: Verdict): void {
    if (this.stopped) return
    if (verdict.kind === 'reject') this.deps.onReject(verdict.why)
    else this.deps.onThrough(block)
  }

  private giveBack(bytes: number): void {
    this.returned += bytes
    if (this.returned < this.options.creditBytes / grantParts) return
    this.underWay -= this.returned
    this.deps.grant(this.returned)
    this.returned = 0
  }
}

/** Lets go whoever waits for a lot. */
function pass(lot: Lot): void {
  for (const resolve of lot.onThrough.splice(0)) resolve()
}
