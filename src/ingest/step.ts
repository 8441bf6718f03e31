// One ingest step: the rows that a run of ledger frames adds, gathered in one batch.
// Rule: every frame may be applied twice and then changes nothing, so replay after a crash is the same code.
// Payloads are checked like any stranger's, for a disk may lie. Frames: docs/formats/ledger.md.
// Blocks of this node that lie ahead of its clock are left out, however they came into the ledger.

import type { Clock, Hash, Log, PublicKey } from '../base/index.js'
import {
  blockIdOf, decodeBlock, decodeHeader, isAhead, type BlockHeader, type Dag, type OpenedRecord
} from '../dag/index.js'
import { openRecord } from '../record/index.js'
import { encodeNumberRow, keys, type Batch, type Store } from '../store/index.js'
import type { Frame, Wal } from '../wal/index.js'
import type { Backlog, BacklogEntry } from './backlog.js'
import { IngestError } from './errors.js'
import { decodeOwnBlock, FRAME, type OwnBlockFrame } from './frames.js'
import { releaseTime } from './quarantine-rows.js'
import type { RoomWait } from './room-wait.js'
import { createRowWriter, type RowWriter } from './row-writer.js'
import type { TargetCache } from './target-cache.js'
import type { PreparedBlock } from './types.js'

/** What a step reads and tells. */
export interface StepDeps {
  readonly wal: Wal
  readonly store: Store
  readonly dag: Dag
  readonly backlog: Backlog
  /** Blocks on their way through the ledger: what was decoded once need not be again. */
  readonly prepared: Map<Hash, PreparedBlock>
  readonly targets: TargetCache
  readonly room: RoomWait
  /** Blocks of ours that were left out since the start. */
  readonly leftOut: Set<Hash>
  readonly clock: Clock
  readonly log: Log
  readonly governors: ReadonlySet<PublicKey>
  /** The key of this node. */
  readonly self: PublicKey
  /** The record needs no quarantine, whatever was thought of it before. */
  readonly onDue: (id: Hash) => void
  /** A block of ours was left out: it lies too far ahead of the clock, or builds on one that does. */
  readonly onWithheld: (header: BlockHeader) => void
}

/** A step that is being gathered. */
export interface Step {
  readonly batch: Batch
  readonly rows: RowWriter
  readonly blocks: Hash[]
  /** `u/` rows to write, unless a block of this very step seals the record. */
  readonly unsealed: Map<Hash, number>
  /** Records whose `Q:` rows this step writes, with their release times. */
  readonly quarantined: Map<Hash, number>
  /** Backlog entries that this step admits. */
  readonly sealed: Hash[]
  /** A block brings records that were not in the backlog. */
  foreign: boolean
}

/** An empty step. */
export function openStep(deps: StepDeps): Step {
  const { store, targets, governors } = deps
  const batch = store.batch()
  const rows = createRowWriter({ reader: store, batch, targets, governors })
  return { batch, rows, blocks: [], unsealed: new Map(), quarantined: new Map(), sealed: [], foreign: false }
}

/**
 * Adds what one frame brings. A promise only where the ledger must be read again.
 * @throws IngestError INGEST_FRAME_INVALID, INGEST_LEDGER_GAP
 */
export function applyFrame(step: Step, frame: Frame, deps: StepDeps): Promise<void> | undefined {
  switch (frame.type) {
    case FRAME.record:
      applyRecord(step, frame, deps)
      return undefined
    case FRAME.ownBlock:
      return applyOwnBlock(step, frame, deps)
    case FRAME.foreignBlock:
      return applyForeignBlock(step, frame, deps)
    default:
      throw invalidFrame(frame, `unknown frame type ${frame.type}`)
  }
}

/** Ends the gathering: adds the `u/` rows of what still waits, the marks and the cursor. */
export function sealStep(step: Step, cursor: number, { backlog }: StepDeps): void {
  for (const [id, sequence] of step.unsealed) {
    // What left the backlog meanwhile is in a block that came from elsewhere, or in quarantine again.
    if (backlog.get(id) !== undefined) step.batch.add(keys.unsealed(id), encodeNumberRow(sequence))
    else step.unsealed.delete(id)
  }
  step.rows.end()
  step.batch.setCursor(cursor)
}

// A record frame changes nothing that peers see: it only notes that the record waits for a block or for its
// time.
function applyRecord(step: Step, frame: Frame, deps: StepDeps): void {
  const known = deps.backlog.bySequence(frame.sequence)
  if (known !== undefined && !deps.backlog.isAbsent(known) && isHere(step, known.opened.id, deps)) {
    // A block of another node brought it between the gate's look and this frame.
    step.sealed.push(known.opened.id)
    return
  }
  const entry = known ?? place(step, reopen(frame.payload, frame), frame.sequence, deps)
  if (entry !== undefined && !entry.stored) step.unsealed.set(entry.opened.id, entry.sequence)
}

/** The backlog's entry for a record that is not in it yet; none for one that is here or before its time. */
function place(
  step: Step, opened: OpenedRecord, sequence: number, deps: StepDeps
): BacklogEntry | undefined {
  const { id, timestampMs } = opened
  const isAdmitted = isHere(step, id, deps)
  const releaseMs = releaseTime(timestampMs)
  if (!isAdmitted && releaseMs > deps.clock.nowMs()) {
    step.batch.add(keys.quarantined(releaseMs, id), encodeNumberRow(sequence))
    step.quarantined.set(id, releaseMs)
    return undefined
  }
  deps.onDue(id)
  return isAdmitted ? undefined : deps.backlog.add(opened, sequence, false)
}

/** True when the index holds the record, or will with this step. */
function isHere(step: Step, id: Hash, { store }: StepDeps): boolean {
  return step.rows.has(id) || store.get(keys.record(id)) !== undefined
}

async function applyOwnBlock(step: Step, frame: Frame, deps: StepDeps): Promise<void> {
  const block = decodeOwnBlock(frame.payload)
  const decoded = block === undefined ? undefined : decodeHeader(block.header)
  if (block === undefined || decoded?.kind !== 'ok') throw invalidFrame(frame, 'own block')
  const { header } = decoded
  if (deps.dag.has(header.id)) return
  if (isAhead(header, deps.clock.nowMs())) deps.dag.deferred.add(header)
  else if (admit(step, header, await recordsOf(block, header.id, frame, deps), frame.sequence, deps)) return
  deps.backlog.release(block.sequences.flatMap((sequence) => deps.backlog.bySequence(sequence) ?? []))
  withhold(header, deps)
}

/**
 * Leaves an own block out that was sealed by a clock which ran ahead: it waits like a stranger's. Its records
 * wait to be sealed once more, in another feed. A later replay may find that its time has come.
 */
function withhold(header: BlockHeader, { dag, leftOut, log, onWithheld }: StepDeps): void {
  dag.release(header.id)
  leftOut.add(header.id)
  log.warn({ block: header.id, seq: header.seq }, 'an own block is left out: the clock stands well before it')
  onWithheld(header)
}

/** The records of an own block: from the backlog, or after a restart from their frames. */
async function recordsOf(
  block: OwnBlockFrame, id: Hash, frame: Frame, { backlog, wal }: StepDeps
): Promise<readonly OpenedRecord[]> {
  const missing = block.sequences.filter((sequence) => backlog.bySequence(sequence) === undefined)
  const loaded = new Map<number, OpenedRecord>()
  for (const found of await wal.readMany(missing)) loaded.set(found.sequence, reopen(found.payload, frame))
  return block.sequences.map((sequence) => {
    const record = backlog.bySequence(sequence)?.opened ?? loaded.get(sequence)
    if (record !== undefined) return record
    const detail = { code: 'INGEST_LEDGER_GAP', block: id, sequence } as const
    throw new IngestError(detail, `block ${id} names frame ${sequence}, which is not there`)
  })
}

function applyForeignBlock(step: Step, frame: Frame, deps: StepDeps): Promise<void> | undefined {
  const block = blockOf(frame, deps)
  if (block === undefined) return undefined
  const { header, records } = block
  // It came back from a peer after the disk was lost, or the ledger was repaired.
  const isOwn = header.nodeKey === deps.self
  if (isOwn && isAhead(header, deps.clock.nowMs())) deps.dag.deferred.add(header)
  else if (admit(step, header, records, frame.sequence, deps) || !isOwn || !standsOnLeftOut(header, deps)) {
    return undefined
  }
  withhold(header, deps)
  return takeBack(step, records, deps)
}

/** False for a block that lacks its predecessor for another reason: a clock that is right brings both. */
function standsOnLeftOut({ prev }: BlockHeader, { leftOut }: StepDeps): boolean {
  return prev !== undefined && leftOut.has(prev)
}

/** The block of a frame; undefined when it is here. */
function blockOf(frame: Frame, { dag, prepared }: StepDeps): PreparedBlock | undefined {
  const id = blockIdOf(frame.payload)
  const known = id === undefined ? undefined : prepared.get(id)
  if (id !== undefined && known !== undefined) {
    prepared.delete(id)
    return dag.has(id) ? undefined : known
  }
  const decoded = decodeBlock(frame.payload)
  if (decoded.kind !== 'ok') throw invalidFrame(frame, 'foreign block')
  const { header, records } = decoded.block
  return dag.has(header.id) ? undefined : { header, records: records.map((bytes) => reopen(bytes, frame)) }
}

/**
 * Records of a block that is left out, which have no frames of their own, get them: they wait as if a client
 * had sent them. Durable before the step that passes over the block: a full disk is waited for, and where the
 * log failed the next start comes to this block again.
 */
async function takeBack(step: Step, records: readonly OpenedRecord[], deps: StepDeps): Promise<void> {
  const { backlog, room, wal } = deps
  const lost = records.filter((record) => !isHere(step, record.id, deps) && !waits(step, record, deps))
  const frames = lost.map(({ bytes }) => ({ type: FRAME.record, payload: Uint8Array.from(bytes) }))
  const sequences = await room.retry(() => wal.appendMany(frames))
  lost.forEach((opened, index) => backlog.add(opened, sequences[index] ?? 0, false))
}

/** True when the record waits for a block or for its time. */
function waits(step: Step, { id, timestampMs }: OpenedRecord, { backlog, store }: StepDeps): boolean {
  if (backlog.get(id) !== undefined || step.quarantined.has(id)) return true
  return store.get(keys.quarantined(releaseTime(timestampMs), id)) !== undefined
}

/** False when the block's predecessor is not here. */
function admit(
  step: Step, header: BlockHeader, opened: readonly OpenedRecord[], sequence: number, deps: StepDeps
): boolean {
  if (header.prev !== undefined && !deps.dag.has(header.prev)) {
    // Its predecessor was handed to the log before it and refused, on a full disk. Skipped now and at every
    // replay, so that no chain has a hole; sync brings both again.
    deps.dag.release(header.id)
    deps.log.warn({ block: header.id, sequence }, 'a block without its predecessor in the ledger is skipped')
    return false
  }
  for (const record of opened) {
    const entry = deps.backlog.get(record.id)
    step.rows.write(record, sequence, entry !== undefined && deps.backlog.isAbsent(entry))
    step.foreign ||= entry === undefined
    const waits = step.unsealed.delete(record.id)
    if (entry !== undefined) step.sealed.push(record.id)
    if (entry?.stored === true || (entry === undefined && !waits)) step.batch.remove(keys.unsealed(record.id))
  }
  deps.dag.stage(step.batch, header, opened.map((record) => record.id))
  step.blocks.push(header.id)
  return true
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
