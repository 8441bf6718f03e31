// Wanted: blocks that admitted ones name as parents and that are not here. A list to ask peers by; the rows
// of completeness know all, this remembers the latest.

import { type Hash } from '../base/index.js'

/** Missing parents, bounded. */
export interface Wanted {
  add(id: Hash): void
  remove(id: Hash): void
  all(): readonly Hash[]
  readonly size: number
}

/** Remembers up to `idsMax` ids; the oldest gives way. */
export function createWanted(idsMax: number): Wanted {
  const ids = new Set<Hash>()
  return {
    add(id) {
      ids.add(id)
      if (ids.size <= idsMax) return
      for (const oldest of ids) {
        ids.delete(oldest)
        return
      }
    },
    remove: (id) => void ids.delete(id),
    all: () => [...ids],
    get size() { return ids.size }
  }
}
