// From the ledger into the index: reads WAL frames in order and writes each step as one atomic store batch
// with records, indexes, block rows, dirty marks and cursor. The one writer of the record set.

import { assert, type Hash } from '../base/index.js'
import type { Batch } from '../store/index.js'
import type { Frame } from '../wal/index.js'
import { IngestError } from './errors.js'
import type { IngestOptions } from './options.js'
import { createProgress, type IngestProgress } from './progress.js'
import { createRoomWait } from './room-wait.js'
import { applyFrame, openStep, sealStep, type Step, type StepDeps } from './step.js'
import { createTargetCache } from './target-cache.js'
import type { AppliedStep } from './types.js'

/** Applies the ledger to the store. */
export interface Ingestor {
  /** Last WAL sequence that the store holds. */
  readonly applied: number
  /** Last WAL sequence that was read; what is held back behind `applied` only waits for its block. */
  readonly gathered: number
  /** Nothing is applied just now: the disk is full. */
  readonly waitsForRoom: boolean
  /** What ended the work for good. */
  readonly failure: Error | undefined
  /** Replays up to the ledger's end, then follows it until stopped. Resolves when the replay is done. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves when the store holds the frame; rejects when the ingestor has failed or was stopped before. */
  waitFor(sequence: number): Promise<void>
  /** Runs work while no step is read or written. Rejects without running it once the ingestor is stopped. */
  between<T>(work: () => Promise<T>): Promise<T>
}

/** What the ingestor works on. */
export interface IngestorDeps extends Omit<StepDeps, 'targets' | 'room' | 'leftOut'> {
  readonly onApplied: (step: AppliedStep) => void
  /** The record's `Q:` row is in the store. */
  readonly onQuarantined: (id: Hash, releaseMs: number) => void
  /** The backlog holds records that wait to be sealed. */
  readonly onUnsealed: () => void
  readonly mayCheckpoint: () => boolean
  readonly onFailed: (error: Error) => void
}

const TARGETS_MAX = 65_536
/** Records held back at most until their block comes. */
const HELD_RECORDS_MAX = 1_024

interface State {
  readonly options: Pick<IngestOptions, 'checkpointMs' | 'checkpointBytes'>
  readonly deps: IngestorDeps
  readonly stepDeps: StepDeps
  readonly progress: IngestProgress
  readonly stopping: AbortController
  /** The step being gathered, and the last frame in it. */
  held: { readonly step: Step; cursor: number } | undefined
  /** True after the replay. */
  live: boolean
  /** One gathers or writes at a time. */
  turn: Promise<void>
  running: Promise<void> | undefined
  failure: Error | undefined
  checkpointDueMs: number
  /** Payload bytes since the last checkpoint. */
  checkpointSize: number
}

/** An ingestor over an open log, store and dag; it is idle until started. */
export function createIngestor(options: State['options'], deps: IngestorDeps): Ingestor {
  const stopping = new AbortController()
  const room = createRoomWait(deps, stopping.signal)
  const state: State = {
    options, deps,
    stepDeps: { ...deps, targets: createTargetCache(TARGETS_MAX), room, leftOut: new Set() },
    progress: createProgress(deps.store.cursor),
    stopping,
    held: undefined,
    live: false,
    turn: Promise.resolve(),
    running: undefined,
    failure: undefined,
    checkpointDueMs: deps.clock.monotonicMs() + options.checkpointMs,
    checkpointSize: 0
  }
  return {
    get applied() { return state.progress.applied },
    get gathered() { return state.held?.cursor ?? state.progress.applied },
    get waitsForRoom() { return room.waiting },
    get failure() { return state.failure },
    start: () => start(state),
    stop: () => stop(state),
    waitFor: (sequence) => waitFor(state, sequence),
    between: (work) => inTurn(state, () => state.stopping.signal.aborted ? Promise.reject(stopped()) : work())
  }
}

function start(state: State): Promise<void> {
  assert(state.running === undefined, 'an ingestor starts once')
  return new Promise((resolve, reject) => {
    const replayed = (): void => {
      state.live = true
      resolve()
    }
    state.running = follow(state, replayed, state.deps.wal.lastSynced).catch((error: Error) => {
      fail(state, error)
      reject(error)
    })
  })
}

function fail(state: State, error: Error): void {
  if (state.failure !== undefined) return
  state.failure = error
  state.progress.fail(error)
  state.deps.onFailed(error)
}

function waitFor(state: State, sequence: number): Promise<void> {
  const held = state.held
  if (held !== undefined && sequence <= held.cursor) {
    void inTurn(state, () => settle(state)).catch((error: Error) => fail(state, error))
  }
  return state.progress.waitFor(sequence)
}

function inTurn<T>(state: State, work: () => Promise<T>): Promise<T> {
  const done = state.turn.then(work)
  const over = (): void => undefined
  state.turn = done.then(over, over)
  return done
}

async function stop(state: State): Promise<void> {
  state.stopping.abort()
  await state.running
  await state.turn
  state.progress.fail(stopped())
}

function stopped(): IngestError {
  return new IngestError({ code: 'INGEST_STOPPED' }, 'the ingestor was stopped')
}

async function follow(state: State, replayed: () => void, target: number): Promise<void> {
  const { progress, deps } = state
  if (target <= progress.applied) replayed()
  for await (const frames of deps.wal.tail(deps.store.replayFrom + 1, state.stopping.signal)) {
    await inTurn(state, () => apply(state, frames))
    if (progress.applied >= target) replayed()
  }
  await inTurn(state, () => settle(state))
}

async function apply(state: State, frames: readonly Frame[]): Promise<void> {
  const { deps, stepDeps, progress } = state
  if (state.failure !== undefined) throw state.failure
  const held = state.held ?? { step: openStep(stepDeps), cursor: progress.applied }
  state.held = held
  for (const frame of frames) {
    const reading = applyFrame(held.step, frame, stepDeps)
    if (reading !== undefined) await reading
    state.checkpointSize += frame.payload.length
    held.cursor = frame.sequence
  }
  if (!mayHold(state, held)) await settle(state)
  else deps.onUnsealed()
}

// Records alone change nothing that anybody sees, and the next block mostly seals them: their `u/` rows are
// then never written. Whoever replays the ledger finds them there.
function mayHold({ live, progress }: State, { step, cursor }: NonNullable<State['held']>): boolean {
  if (!live || step.batch.size > 0 || step.blocks.length > 0 || step.quarantined.size > 0) return false
  return step.unsealed.size < HELD_RECORDS_MAX && !progress.isAwaited(cursor)
}

/** Writes the step that was gathered. */
async function settle(state: State): Promise<void> {
  const { deps, stepDeps, progress, held } = state
  if (held === undefined) return
  const { step, cursor } = held
  state.held = undefined
  sealStep(step, cursor, stepDeps)
  await commit(state, step.batch)
  noteStored(step, deps)
  progress.advance(cursor)
  const { records, keys, dirty } = step.rows
  deps.onApplied({ cursor, blocks: step.blocks, records, keys, dirty })
  await checkpointIfDue(state)
}

/** Writes the batch, and further ones while a long chain of waiting blocks becomes complete. */
async function commit({ deps, stepDeps }: State, batch: Batch): Promise<void> {
  const { dag, store } = deps
  try {
    let next = batch
    for (let more = true; more; next = store.batch()) {
      more = await dag.settle(next)
      // Again once the disk has room: what was acknowledged lies in the ledger meanwhile.
      const written = next
      await stepDeps.room.retry(() => store.write(written))
      dag.commit()
    }
  } catch (error) {
    dag.abandon()
    throw error
  }
}

function noteStored(step: Step, { backlog, onQuarantined, onUnsealed }: IngestorDeps): void {
  for (const id of step.unsealed.keys()) {
    const entry = backlog.get(id)
    if (entry !== undefined) entry.stored = true
  }
  for (const id of step.sealed) backlog.remove(id)
  if (step.foreign) backlog.noteArrivals()
  for (const [id, releaseMs] of step.quarantined) onQuarantined(id, releaseMs)
  if (step.unsealed.size > 0) onUnsealed()
}

async function checkpointIfDue(state: State): Promise<void> {
  const { options, deps } = state
  const nowMs = deps.clock.monotonicMs()
  if (state.checkpointSize < options.checkpointBytes && nowMs < state.checkpointDueMs) return
  // A checkpoint only shortens the next replay: one that fails, on a full disk, is due again later.
  if (deps.mayCheckpoint()) await deps.store.writeCheckpoint().catch((error: unknown) => {
    deps.log.warn({ error: String(error) }, 'the checkpoint was not written')
  })
  state.checkpointSize = 0
  state.checkpointDueMs = deps.clock.monotonicMs() + options.checkpointMs
}
