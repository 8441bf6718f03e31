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
  readonly onAdmitted: () => void
  readonly onReject: (why: string) => void
  readonly onFailure: (cause: unknown) => void
}

/** Blocks under admission. */
export interface Intake {
  /** Takes blocks; false when they exceed the credit. */
  take(blocks: readonly Uint8Array[]): boolean
  /** Resolves when nothing is under admission. */
  idle(): Promise<void>
  stop(): void
}

/** Parts of the credit in which it is given back. */
const grantParts = 16

/** What an intake may hold. */
export interface IntakeOptions {
  readonly creditBytes: number
  readonly admissionsMax: number
}

/** An empty intake. */
export function createIntake(options: IntakeOptions, deps: IntakeDeps): Intake {
  return new BlockIntake(options, deps)
}

class BlockIntake implements Intake {
  private readonly options: IntakeOptions
  private readonly deps: IntakeDeps
  private queue: Uint8Array[] = []
  private next = 0
  private active = 0
  /** Bytes that came in and were not given back. */
  private underWay = 0
  private returned = 0
  private stopped = false
  private waiting: (() => void)[] = []

  constructor(options: IntakeOptions, deps: IntakeDeps) {
    this.options = options
    this.deps = deps
  }

  take(blocks: readonly Uint8Array[]): boolean {
    this.underWay += blocks.reduce((sum, block) => sum + block.length, 0)
    if (this.underWay > this.options.creditBytes) return false
    for (const block of blocks) this.queue.push(block)
    this.pump()
    return true
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      this.pump()
    })
  }

  stop(): void {
    this.stopped = true
    this.pump()
  }

  private pump(): void {
    while (!this.stopped && this.active < this.options.admissionsMax) {
      const block = this.queue[this.next]
      if (block === undefined) break
      this.next += 1
      void this.admit(block)
    }
    if (this.next < this.queue.length && !this.stopped) return
    this.queue = []
    this.next = 0
    if (this.active > 0 && !this.stopped) return
    const waiting = this.waiting
    this.waiting = []
    for (const resolve of waiting) resolve()
  }

  private async admit(block: Uint8Array): Promise<void> {
    this.active += 1
    try {
      this.judge(await this.deps.admit(block))
    } catch (cause) {
      if (!this.stopped) this.deps.onFailure(cause)
    }
    this.active -= 1
    if (!this.stopped) this.giveBack(block.length)
    this.pump()
  }

  private judge(verdict: Verdict): void {
    if (this.stopped) return
    if (verdict.kind === 'reject') this.deps.onReject(verdict.why)
    else this.deps.onAdmitted()
  }

  private giveBack(bytes: number): void {
    this.returned += bytes
    if (this.returned < this.options.creditBytes / grantParts) return
    this.underWay -= this.returned
    this.deps.grant(this.returned)
    this.returned = 0
  }
}
