// Completeness: a block is complete when its prev and all its parents are admitted and complete, so that its
// whole past is here. Heads that are complete may become parents.
// Rows: c/{block} = complete; w/{dep}{block} = block waits for dep; w/{dep}{zeros} = something waits for
// dep, so that one point read tells. A cascade takes at most 1,024 blocks a batch and goes on in the next
// one, also after a restart.

import { hashOf, type Hash } from '../base/index.js'
import { EMPTY, keys, parseWaiting, ranges, type Batch, type Reader } from '../store/index.js'
import { type BlockHeader } from './header.js'

/** Completeness over the index, with what is staged on top. */
export interface Completeness {
  isComplete(id: Hash): boolean
  /** Some admitted or staged block names this one, which was not complete then. */
  isWaitedFor(id: Hash): boolean
  stage(batch: Batch, header: BlockHeader): void
  settle(batch: Batch): Promise<boolean>
  commit(): void
  abandon(): void
  /** Finds cascades that a stop cut off. @param onWaited called for each block that others wait for */
  resume(onWaited: (id: Hash) => void): Promise<void>
}

/** Blocks that one batch makes complete or looks at. */
export const cascadeMax = 1_024

const marker = hashOf(new Uint8Array(32))

/** Blocks that a block's completeness rests on. */
export function dependencies(header: BlockHeader): readonly Hash[] {
  return header.prev === undefined ? header.parents : [header.prev, ...header.parents]
}

/** Completeness over an index. `header` also knows staged blocks. */
export function createCompleteness(
  reader: Reader, header: (id: Hash) => BlockHeader | undefined
): Completeness {
  return new Cascade(reader, header)
}

class Cascade implements Completeness {
  private readonly reader: Reader
  private readonly header: (id: Hash) => BlockHeader | undefined
  private readonly complete = new Set<Hash>()
  private readonly waits = new Map<Hash, Set<Hash>>()
  /** Complete blocks whose waiters are still to be told: with what is staged, and as written. */
  private queue: Hash[] = []
  private written: readonly Hash[] = []

  constructor(reader: Reader, header: (id: Hash) => BlockHeader | undefined) {
    this.reader = reader
    this.header = header
  }

  isComplete(id: Hash): boolean {
    return this.complete.has(id) || this.reader.get(keys.complete(id)) !== undefined
  }

  isWaitedFor(id: Hash): boolean {
    return this.waits.has(id) || this.reader.get(keys.waiting(id, marker)) !== undefined
  }

  stage(batch: Batch, header: BlockHeader): void {
    const missing = dependencies(header).filter((id) => !this.isComplete(id))
    for (const dependency of missing) this.wait(batch, dependency, header.id)
    if (missing.length === 0) this.finish(batch, header.id)
  }

  async settle(batch: Batch): Promise<boolean> {
    let budget = cascadeMax
    for (let id = this.queue[0]; id !== undefined && budget > 0; id = this.queue[0]) {
      const waiters = await this.waitersOf(id, budget)
      for (const waiter of waiters) this.tell(batch, id, waiter)
      budget -= Math.max(1, waiters.length)
      if (budget <= 0) break
      batch.delete(keys.waiting(id, marker))
      this.queue.shift()
    }
    return this.queue.length > 0
  }

  commit(): void {
    this.written = [...this.queue]
    this.complete.clear()
    this.waits.clear()
  }

  abandon(): void {
    this.queue = [...this.written]
    this.complete.clear()
    this.waits.clear()
  }

  async resume(onWaited: (id: Hash) => void): Promise<void> {
    for await (const batch of this.reader.batches({ keysOnly: true, ...ranges.waiting() })) {
      for (const [key] of batch) {
        const { missing, waiting } = parseWaiting(key)
        if (waiting !== marker) continue
        onWaited(missing)
        if (this.isComplete(missing)) this.queue.push(missing)
      }
    }
    this.written = [...this.queue]
  }

  private finish(batch: Batch, id: Hash): void {
    this.complete.add(id)
    batch.put(keys.complete(id), EMPTY)
    if (this.isWaitedFor(id)) this.queue.push(id)
  }

  private wait(batch: Batch, dependency: Hash, id: Hash): void {
    if (!this.isWaitedFor(dependency)) batch.put(keys.waiting(dependency, marker), EMPTY)
    batch.put(keys.waiting(dependency, id), EMPTY)
    this.waits.set(dependency, (this.waits.get(dependency) ?? new Set()).add(id))
  }

  /** Waiters of one block, those of the index first; at most `max`. */
  private async waitersOf(id: Hash, max: number): Promise<readonly Hash[]> {
    const rows = await this.reader.rangeAll({ keysOnly: true, limit: max + 1, ...ranges.waiting(id) })
    const waiters = new Set(rows.map(([key]) => parseWaiting(key).waiting))
    waiters.delete(marker)
    for (const waiter of this.waits.get(id) ?? []) waiters.add(waiter)
    return [...waiters].slice(0, max)
  }

  private tell(batch: Batch, dependency: Hash, waiter: Hash): void {
    batch.delete(keys.waiting(dependency, waiter))
    this.waits.get(dependency)?.delete(waiter)
    const waiting = this.header(waiter)
    if (waiting === undefined || this.isComplete(waiter)) return
    if (dependencies(waiting).every((id) => this.isComplete(id))) this.finish(batch, waiter)
  }
}
