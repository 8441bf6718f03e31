// After an unclean stop the rows of the index are counted in the background against the digest that was kept with
// them. A difference means that LevelDB lost something without a word: no checkpoint vouches for the index any more,
// and without its marker the next start rebuilds it from the ledger.

import type { Clock, Disk, Log } from '../base/index.js'
import { wait } from '../base/index.js'
import type { Store } from '../store/index.js'

/** The scan of one index. */
export interface IndexScan {
  /** The rows do not add up: rebuild at the next start. */
  readonly damaged: boolean
  start(): void
  stop(): Promise<void>
}

/** Pause between two batches of rows: the scan takes a small part of one core. */
const PAUSE_MS = 40

/** A scan that does nothing after a clean stop. */
export function createIndexScan(
  store: Store,
  markerPath: string,
  ports: { readonly clock: Clock; readonly disk: Disk; readonly log: Log }
): IndexScan {
  const { clock, disk, log } = ports
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let damaged = false

  async function scan(): Promise<void> {
    const pause = (): Promise<void> => wait(clock, PAUSE_MS, stopping.signal)
    const { equal, rowCount } = await store.verifyDigest({ pause, signal: stopping.signal })
    if (stopping.signal.aborted) return
    if (equal) return log.info({ rows: rowCount }, 'the index holds all its rows')
    damaged = true
    log.error({ rows: rowCount }, 'the index lost rows: restart the node to rebuild it from the ledger')
    await disk.remove(markerPath)
  }

  return {
    get damaged() {
      return damaged
    },
    start() {
      if (!store.unclean) return
      running = scan().catch((error: unknown) => log.warn({ error: String(error) }, 'the index was not scanned'))
    },
    async stop() {
      stopping.abort()
      await running
    }
  }
}
