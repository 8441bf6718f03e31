// Records ahead of their time: durable in the ledger, listed under `Q:`, and put into the backlog when the
// clock has reached them. Whether a record belongs here is asked of the clock at ingest and again at every
// replay. Bounded per agent and in all; the counts are rebuilt from the rows at start.

import { TIME_LIMITS, type Clock, type Hash, type Log, type PublicKey, type Timer } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import { keys, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import type { Backlog, BacklogEntry } from './backlog.js'
import {
  allRows, holdRows, loadRows, nextRelease, releaseRows, releaseTime, type QuarantineRow
} from './quarantine-rows.js'

/** The quarantine of a node. */
export interface Quarantine {
  start(): Promise<void>
  stop(): Promise<void>
  /** True when the record is here, or on its way through the ledger. */
  has(id: Hash, timestampMs: number): boolean
  /** Takes a place for one more record; false when its agent or the node has no place left. */
  reserve(opened: OpenedRecord): boolean
  /** Gives the place of a record back, if it has one: it was not written, or its time has come meanwhile. */
  cancel(id: Hash): void
  /** The record's row is written, and its place was taken before. */
  noted(id: Hash, releaseMs: number): void
  /** Takes entries back out of the backlog, because the clock was set back since they were accepted. */
  hold(entries: readonly BacklogEntry[]): Promise<void>
  list(limit: number): Promise<readonly QuarantineRow[]>
  readonly count: number
}

/** What the quarantine works on. */
export interface QuarantineDeps {
  readonly store: Store
  readonly wal: Wal
  readonly backlog: Backlog
  readonly clock: Clock
  readonly log: Log
  /** Records were put into the backlog. */
  readonly onReleased: () => void
}

/** Records held in all, so that a crowd of agents cannot fill the disk through the quarantine. */
const RECORDS_MAX = 100_000
/** Rows released in one step. */
const STEP_ROWS = 256
/** A timer never sleeps longer: the wall clock may be set forward meanwhile. */
const SLEEP_MS_MAX = 60_000
/** Pause after a release that failed. */
const RETRY_MS = 1_000

/** A quarantine over an open store. */
export function createQuarantine(deps: QuarantineDeps): Quarantine {
  return new RecordQuarantine(deps)
}

class RecordQuarantine implements Quarantine {
  readonly #deps: QuarantineDeps
  readonly #perAgent = new Map<PublicKey, number>()
  /** Places taken for records that have no row yet. */
  readonly #reserved = new Map<Hash, PublicKey>()
  #count = 0
  #timer: Timer | undefined
  /** When the timer runs, on the monotonic clock. */
  #dueMs = Number.POSITIVE_INFINITY
  #running: Promise<void> = Promise.resolve()
  #stopped = true

  constructor(deps: QuarantineDeps) {
    this.#deps = deps
  }

  get count(): number {
    return this.#count
  }

  async start(): Promise<void> {
    this.#stopped = false
    for await (const row of allRows(this.#deps)) this.#change(row.opened.agentId, 1)
    await this.#release()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  has(id: Hash, timestampMs: number): boolean {
    if (this.#count === 0) return false
    if (this.#reserved.has(id)) return true
    return this.#deps.store.get(keys.quarantined(releaseTime(timestampMs), id)) !== undefined
  }

  reserve({ id, agentId }: OpenedRecord): boolean {
    if (this.#count >= RECORDS_MAX) return false
    if ((this.#perAgent.get(agentId) ?? 0) >= TIME_LIMITS.quarantinePerAgentMax) return false
    this.#change(agentId, 1)
    this.#reserved.set(id, agentId)
    return true
  }

  cancel(id: Hash): void {
    const agentId = this.#reserved.get(id)
    if (agentId !== undefined && this.#reserved.delete(id)) this.#change(agentId, -1)
  }

  noted(id: Hash, releaseMs: number): void {
    this.#reserved.delete(id)
    this.#arm(releaseMs - this.#deps.clock.nowMs())
  }

  async hold(entries: readonly BacklogEntry[]): Promise<void> {
    const { backlog, store } = this.#deps
    for (const { opened } of entries) {
      this.#change(opened.agentId, 1)
      backlog.remove(opened.id)
    }
    await holdRows(store, entries)
    this.#arm(0)
  }

  async list(limit: number): Promise<readonly QuarantineRow[]> {
    const rows = await loadRows(this.#deps, limit)
    return rows.map(({ id, releaseMs, opened }) => ({ id, agentId: opened.agentId, releaseMs }))
  }

  #change(agentId: PublicKey, by: number): void {
    const next = (this.#perAgent.get(agentId) ?? 0) + by
    this.#count += by
    if (next > 0) this.#perAgent.set(agentId, next)
    else this.#perAgent.delete(agentId)
  }

  async #release(): Promise<void> {
    const { backlog, clock, log, onReleased, store } = this.#deps
    for (;;) {
      const due = await loadRows(this.#deps, STEP_ROWS, clock.nowMs())
      if (due.length === 0) break
      const moved = await releaseRows(store, due)
      for (const { opened } of due) this.#change(opened.agentId, -1)
      for (const { opened, sequence } of moved) backlog.add(opened, sequence, true)
      log.info({ records: moved.length }, 'quarantined records released')
      onReleased()
    }
    const nextMs = await nextRelease(store)
    if (nextMs !== undefined) this.#arm(nextMs - clock.nowMs())
  }

  /** Looks again after `delayMs`, or earlier if that was planned already. */
  #arm(delayMs: number): void {
    const { clock, log } = this.#deps
    const waitMs = Math.min(Math.max(delayMs, 0), SLEEP_MS_MAX)
    const dueMs = clock.monotonicMs() + waitMs
    if (this.#stopped || dueMs >= this.#dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = clock.setTimer(waitMs, () => {
      this.#dueMs = Number.POSITIVE_INFINITY
      this.#running = this.#running.then(() => this.#release()).catch((error: unknown) => {
        log.error({ error: String(error) }, 'quarantine release failed')
        this.#arm(RETRY_MS)
      })
    })
  }
}
