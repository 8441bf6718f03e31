// Whether the index may be believed. After an unclean stop, and once a day, its rows are counted in the
// background against the digest that was kept with them: a difference, or rows that cannot be read, means
// that LevelDB lost something.
// Rule: what nobody has counted is never called clean. A damaged index gets no checkpoint any more and is
// condemned in its marker, so the next start rebuilds it from the ledger.

import { wait, type Clock, type Log, type Timer } from '../base/index.js'
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
  /**
   * Counts all rows now, whatever was counted before.
   * @returns false when the index is damaged; true also when the scan was given up
   */
  rescan(signal: AbortSignal): Promise<boolean>
  stop(): Promise<void>
}

/** What the scan works with. */
export interface IndexScanPorts {
  readonly clock: Clock
  readonly log: Log
}

/** The store, as far as a scan needs it. */
export type ScannedStore = Pick<Store, 'unclean' | 'verifyDigest' | 'condemn'>

/** Pause between two batches of rows: the scan takes a small part of one core. */
const PAUSE_MS = 40
/** From one count to the next: what rots under a node that runs for months is found within a day. */
export const COUNT_EVERY_MS = 86_400_000

/** A scan that waits for its first day after a clean stop. */
export function createIndexScan(store: ScannedStore, ports: IndexScanPorts): IndexScan {
  return new DigestScan(store, ports)
}

class DigestScan implements IndexScan {
  readonly #store: ScannedStore
  readonly #ports: IndexScanPorts
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #condemning: Promise<void> = Promise.resolve()
  #timer: Timer | undefined
  #noted = false
  #counted = false
  #damaged = false

  constructor(store: ScannedStore, ports: IndexScanPorts) {
    this.#store = store
    this.#ports = ports
  }

  get damaged(): boolean {
    return this.#damaged
  }

  get vouched(): boolean {
    return !this.#damaged && (this.#counted || !this.#store.unclean)
  }

  start(): void {
    if (this.#store.unclean) this.#running = this.#scan(this.#stopping.signal)
    this.#arm()
  }

  #arm(): void {
    const { signal } = this.#stopping
    if (signal.aborted || this.#damaged) return
    this.#timer = this.#ports.clock.setTimer(COUNT_EVERY_MS, () => {
      void this.rescan(signal).then(() => this.#arm())
    })
  }

  suspect(error: unknown): void {
    if (isDamage(error)) this.#condemn({ error: String(error) })
  }

  async rescan(signal: AbortSignal): Promise<boolean> {
    this.#running = this.#running.then(() => this.#scan(signal))
    await this.#running
    return !this.#damaged
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#timer?.cancel()
    await this.#running
    // It may have been impossible before, for want of space.
    if (this.#damaged) this.#note()
    await this.#condemning
  }

  async #scan(signal: AbortSignal): Promise<void> {
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
    if (this.#damaged) return
    this.#damaged = true
    this.#ports.log.error(fields, 'the index lost rows: restart the node to rebuild it from the ledger')
    this.#note()
  }

  #note(): void {
    this.#condemning = this.#condemning.then(async () => {
      if (this.#noted) return
      await this.#store.condemn()
      this.#noted = true
    }).catch((error: unknown) => {
      this.#ports.log.error({ error: String(error) }, 'that the index is damaged could not be noted')
    })
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'STORE_READ_FAILED' || error.code === 'STORE_BAD_ROW')
}
