// How far the index has followed the ledger, and who waits for it to get somewhere.

/** The place of the index in the ledger. */
export interface IngestProgress {
  /** Last WAL sequence that the store holds. */
  readonly applied: number
  /** Resolves when the store holds the frame; rejects when it cannot get there any more. */
  waitFor(sequence: number): Promise<void>
  /** True when somebody waits for a frame up to this one. */
  isAwaited(sequence: number): boolean
  /** The store holds all frames up to this one. */
  advance(sequence: number): void
  /** Nothing further will be applied. The first reason stays. */
  fail(error: Error): void
}

interface Waiter {
  readonly sequence: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** A place in the ledger to begin with. */
export function createProgress(applied: number): IngestProgress {
  return new LedgerProgress(applied)
}

class LedgerProgress implements IngestProgress {
  readonly #waiters: Waiter[] = []
  #applied: number
  #failure: Error | undefined

  constructor(applied: number) {
    this.#applied = applied
  }

  get applied(): number {
    return this.#applied
  }

  waitFor(sequence: number): Promise<void> {
    if (sequence <= this.#applied) return Promise.resolve()
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => void this.#waiters.push({ sequence, resolve, reject }))
  }

  isAwaited(sequence: number): boolean {
    return this.#waiters.some((waiter) => waiter.sequence <= sequence)
  }

  advance(sequence: number): void {
    this.#applied = Math.max(this.#applied, sequence)
    this.#settle()
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#settle()
  }

  #settle(): void {
    let kept = 0
    for (const waiter of this.#waiters) {
      if (waiter.sequence <= this.#applied) waiter.resolve()
      else if (this.#failure !== undefined) waiter.reject(this.#failure)
      else this.#waiters[kept++] = waiter
    }
    this.#waiters.length = kept
  }
}
