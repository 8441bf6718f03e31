// Publication: a new trust snapshot becomes the one that views are computed under.
// Rule: the snapshot is current from the batch that notes its sweep, and no view is computed between that
// batch and the moment at which lenses read it. One at a time.

import type { Log } from '../base/index.js'
import type { Batch, Store } from '../store/index.js'
import { MaterializerError } from './errors.js'
import { continueTrustSweep, isTrustSwept, noteTrustSweep, type SweptKey } from './trust-sweep.js'

/** A snapshot that is about to be published. */
export interface Publication {
  /** Counts published snapshots; greater than any before. */
  readonly generation: number
  /** Adds what makes it current to the batch that notes the sweep. */
  stage(batch: Batch): void
  /** The batch is written: from now on lenses read this snapshot. */
  committed(): void
  /** The next keys that read a changed value, at most `limit`; none = that was all. A failure marks all. */
  affected(limit: number): Promise<readonly SweptKey[]>
}

/** Takes publications through the passes of a materializer. */
export interface Publisher {
  /** Resolves when the snapshot is current and all marks are written. */
  publish(publication: Publication): Promise<void>
  /** One step of what is due. True = there were marks to write, and more may follow. */
  step(): Promise<boolean>
  /** Rejects the publication that is under way. */
  abort(error: unknown): void
  /** Publications since the start. */
  readonly total: number
}

interface Due {
  readonly publication: Publication
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  begun: boolean
  /** The keys can no longer be listed. */
  lost: boolean
}

/** A publisher without work but what the index says was cut off. */
export function createPublisher(
  keysMax: number, deps: { readonly store: Store; readonly log: Log; readonly wake: () => void }
): Publisher {
  const { store, log, wake } = deps
  let due: Due | undefined
  let total = 0
  const begin = async (to: Due): Promise<void> => {
    const batch = store.batch()
    to.publication.stage(batch)
    noteTrustSweep(batch, to.publication.generation)
    await store.write(batch)
    to.publication.committed()
    to.begun = true
    total += 1
  }
  const list = async (of: Due): Promise<readonly SweptKey[] | undefined> => {
    if (of.lost) return undefined
    try {
      return await of.publication.affected(keysMax)
    } catch (error) {
      log.warn({ reason: String(error) }, 'what a change of trust touches is not known: all views are marked')
      of.lost = true
      return undefined
    }
  }
  return {
    publish(publication) {
      if (due !== undefined) return Promise.reject(busy())
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      due = { publication, resolve, reject, begun: false, lost: false }
      wake()
      return promise
    },
    async step() {
      const now = due
      if (now === undefined && isTrustSwept(store)) return false
      // A sweep that was cut off comes first: its snapshot is current already.
      const cutOff = now?.begun !== true && !isTrustSwept(store)
      if (now !== undefined && !now.begun && !cutOff) await begin(now)
      const batch = store.batch()
      const listed = now === undefined || cutOff ? undefined : await list(now)
      const more = await continueTrustSweep(store, batch, keysMax, listed)
      await store.write(batch)
      if (more || cutOff) return true
      if (now !== undefined) {
        due = undefined
        now.resolve()
      }
      return false
    },
    abort(error) {
      due?.reject(error)
      due = undefined
    },
    get total() { return total }
  }
}

function busy(): MaterializerError {
  return new MaterializerError({ code: 'MATERIALIZER_BUSY' }, 'a snapshot is being published')
}
