// Whether the index may be believed. After an unclean stop its rows are counted in the background against the
// digest that was kept with them: a difference, or rows that cannot be read, means that LevelDB lost
// something.
// Rule: what nobody has counted is never called clean. A damaged index gets no checkpoint any more and
// loses its marker, so the next start rebuilds it from the ledger.

import { wait, type Clock, type Disk, type Log } from '../base/index.js'
import { StoreError, type Store } from '../store/index.js'

/** The scan of one index. */
export interface IndexScan {
  /** The rows do not add up: rebuild at the next start. */
  readonly damaged: boolean
  /** The last stop was clean or the scan has found every row, and nothing speaks against it since. */
  readonly vouched: boolean
  start(): void
  /** Takes note of a failure elsewhere: one of the index itself condemns it. */
  suspect(error: unknown): void
  stop(): Promise<void>
}

/** What the scan works with. */
export interface IndexScanPorts {
  readonly clock: Clock
  readonly disk: Disk
  readonly log: Log
}

/** Pause between two batches of rows: the scan takes a small part of one core. */
const PAUSE_MS = 40

/** A scan that does nothing after a clean stop. */
export function createIndexScan(store: Store, markerPath: string, ports: IndexScanPorts): IndexScan {
  return new DigestScan(store, markerPath, ports)
}

class DigestScan implements IndexScan {
  readonly #store: Store
  readonly #markerPath: string
  readonly #ports: IndexScanPorts
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #removing: Promise<void> = Promise.resolve()
  #counted = false
  #damaged = false

  constructor(store: Store, markerPath: string, ports: IndexScanPorts) {
    this.#store = store
    this.#markerPath = markerPath
    this.#ports = ports
  }

  get damaged(): boolean {
    return this.#damaged
  }

  get vouched(): boolean {
    return !this.#damaged && (this.#counted || !this.#store.unclean)
  }

  start(): void {
    if (this.#store.unclean) this.#running = this.#scan()
  }

  suspect(error: unknown): void {
    if (isDamage(error)) this.#condemn({ error: String(error) })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    // A checkpoint that was under way may have written the marker once more.
    if (this.#damaged) this.#removeMarker()
    await this.#removing
  }

  async #scan(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, log } = this.#ports
    try {
      const pause = (): Promise<void> => wait(clock, PAUSE_MS, signal)
      const { equal, rowCount } = await this.#store.verifyDigest({ pause, signal })
      if (!equal) return this.#condemn({ rows: rowCount })
      this.#counted = true
      log.info({ rows: rowCount }, 'the index holds all its rows')
    } catch (error) {
      if (isDamage(error)) this.#condemn({ error: String(error) })
      else if (!signal.aborted) log.warn({ error: String(error) }, 'the index was not scanned')
    }
  }

  #condemn(fields: object): void {
    this.#damaged = true
    this.#ports.log.error(fields, 'the index lost rows: restart the node to rebuild it from the ledger')
    this.#removeMarker()
  }

  #removeMarker(): void {
    const { disk, log } = this.#ports
    const path = this.#markerPath
    const remove = async (): Promise<void> => {
      if ((await disk.stat(path)) !== undefined) await disk.remove(path)
    }
    this.#removing = this.#removing.then(remove).catch((error: unknown) => {
      log.error({ error: String(error) }, 'the marker of a damaged index could not be removed')
    })
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'STORE_READ_FAILED' || error.code === 'STORE_BAD_ROW')
}
