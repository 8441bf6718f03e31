// From the ledger into the index: reads WAL frames in order and writes each step as one atomic store batch with
// records, indexes, block rows, dirty marks and cursor. Every step may run twice and then changes nothing, so replay
// after a crash is the same code. The one writer of the record set.

import { assert, type Clock, type Hash, type Log, type PublicKey } from '../base/index.js'
import { blockIdOf, decodeBlock, decodeHeader, type BlockHeader, type Dag, type OpenedRecord } from '../dag/index.js'
import { openRecord } from '../record/index.js'
import { encodeNumberRow, keys, type Batch, type Store } from '../store/index.js'
import type { Frame, Wal } from '../wal/index.js'
import type { Backlog } from './backlog.js'
import type { PreparedBlock } from './block-gate.js'
import { IngestError } from './errors.js'
import { decodeOwnBlock, FRAME } from './frames.js'
import type { IngestOptions } from './options.js'
import { releaseTime } from './quarantine.js'
import { createRowWriter, createTargetCache, type RowWriter, type TargetCache } from './row-writer.js'
import type { AppliedStep } from './types.js'

/** Applies the ledger to the store. */
export interface Ingestor {
  /** Last WAL sequence that the store holds. */
  readonly applied: number
  /** Replays up to the ledger's end, then follows it until stopped. Resolves when the replay is done. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves when the store holds the frame; rejects when the ingestor has failed or was stopped before. */
  waitFor(sequence: number): Promise<void>
}

/** What the ingestor works on. */
export interface IngestorDeps {
  readonly wal: Wal
  readonly store: Store
  readonly dag: Dag
  readonly backlog: Backlog
  readonly prepared: Map<Hash, PreparedBlock>
  readonly clock: Clock
  readonly log: Log
  readonly governors: ReadonlySet<PublicKey>
  readonly onApplied: (step: AppliedStep) => void
  readonly onQuarantined: (releaseMs: number, agentId: PublicKey) => void
  readonly mayCheckpoint: () => boolean
  readonly onFailed: (error: Error) => void
}

const TARGETS_MAX = 65_536

interface Step {
  readonly batch: Batch
  readonly rows: RowWriter
  readonly blocks: Hash[]
  /** `u/` rows to write, unless a block of this very step seals the record. */
  readonly unsealed: Map<Hash, number>
  /** Backlog entries that this step admits. */
  readonly sealed: Hash[]
}

/** An ingestor over an open log, store and dag; it is idle until started. */
export function createIngestor(
  options: Pick<IngestOptions, 'checkpointMs' | 'checkpointBytes'>,
  deps: IngestorDeps
): Ingestor {
  const { wal, store, dag, backlog, clock } = deps
  const targets = createTargetCache(TARGETS_MAX)
  const stopping = new AbortController()
  const waiters: { readonly sequence: number; readonly done: (error?: Error) => void }[] = []
  let applied = store.cursor
  let failure: Error | undefined
  let running: Promise<void> | undefined
  let checkpointDue = clock.monotonicMs() + options.checkpointMs
  let checkpointSize = 0

  async function follow(replayed: () => void, target: number): Promise<void> {
    if (target <= applied) replayed()
    for await (const frames of wal.tail(store.replayFrom + 1, stopping.signal)) {
      await apply(frames)
      if (applied >= target) replayed()
    }
  }

  async function apply(frames: readonly Frame[]): Promise<void> {
    const batch = store.batch()
    const step = openStep(batch, targets, deps)
    for (const frame of frames) await applyFrame(step, frame, deps)
    for (const [id, sequence] of step.unsealed) batch.put(keys.unsealed(id), encodeNumberRow(sequence))
    const cursor = frames[frames.length - 1]?.sequence ?? applied
    batch.setCursor(cursor)
    await commit(batch)
    for (const id of step.unsealed.keys()) {
      const entry = backlog.get(id)
      if (entry !== undefined) entry.stored = true
    }
    for (const id of step.sealed) backlog.remove(id)
    applied = Math.max(applied, cursor)
    deps.onApplied({ cursor, blocks: step.blocks, records: step.rows.records, dirty: step.rows.dirty })
    settle()
    await checkpointIfDue(frames)
  }

  /** Writes the batch, and further ones while a long chain of waiting blocks becomes complete. */
  async function commit(batch: Batch): Promise<void> {
    try {
      let next = batch
      for (let more = true; more; next = store.batch()) {
        more = await dag.settle(next)
        await store.write(next)
        dag.commit()
      }
    } catch (error) {
      dag.abandon()
      throw error
    }
  }

  async function checkpointIfDue(frames: readonly Frame[]): Promise<void> {
    for (const frame of frames) checkpointSize += frame.payload.length
    if (checkpointSize < options.checkpointBytes && clock.monotonicMs() < checkpointDue) return
    if (deps.mayCheckpoint()) await store.writeCheckpoint()
    checkpointSize = 0
    checkpointDue = clock.monotonicMs() + options.checkpointMs
  }

  function settle(): void {
    let kept = 0
    for (const waiter of waiters) {
      if (failure === undefined && waiter.sequence > applied) waiters[kept++] = waiter
      else waiter.done(waiter.sequence > applied ? failure : undefined)
    }
    waiters.length = kept
  }

  function fail(error: Error): void {
    failure ??= error
    settle()
    deps.onFailed(error)
  }

  return {
    get applied() {
      return applied
    },
    start() {
      assert(running === undefined, 'an ingestor starts once')
      return new Promise((resolve, reject) => {
        running = follow(resolve, wal.lastSynced).catch((error: Error) => {
          fail(error)
          reject(error)
        })
      })
    },
    async stop() {
      stopping.abort()
      await running
      failure ??= new IngestError({ code: 'INGEST_STOPPED' }, 'the ingestor was stopped')
      settle()
    },
    waitFor(sequence) {
      if (sequence <= applied) return Promise.resolve()
      if (failure !== undefined) return Promise.reject(failure)
      return new Promise((resolve, reject) => {
        waiters.push({ sequence, done: (error) => (error === undefined ? resolve() : reject(error)) })
      })
    }
  }
}

function openStep(batch: Batch, targets: TargetCache, deps: IngestorDeps): Step {
  const rowWriter = createRowWriter({ reader: deps.store, batch, targets, governors: deps.governors })
  return { batch, rows: rowWriter, blocks: [], unsealed: new Map(), sealed: [] }
}

async function applyFrame(step: Step, frame: Frame, deps: IngestorDeps): Promise<void> {
  switch (frame.type) {
    case FRAME.record:
      return applyRecord(step, frame, deps)
    case FRAME.ownBlock:
      return applyOwnBlock(step, frame, deps)
    case FRAME.foreignBlock:
      return applyForeignBlock(step, frame, deps)
    default:
      throw invalidFrame(frame, `unknown frame type ${frame.type}`)
  }
}

// A record frame changes nothing that peers see: it only notes that the record waits for a block or for its time.
function applyRecord(step: Step, frame: Frame, deps: IngestorDeps): void {
  const known = deps.backlog.bySequence(frame.sequence)
  const opened = known?.opened ?? reopen(frame.payload, frame)
  if (known === undefined && deps.store.get(keys.record(opened.id)) !== undefined) return
  const releaseMs = releaseTime(opened.timestampMs)
  if (known === undefined && releaseMs > deps.clock.nowMs()) {
    step.batch.put(keys.quarantined(releaseMs, opened.id), encodeNumberRow(frame.sequence))
    deps.onQuarantined(releaseMs, opened.agentId)
    return
  }
  const entry = known ?? deps.backlog.add(opened, frame.sequence, false)
  if (!entry.stored) step.unsealed.set(opened.id, entry.sequence)
}

async function applyOwnBlock(step: Step, frame: Frame, deps: IngestorDeps): Promise<void> {
  const block = decodeOwnBlock(frame.payload)
  const decoded = block === undefined ? undefined : decodeHeader(block.header)
  if (block === undefined || decoded?.kind !== 'ok') throw invalidFrame(frame, 'own block')
  if (deps.dag.has(decoded.header.id)) return
  const missing = block.sequences.filter((sequence) => deps.backlog.bySequence(sequence) === undefined)
  const loaded = new Map<number, OpenedRecord>()
  for (const found of await deps.wal.readMany(missing)) loaded.set(found.sequence, reopen(found.payload, frame))
  const opened = block.sequences.map((sequence) => {
    const record = deps.backlog.bySequence(sequence)?.opened ?? loaded.get(sequence)
    if (record !== undefined) return record
    const detail = { code: 'INGEST_LEDGER_GAP', block: decoded.header.id, sequence } as const
    throw new IngestError(detail, `block ${detail.block} names frame ${sequence}, which is not there`)
  })
  admit(step, decoded.header, opened, frame.sequence, deps)
}

function applyForeignBlock(step: Step, frame: Frame, deps: IngestorDeps): void {
  const id = blockIdOf(frame.payload)
  const prepared = id === undefined ? undefined : deps.prepared.get(id)
  if (id !== undefined && prepared !== undefined) {
    deps.prepared.delete(id)
    if (!deps.dag.has(id)) admit(step, prepared.header, prepared.records, frame.sequence, deps)
    return
  }
  const decoded = decodeBlock(frame.payload)
  if (decoded.kind !== 'ok') throw invalidFrame(frame, 'foreign block')
  if (deps.dag.has(decoded.block.header.id)) return
  const opened = decoded.block.records.map((bytes) => reopen(bytes, frame))
  admit(step, decoded.block.header, opened, frame.sequence, deps)
}

function admit(
  step: Step,
  header: BlockHeader,
  opened: readonly OpenedRecord[],
  sequence: number,
  deps: IngestorDeps
): void {
  for (const record of opened) {
    step.rows.write(record, sequence)
    const entry = deps.backlog.get(record.id)
    const waits = step.unsealed.delete(record.id)
    if (entry !== undefined) step.sealed.push(record.id)
    if (entry?.stored === true || (entry === undefined && !waits)) step.batch.delete(keys.unsealed(record.id))
  }
  deps.dag.stage(step.batch, header, opened.map((record) => record.id))
  step.blocks.push(header.id)
}

function reopen(bytes: Uint8Array, frame: Frame): OpenedRecord {
  const opened = openRecord(bytes)
  if (opened.grade === 'invalid') throw invalidFrame(frame, `record: ${opened.rule}`)
  return opened
}

function invalidFrame(frame: Frame, rule: string): IngestError {
  const detail = { code: 'INGEST_FRAME_INVALID', sequence: frame.sequence, rule } as const
  return new IngestError(detail, `ledger frame ${frame.sequence} does not hold what it should: ${rule}`)
}
