// Patience with a full disk: what cannot be left undone is tried again until there is room.

import { wait, type Clock, type Log } from '../base/index.js'
import { StoreError } from '../store/index.js'
import { WalError } from '../wal/index.js'

/** Waits for room on the disk, for one piece of work at a time. */
export interface RoomWait {
  /** The last attempt found no room. */
  readonly waiting: boolean
  /** Does the work, again while index or log have no room for it; once stopped, fails with their error. */
  retry<T>(work: () => Promise<T>): Promise<T>
}

/** Pause before a full disk is tried again. */
const FULL_DISK_MS = 1_000

/** @param stopping ends the patience */
export function createRoomWait(
  { clock, log }: { readonly clock: Clock; readonly log: Log }, stopping: AbortSignal
): RoomWait {
  let waiting = false
  return {
    get waiting() { return waiting },
    async retry(work) {
      for (;;) {
        try {
          const result = await work()
          waiting = false
          return result
        } catch (error) {
          waiting = hasNoRoom(error)
          if (!waiting || stopping.aborted) throw error
          log.warn({ error: String(error) }, 'there is no room: the index waits for it')
          await wait(clock, FULL_DISK_MS, stopping)
        }
      }
    }
  }
}

/** True when the same work may pass later. */
function hasNoRoom(error: unknown): boolean {
  if (error instanceof StoreError) return error.code === 'STORE_NO_SPACE'
  return error instanceof WalError && (error.code === 'WAL_NO_SPACE' || error.code === 'WAL_BUSY')
}
