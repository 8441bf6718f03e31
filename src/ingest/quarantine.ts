// Records ahead of their time: durable in the ledger, listed under `Q:`, and put into the backlog when the clock has
// reached them. Whether a record belongs here is asked of the clock at ingest and again at every replay.
// Bounded per agent and in all; the counts are rebuilt from the rows at start.

import { TIME_LIMITS, type Clock, type Hash, type Log, type PublicKey, type Timer } from '../base/index.js'
import { openRecord } from '../record/index.js'
import { decodeNumberRow, encodeNumberRow, keys, parseQuarantined, ranges, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import type { Backlog, BacklogEntry } from './backlog.js'

/** One quarantined record. */
export interface QuarantineRow {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly releaseMs: number
}

/** The quarantine of a node. */
export interface Quarantine {
  start(): Promise<void>
  stop(): Promise<void>
  has(id: Hash, timestampMs: number): boolean
  /** Takes a place for one more record of the agent; false when the agent or the node has no place left. */
  reserve(agentId: PublicKey): boolean
  /** Gives a place back whose record was not written. */
  cancel(agentId: PublicKey): void
  /** A row was written at ingest. `reserved`: its place was taken before. */
  noted(releaseMs: number): void
  /** Takes entries back out of the backlog, because the clock was set back since they were accepted. */
  hold(entries: readonly BacklogEntry[]): Promise<void>
  list(limit: number): Promise<readonly QuarantineRow[]>
  readonly count: number
}

/** Records held in all, so that a crowd of agents cannot fill the disk through the quarantine. */
const RECORDS_MAX = 100_000
/** Rows released in one step. */
const STEP_ROWS = 256
/** A timer never sleeps longer: the wall clock may be set forward meanwhile. */
const SLEEP_MS_MAX = 60_000

/** When a record of this timestamp may be admitted. */
export function releaseTime(timestampMs: number): number {
  return Math.max(0, timestampMs - TIME_LIMITS.gatewayAheadMsMax)
}

/** A quarantine over an open store. */
export function createQuarantine(deps: {
  readonly store: Store
  readonly wal: Wal
  readonly backlog: Backlog
  readonly clock: Clock
  readonly log: Log
  readonly onReleased: () => void
}): Quarantine {
  const { store, wal, backlog, clock } = deps
  const perAgent = new Map<PublicKey, number>()
  let count = 0
  let timer: Timer | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = true

  function change(agentId: PublicKey, by: number): void {
    const next = (perAgent.get(agentId) ?? 0) + by
    count += by
    if (next > 0) perAgent.set(agentId, next)
    else perAgent.delete(agentId)
  }

  async function read(limit: number, dueMs?: number): Promise<(QuarantineRow & { sequence: number })[]> {
    const found = await store.rangeAll({ ...ranges.quarantined(dueMs), limit })
    const listed: (QuarantineRow & { sequence: number })[] = []
    const frames = await wal.readMany(found.map(([, value]) => decodeNumberRow(value)))
    found.forEach(([key, value], index) => {
      const frame = frames[index]
      const opened = frame === undefined ? undefined : openRecord(frame.payload)
      if (opened === undefined || opened.grade === 'invalid') return
      const { agentId } = opened
      listed.push({ ...parseQuarantined(key), agentId, sequence: decodeNumberRow(value) })
    })
    return listed
  }

  async function release(): Promise<void> {
    for (;;) {
      const due = await read(STEP_ROWS, clock.nowMs())
      if (due.length === 0) break
      const batch = store.batch()
      for (const row of due) {
        batch.delete(keys.quarantined(row.releaseMs, row.id))
        batch.put(keys.unsealed(row.id), encodeNumberRow(row.sequence))
      }
      await store.write(batch)
      for (const frame of await wal.readMany(due.map((row) => row.sequence))) {
        const opened = openRecord(frame.payload)
        if (opened.grade === 'invalid') continue
        change(opened.agentId, -1)
        backlog.add(opened, frame.sequence, true)
      }
      deps.log.info({ records: due.length }, 'quarantined records released')
      deps.onReleased()
    }
    await sleep()
  }

  async function sleep(): Promise<void> {
    const next = await store.rangeAll({ ...ranges.quarantined(), limit: 1 })
    const first = next[0] === undefined ? undefined : parseQuarantined(next[0][0])
    if (first !== undefined) arm(first.releaseMs - clock.nowMs())
  }

  function arm(delayMs: number): void {
    timer?.cancel()
    if (stopped) return
    timer = clock.setTimer(Math.min(Math.max(delayMs, 0), SLEEP_MS_MAX), () => {
      running = running.then(release).catch((error: unknown) => {
        deps.log.error({ error: String(error) }, 'quarantine release failed')
      })
    })
  }

  return {
    async start() {
      stopped = false
      for (const row of await read(RECORDS_MAX)) change(row.agentId, 1)
      await release()
    },
    async stop() {
      stopped = true
      timer?.cancel()
      await running
    },
    has: (id, timestampMs) => store.get(keys.quarantined(releaseTime(timestampMs), id)) !== undefined,
    reserve(agentId) {
      if (count >= RECORDS_MAX) return false
      if ((perAgent.get(agentId) ?? 0) >= TIME_LIMITS.quarantinePerAgentMax) return false
      change(agentId, 1)
      return true
    },
    cancel: (agentId) => change(agentId, -1),
    noted: (releaseMs) => arm(releaseMs - clock.nowMs()),
    async hold(entries) {
      const batch = store.batch()
      for (const { opened, sequence } of entries) {
        batch.delete(keys.unsealed(opened.id))
        batch.put(keys.quarantined(releaseTime(opened.timestampMs), opened.id), encodeNumberRow(sequence))
        change(opened.agentId, 1)
        backlog.remove(opened.id)
      }
      await store.write(batch)
      arm(0)
    },
    list: async (limit) => (await read(limit)).map(({ id, agentId, releaseMs }) => ({ id, agentId, releaseMs })),
    get count() {
      return count
    }
  }
}
