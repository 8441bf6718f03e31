// The parts of ingest put together: gates in front of the ledger, the ingestor behind it, the sealer beside it.

import type { Clock, Hash, Log, Verdict } from '../base/index.js'
import type { AdmissionRules, BlockHeader, Dag } from '../dag/index.js'
import { openRecord } from '../record/index.js'
import { behind, decodeNumberRow, encodeNumberRow, keys, parseId, ranges, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import { createBacklog, type Backlog } from './backlog.js'
import { createBlockGate, type PreparedBlock } from './block-gate.js'
import { createIngestor } from './ingestor.js'
import type { IngestOptions } from './options.js'
import { createQuarantine, releaseTime, type QuarantineRow } from './quarantine.js'
import { createRecordGate } from './record-gate.js'
import { createSealer, type FeedIdentity } from './sealer.js'
import type { AdmitResult, AppliedStep } from './types.js'
import { createVerifyPool } from './verify-pool.js'

/** What ingest works on. */
export interface IngestDeps {
  readonly wal: Wal
  readonly store: Store
  readonly dag: Dag
  readonly clock: Clock
  readonly log: Log
  readonly rules: AdmissionRules
  readonly identity: FeedIdentity
  /** After each step that is in the store. */
  readonly onApplied: (step: AppliedStep) => void
  /** A block of ours is durable. */
  readonly onSealed: (block: Uint8Array, header: BlockHeader) => void
  /** False while the index is known to be damaged: a checkpoint would vouch for it. */
  readonly mayCheckpoint: () => boolean
  /** The index can no longer follow the ledger. */
  readonly onFailed: (error: Error) => void
}

/** From bytes to index: the write side of a node. */
export interface Ingest {
  /** Replays the ledger into the index, then takes writes. */
  start(): Promise<void>
  /** Takes no more, finishes what was acknowledged. */
  stop(): Promise<void>
  /** Durable before it resolves; one result a record, in order. */
  admitRecords(records: readonly Uint8Array[]): Promise<readonly AdmitResult[]>
  admitBlock(block: Uint8Array, from: string): Promise<Verdict>
  /** Seals all that waits and resolves when the index holds it. */
  flush(): Promise<void>
  /** An accepted record that no admitted block holds yet. */
  unsealedBytes(id: Hash): Uint8Array | undefined
  quarantined(limit: number): Promise<readonly QuarantineRow[]>
  counts(): IngestCounts
}

/** Gauges of ingest. */
export interface IngestCounts {
  readonly unsealed: number
  readonly unsealedBytes: number
  readonly quarantined: number
  readonly verifying: number
  /** Frames in the ledger that the index does not hold yet. */
  readonly behind: number
}

/** The write side over open parts. */
export function createIngest(options: IngestOptions, deps: IngestDeps): Ingest {
  const { wal, store, dag, clock, log } = deps
  const backlog = createBacklog()
  const prepared = new Map<Hash, PreparedBlock>()
  const pool = createVerifyPool({ workers: options.verifyWorkers, queueMax: options.verifyQueueMax }, { log })
  const quarantine = createQuarantine({ store, wal, backlog, clock, log, onReleased: () => sealer.wake() })
  const ingestor = createIngestor(options, {
    wal, store, dag, backlog, prepared, clock, log,
    governors: deps.rules.governors,
    onApplied: deps.onApplied,
    onQuarantined: (releaseMs) => quarantine.noted(releaseMs),
    mayCheckpoint: deps.mayCheckpoint,
    onFailed: deps.onFailed
  })
  const sealer = createSealer(options, {
    wal, dag, backlog, clock, log,
    identity: deps.identity,
    rules: deps.rules,
    isAdmitted: (id) => store.get(keys.record(id)) !== undefined,
    hold: (entries) => quarantine.hold(entries),
    publish: deps.onSealed
  })
  const records = createRecordGate(options, {
    wal, store, backlog, quarantine, pool, clock,
    networkId: deps.rules.networkId,
    onAccepted: () => sealer.wake()
  })
  const blocks = createBlockGate(options, {
    wal, store, dag, pool, prepared, clock, log, rules: deps.rules,
    waitFor: (sequence) => ingestor.waitFor(sequence)
  })
  let accepting = false

  return {
    async start() {
      await loadUnsealed(store, wal, backlog, clock)
      await ingestor.start()
      await quarantine.start()
      accepting = true
      sealer.wake()
    },
    async stop() {
      accepting = false
      await quarantine.stop()
      if (wal.failure === undefined) await sealer.flush()
      await sealer.stop()
      await ingestor.waitFor(wal.lastSynced).catch(() => undefined)
      await ingestor.stop()
      await pool.stop()
    },
    admitRecords(bytes) {
      if (accepting) return records.admit(bytes)
      return Promise.resolve(bytes.map(() => STOPPING))
    },
    admitBlock(block, from) {
      return accepting ? blocks.admit(block, from) : Promise.resolve({ kind: 'ignore', why: 'stopping' })
    },
    async flush() {
      await ingestor.waitFor(await sealer.flush())
    },
    unsealedBytes: (id) => backlog.get(id)?.opened.bytes,
    quarantined: (limit) => quarantine.list(limit),
    counts: () => ({
      unsealed: backlog.size,
      unsealedBytes: backlog.bytes,
      quarantined: quarantine.count,
      verifying: pool.queued,
      behind: wal.lastSynced - ingestor.applied
    })
  }
}

const STOPPING: AdmitResult = { kind: 'refused', code: 'NODE_STOPPING', rule: 'the node is starting or stopping' }
const LOAD_ROWS = 1_024

/** Fills the backlog from the `u/` rows; a record whose time has not come by this clock goes to `Q:`. */
async function loadUnsealed(store: Store, wal: Wal, backlog: Backlog, clock: Clock): Promise<void> {
  let after: Uint8Array | undefined
  for (;;) {
    const rest = after === undefined ? ranges.unsealed() : behind(ranges.unsealed(), after)
    const found = await store.rangeAll({ ...rest, limit: LOAD_ROWS })
    const frames = await wal.readMany(found.map(([, value]) => decodeNumberRow(value)))
    const batch = store.batch()
    found.forEach(([key], index) => {
      const id = parseId('unsealed', key)
      const frame = frames[index]
      const opened = frame === undefined ? undefined : openRecord(frame.payload)
      if (frame === undefined || opened === undefined || opened.grade === 'invalid') return
      const releaseMs = releaseTime(opened.timestampMs)
      if (releaseMs <= clock.nowMs()) return void backlog.add(opened, frame.sequence, true)
      batch.delete(key)
      batch.put(keys.quarantined(releaseMs, id), encodeNumberRow(frame.sequence))
    })
    await store.write(batch)
    after = found[found.length - 1]?.[0]
    if (found.length < LOAD_ROWS) return
  }
}
