// The parts of ingest put together: gates before the ledger, the ingestor behind it, the sealer beside it.

import { wait, type Clock, type Disk, type Hash, type Log, type PublicKey, type Verdict } from '../base/index.js'
import type { AdmissionRules, BlockHeader, Dag, RepairOutcome } from '../dag/index.js'
import { verifySignature, type VerifySignature } from '../record/index.js'
import { keys, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import { createBacklog, type Backlog, type BacklogEntry } from './backlog.js'
import { createBlockGate, type BlockGate } from './block-gate.js'
import { createBlockRate } from './block-rate.js'
import { createDiskRoom } from './disk-room.js'
import { createIngestor, type Ingestor } from './ingestor.js'
import type { IngestOptions } from './options.js'
import type { FeedIdentity } from './own-block.js'
import type { QuarantineRow } from './quarantine-rows.js'
import { createQuarantine, type Quarantine } from './quarantine.js'
import { createRecordGate, type RecordGate } from './record-gate.js'
import { repairBlock, type RepairDeps } from './repair.js'
import { READ_ONLY, STOPPING } from './refusals.js'
import { createSealer, type Sealer } from './sealer.js'
import type { AdmitResult, AppliedStep, PreparedBlock } from './types.js'
import { loadUnsealed } from './unsealed.js'
import { createVerifyPool, type VerifyPool } from './verify-pool.js'

/** What ingest works on. */
export interface IngestDeps {
  readonly wal: Wal
  readonly store: Store
  readonly dag: Dag
  readonly clock: Clock
  readonly log: Log
  readonly rules: AdmissionRules
  /** The key of this node. */
  readonly self: PublicKey
  /** The disk that the ledger and the index grow on, and a directory there. */
  readonly disk: Pick<Disk, 'freeBytes' | 'totalBytes'>
  readonly directory: string
  /** Checks signatures on this thread. @default verifySignature */
  readonly verify?: VerifySignature
  /** After each step that is in the store. */
  readonly onApplied: (step: AppliedStep) => void
  /** The clock stands before the last block of the feed; nothing is sealed until `seal` names another. */
  readonly onClockBehind: () => void
  /** A block of ours is left out of the index: the clock stands well before it. Its feed must not go on. */
  readonly onWithheld: (header: BlockHeader) => void
  /** A block of another node's delivery is well signed. */
  readonly onVerified: (header: BlockHeader) => void
  /** A block came that was here and had lost its rows: they are written anew. */
  readonly onPutBack: (id: Hash) => void
  /** A block of ours is durable. */
  readonly onSealed: (block: Uint8Array, header: BlockHeader) => void
  /** False while the index is known to be damaged: a checkpoint would vouch for it. */
  readonly mayCheckpoint: () => boolean
  /** The index can no longer follow the ledger. */
  readonly onFailed: (error: Error) => void
}

/** From bytes to index: the write side of a node. */
export interface Ingest {
  /** Replays the ledger into the index, then takes writes; they wait to be sealed until `seal`. */
  start(): Promise<void>
  /** Seals into this feed from now on, also in place of another one. */
  seal(identity: FeedIdentity): Promise<void>
  /** Seals nothing more until `seal` names a feed; writes wait meanwhile. */
  halt(): void
  /** Takes no more, finishes what was acknowledged. */
  stop(): Promise<void>
  /** Durable before it resolves; one result a record, in order. */
  admitRecords(records: readonly Uint8Array[]): Promise<readonly AdmitResult[]>
  admitBlock(block: Uint8Array, from: string): Promise<Verdict>
  /**
   * Seals all that waits and resolves when the index holds it. While an old feed waits to be confirmed, this
   * waits with it.
   */
  flush(): Promise<void>
  /** Puts a block back whose rows the index lost or holds changed; see repair.ts. */
  repairBlock(id: Hash, block: Uint8Array): Promise<RepairOutcome>
  /** An accepted record that no admitted block holds yet. */
  unsealedBytes(id: Hash): Uint8Array | undefined
  quarantined(limit: number): Promise<readonly QuarantineRow[]>
  counts(): IngestCounts
  /** Why the index no longer follows the ledger; such a node takes no writes. */
  readonly failure: Error | undefined
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

interface Parts {
  readonly backlog: Backlog
  readonly pool: VerifyPool
  readonly quarantine: Quarantine
  readonly ingestor: Ingestor
  readonly sealer: Sealer
  readonly records: RecordGate
  readonly blocks: BlockGate
  readonly repairs: RepairDeps
}

/** The write side over open parts. */
export function createIngest(options: IngestOptions, deps: IngestDeps): Ingest {
  return new WriteSide(deps, createParts(options, deps))
}

function createParts(options: IngestOptions, deps: IngestDeps): Parts {
  const { wal, store, dag, clock, log, rules, verify = verifySignature } = deps
  const backlog = createBacklog()
  const prepared = new Map<Hash, PreparedBlock>()
  const { verifyWorkers: workers, verifyQueueMax: queueMax } = options
  const pool = createVerifyPool({ workers, queueMax }, { log, verify })
  const quarantine = createQuarantine({ store, wal, backlog, clock, log, onReleased: () => sealer.wake() })
  const ingestor = createIngestor(options, {
    wal, store, dag, backlog, prepared, clock, log,
    governors: rules.governors, self: deps.self,
    onApplied: deps.onApplied,
    onQuarantined: (id, releaseMs) => quarantine.noted(id, releaseMs),
    onDue: (id) => quarantine.cancel(id),
    onWithheld: deps.onWithheld,
    onUnsealed: () => sealer.wake(),
    mayCheckpoint: deps.mayCheckpoint,
    onFailed: deps.onFailed
  })
  const rate = createBlockRate(clock)
  const sealer = createSealer(options, {
    wal, dag, backlog, clock, log, rules, verify,
    blocksPerSecond: () => rate.perSecond(),
    onClockBehind: deps.onClockBehind,
    isAdmitted: (id) => isAdmitted(id, backlog, store),
    hold: (entries) => quarantine.hold(entries),
    forget: (entries) => forget(entries, backlog, store),
    publish: deps.onSealed
  })
  const records = createRecordGate(options, {
    wal, store, backlog, quarantine, pool, clock,
    networkId: rules.networkId,
    onAccepted: () => sealer.wake()
  })
  const repairs = { store, dag, pool, rules, verify, between: ingestor.between }
  const blocks = createBlockGate(options, {
    wal, store, dag, pool, prepared, clock, log, rules, verify,
    room: createDiskRoom(options, deps),
    putBack: async (id, block) => {
      const outcome = await repairBlock(id, block, repairs)
      if (outcome === 'repaired') deps.onPutBack(id)
      return outcome
    },
    onAppended: () => rate.note(),
    onVerified: deps.onVerified,
    waitFor: (sequence) => ingestor.waitFor(sequence)
  })
  return { backlog, quarantine, ingestor, sealer, records, blocks, pool, repairs }
}

function isAdmitted(id: Hash, backlog: Backlog, store: Store): boolean {
  const entry = backlog.get(id)
  return (entry === undefined || !backlog.isAbsent(entry)) && store.get(keys.record(id)) !== undefined
}

/** Takes records that a block elsewhere brought out of the backlog and out of `u/`. */
async function forget(entries: readonly BacklogEntry[], backlog: Backlog, store: Store): Promise<void> {
  const batch = store.batch()
  for (const { opened } of entries) {
    batch.remove(keys.unsealed(opened.id))
    backlog.remove(opened.id)
  }
  await store.write(batch)
}

/** How long a flush waits for a feed: 5 s that a peer has to confirm one, and time to draw another. */
const FEED_WAIT_MS = 6_000
/** How often a stop looks whether the index can get on at all. */
const DRAIN_LOOK_MS = 1_000

class WriteSide implements Ingest {
  readonly #deps: IngestDeps
  readonly #parts: Parts
  #accepting = false

  constructor(deps: IngestDeps, parts: Parts) {
    this.#deps = deps
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { store, wal, clock } = this.#deps
    const { backlog, ingestor, quarantine } = this.#parts
    await loadUnsealed(store, wal, backlog, clock)
    await ingestor.start()
    await quarantine.start()
    this.#accepting = true
  }

  seal(identity: FeedIdentity): Promise<void> {
    return this.#parts.sealer.start(identity)
  }

  halt(): void {
    this.#parts.sealer.halt()
  }

  get failure(): Error | undefined {
    return this.#parts.ingestor.failure
  }

  async stop(): Promise<void> {
    const { wal } = this.#deps
    const { ingestor, pool, quarantine, sealer } = this.#parts
    const wasRunning = this.#accepting
    this.#accepting = false
    await quarantine.stop()
    if (wal.failure === undefined) await sealer.flush(0)
    await sealer.stop()
    // Of a start that failed half-way nobody would ever apply the rest.
    if (wasRunning) await this.#drain(wal.lastSynced)
    await ingestor.stop()
    await pool.stop()
  }

  /** Waits for the index to get there; not on a full disk, where that may take for ever. */
  async #drain(sequence: number): Promise<void> {
    const { clock, store } = this.#deps
    const { ingestor } = this.#parts
    const there = new AbortController()
    const arrived = (): void => there.abort()
    ingestor.waitFor(sequence).then(arrived, arrived)
    while (store.failure === undefined && !ingestor.waitsForRoom && !there.signal.aborted) {
      await wait(clock, DRAIN_LOOK_MS, there.signal)
    }
  }

  admitRecords(records: readonly Uint8Array[]): Promise<readonly AdmitResult[]> {
    if (this.failure !== undefined) return Promise.resolve(records.map(() => READ_ONLY))
    if (this.#accepting) return this.#parts.records.admit(records)
    return Promise.resolve(records.map(() => STOPPING))
  }

  admitBlock(block: Uint8Array, from: string): Promise<Verdict> {
    if (this.#accepting && this.failure === undefined) return this.#parts.blocks.admit(block, from)
    return Promise.resolve({ kind: 'ignore', why: 'stopping' })
  }

  async repairBlock(id: Hash, block: Uint8Array): Promise<RepairOutcome> {
    if (!this.#accepting || this.failure !== undefined) return 'unknown'
    return repairBlock(id, block, this.#parts.repairs)
  }

  async flush(): Promise<void> {
    const { ingestor, sealer } = this.#parts
    await ingestor.waitFor(await sealer.flush(FEED_WAIT_MS))
  }

  unsealedBytes(id: Hash): Uint8Array | undefined {
    return this.#parts.backlog.get(id)?.opened.bytes
  }

  quarantined(limit: number): Promise<readonly QuarantineRow[]> {
    return this.#parts.quarantine.list(limit)
  }

  counts(): IngestCounts {
    const { backlog, ingestor, pool, quarantine } = this.#parts
    return {
      unsealed: backlog.size,
      unsealedBytes: backlog.bytes,
      quarantined: quarantine.count,
      verifying: pool.queued,
      behind: this.#deps.wal.lastSynced - ingestor.gathered
    }
  }
}
