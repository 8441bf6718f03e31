// Heads: admitted blocks that no admitted block names as prev or parent.
// Rule: a block that arrives after one that names it is no head. Order of admission is kept, the newest last.

import { BLOCK_LIMITS, type Hash } from '../base/index.js'
import { EMPTY, keys, type Batch } from '../store/index.js'
import { dependencies, type Completeness } from './completeness.js'
import { type BlockHeader } from './header.js'

/** Heads in memory, with what is staged on top. */
export interface Heads {
  stage(batch: Batch, header: BlockHeader, referred: boolean): void
  commit(): void
  abandon(): void
  load(id: Hash): void
  all(): readonly Hash[]
  readonly size: number
  /** Up to 8 complete heads, the newest, that pass the filter; ascending. */
  parents(completeness: Completeness, passes: (id: Hash) => boolean): readonly Hash[]
}

/** Heads that a search for parents looks at. */
const searchMax = 256

/** No heads. */
export function createHeads(): Heads {
  const heads = new Set<Hash>()
  const staged = new Set<Hash>()
  let changes: (() => void)[] = []

  return {
    stage(batch, header, referred) {
      for (const id of dependencies(header)) {
        if (!heads.has(id) && !staged.has(id)) continue
        batch.delete(keys.head(id))
        staged.delete(id)
        changes.push(() => void heads.delete(id))
      }
      if (referred) return
      batch.put(keys.head(header.id), EMPTY)
      staged.add(header.id)
      changes.push(() => void heads.add(header.id))
    },
    commit() {
      for (const change of changes) change()
      changes = []
      staged.clear()
    },
    abandon() {
      changes = []
      staged.clear()
    },
    load: (id) => void heads.add(id),
    all: () => [...heads],
    get size() { return heads.size },
    parents(completeness, passes) {
      const newest = [...heads].slice(-searchMax).reverse()
      const found: Hash[] = []
      for (const id of newest) {
        if (found.length === BLOCK_LIMITS.parentsMax) break
        if (completeness.isComplete(id) && passes(id)) found.push(id)
      }
      return found.sort()
    }
  }
}
