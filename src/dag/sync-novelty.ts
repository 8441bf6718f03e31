// Novelty: which of the blocks that a session brings are new here.
// Rule: a block is progress when it was neither here nor waiting as it came, and is one of both once it is
// through. What is known, put off or dropped is none, however often it is sent.

import { type Hash } from '../base/index.js'
import { type BlockHeader } from './header.js'
import { type Dag } from './types.js'

/** A block as it came; no header where its form is another version's, or none. */
export interface Arrival {
  readonly block: Uint8Array
  readonly header: BlockHeader | undefined
}

/** Tells what is new. */
export interface Novelty {
  /** Notes blocks before their admission. */
  arrived(arrivals: readonly Arrival[]): void
  /** A block is through. @returns its bytes when it was new here, else 0 */
  through(block: Uint8Array): number
}

/** Novelty in the eyes of a graph. */
export function createNovelty(dag: Pick<Dag, 'holds' | 'pending'>): Novelty {
  const unknown = new WeakMap<Uint8Array, Hash>()
  const isHere = (id: Hash): boolean => dag.holds(id) || dag.pending.has(id)
  return {
    arrived(arrivals) {
      for (const { block, header } of arrivals) {
        if (header !== undefined && !isHere(header.id)) unknown.set(block, header.id)
      }
    },
    through(block) {
      const id = unknown.get(block)
      return id !== undefined && isHere(id) ? block.length : 0
    }
  }
}
