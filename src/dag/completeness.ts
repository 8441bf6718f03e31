// Completeness: a block is complete when its prev and all its parents are admitted and complete, so that its whole
// past is here. Heads that are complete may become parents.
// Rows: c/{block} = complete; w/{dep}{block} = block waits for dep; w/{dep}{zeros} = something waits for dep, so that
// one point read tells. A cascade takes at most 1,024 blocks a batch and goes on in the next one, also after a restart.

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
  const complete = new Set<Hash>()
  const waits = new Map<Hash, Set<Hash>>()
  /** Complete blocks whose waiters are still to be told: as written, and with what is staged. */
  let told: readonly Hash[] = []
  let queue: Hash[] = []

  const isComplete = (id: Hash): boolean => complete.has(id) || reader.get(keys.complete(id)) !== undefined
  const isWaitedFor = (id: Hash): boolean =>
    waits.has(id) || reader.get(keys.waiting(id, marker)) !== undefined
  const finish = (batch: Batch, id: Hash): void => {
    complete.add(id)
    batch.put(keys.complete(id), EMPTY)
    if (isWaitedFor(id)) queue.push(id)
  }
  const wait = (batch: Batch, dependency: Hash, id: Hash): void => {
    if (!isWaitedFor(dependency)) batch.put(keys.waiting(dependency, marker), EMPTY)
    batch.put(keys.waiting(dependency, id), EMPTY)
    waits.set(dependency, (waits.get(dependency) ?? new Set()).add(id))
  }
  /** Waiters of one block, those of the index first; at most `max`. */
  const waitersOf = async (id: Hash, max: number): Promise<readonly Hash[]> => {
    const rows = await reader.rangeAll({ ...ranges.waiting(id), keysOnly: true, limit: max + 1 })
    const waiters = new Set(rows.map(([key]) => parseWaiting(key).waiting))
    waiters.delete(marker)
    for (const waiter of waits.get(id) ?? []) waiters.add(waiter)
    return [...waiters].slice(0, max)
  }
  const tell = (batch: Batch, dependency: Hash, waiter: Hash): void => {
    batch.delete(keys.waiting(dependency, waiter))
    waits.get(dependency)?.delete(waiter)
    const waiting = header(waiter)
    if (waiting !== undefined && !isComplete(waiter) && dependencies(waiting).every(isComplete)) finish(batch, waiter)
  }
  const settle = async (batch: Batch): Promise<boolean> => {
    let budget = cascadeMax
    for (let id = queue[0]; id !== undefined && budget > 0; id = queue[0]) {
      const waiters = await waitersOf(id, budget)
      for (const waiter of waiters) tell(batch, id, waiter)
      budget -= Math.max(1, waiters.length)
      if (budget <= 0) break
      batch.delete(keys.waiting(id, marker))
      queue.shift()
    }
    return queue.length > 0
  }
  return {
    isComplete, isWaitedFor, settle,
    stage(batch, staged) {
      const missing = dependencies(staged).filter((id) => !isComplete(id))
      for (const dependency of missing) wait(batch, dependency, staged.id)
      if (missing.length === 0) finish(batch, staged.id)
    },
    commit() {
      told = [...queue]
      complete.clear()
      waits.clear()
    },
    abandon() {
      queue = [...told]
      complete.clear()
      waits.clear()
    },
    async resume(onWaited) {
      for await (const batch of reader.batches({ ...ranges.waiting(), keysOnly: true })) {
        for (const [key] of batch) {
          const { missing, waiting } = parseWaiting(key)
          if (waiting !== marker) continue
          onWaited(missing)
          if (isComplete(missing)) queue.push(missing)
        }
      }
      told = [...queue]
    }
  }
}
