// The store: one LevelDB database as the index of everything in the ledger.
// Rules: batches are written one after the other, each atomic with its totals and cursor; nothing is synced
// but checkpoints; a failed write ends all writing until the next open, one for lack of space until there is
// room again. Rows: docs/formats/keyspace.md.

import { createBatch, type Batch, type PendingBatch } from './batch.js'
import { dirname } from 'node:path'
import { createDigestSum } from './digest.js'
import { StoreError, saysNoSpace, type RebuildReason } from './errors.js'
import type { FileSize, LevelDatabase, LevelOperation } from './level.js'
import { writeMarker, type Identity } from './marker.js'
import { initialize, META, openIndex, type StoreDeps } from './open.js'
import { SPACE_CHECK_BYTES, STORE_DEFAULTS, type StoreOptions } from './options.js'
import { createReader, type Reader, type Snapshot } from './reader.js'
import { encodeTotals, NO_TOTALS, type Totals } from './totals.js'
import { createTurns } from './turns.js'
import { verifyTotals, type ScanOptions, type Verification } from './verify.js'

/** The index: reads, atomic writes, checkpoints. */
export interface Store extends Reader {
  /** Last WAL sequence applied, as far as it can be relied on: after an unclean stop the checkpoint's. */
  readonly cursor: number
  /** Frames after this sequence must be applied again after open; 0 = all. */
  readonly replayFrom: number
  /** The greatest WAL sequence that is known to have been synced, for telling a torn tail from corruption. */
  readonly provenSequence: number
  /** The last stop was not clean: replay, and count the rows in the background (`verifyDigest`). */
  readonly unclean: boolean
  /** The index cannot be used: `dropDerived`, then apply the whole ledger. Until then all calls fail. */
  readonly needsRebuild: boolean
  readonly rebuildReason: RebuildReason | undefined
  /** Identity of the WAL directory in the marker, as found at open or set since. */
  readonly identity: Identity | undefined
  /** Records, digest and cursor after the last write. */
  readonly totals: Totals
  /** The failure that ended writing; STORE_NO_SPACE goes away with a write once there is room. */
  readonly failure: StoreError | undefined
  /** A reader of the state after the last finished write. */
  snapshot(): Snapshot
  batch(): Batch
  /**
   * Writes a batch after all that were handed in before. Durable at the next checkpoint, or at once with
   * `sync`.
   * @throws StoreError STORE_NO_SPACE (the same batch may be tried again), STORE_WRITE_FAILED, STORE_CLOSED,
   *   STORE_NEEDS_REBUILD
   */
  write(batch: Batch, options?: { readonly sync?: boolean }): Promise<void>
  /**
   * Makes all finished writes durable and says so in the marker. Gives the totals that are safe now.
   * @throws StoreError STORE_CHECKPOINT_FAILED: try again later; STORE_WRITE_FAILED, STORE_CLOSED,
   *   STORE_NEEDS_REBUILD
   */
  writeCheckpoint(): Promise<Totals>
  /** Identity of the WAL directory for the markers to come. */
  setIdentity(identity: Identity): void
  /** Counts all accounted rows of the present state. Not equal = damage: rebuild. */
  verifyDigest(options?: ScanOptions): Promise<Verification>
  /**
   * Notes durably that the index lost something: no open will use it again but to rebuild it. What the ledger
   * is known to hold stays noted. Reads and writes go on; `dropDerived` takes it back. Twice is harmless.
   * @throws StoreError STORE_CHECKPOINT_FAILED: try again later
   */
  condemn(): Promise<void>
  /** Deletes the database and starts an empty one. No snapshot may be open. */
  dropDerived(): Promise<void>
  /** Closes; `clean` (the default) leaves a checkpoint that covers everything. Twice is harmless. */
  close(options?: { readonly clean?: boolean }): Promise<void>
}

/**
 * Opens the index in its directory.
 * @throws StoreError STORE_FOREIGN_NETWORK, STORE_LOCKED (names directory and holder), STORE_OPEN_FAILED
 */
export async function openStore(options: StoreOptions, deps: StoreDeps): Promise<Store> {
  const opening = await openIndex(options, deps)
  const core = createCore(options, deps)
  if (opening.marker !== undefined) {
    core.identity = opening.marker.identity
    core.provenSequence = Math.max(opening.marker.provenSequence, opening.marker.totals.sequence)
  }
  if (opening.kind === 'unusable') {
    core.rebuildReason = opening.reason
    core.condemned = opening.reason === 'condemned'
    deps.log.warn({ reason: opening.reason, directory: deps.level.directory }, 'the index must be rebuilt')
    return createStore(core)
  }
  core.database = opening.database
  core.unclean = !opening.clean
  core.replayFrom = opening.clean ? opening.totals.sequence : opening.checkpoint.sequence
  core.totals = { ...opening.totals, sequence: core.replayFrom }
  core.checkpoint = opening.checkpoint
  core.provenSequence = Math.max(core.provenSequence, opening.totals.sequence)
  // Without it a crash costs a count of all rows, no more.
  await mark(core, core.checkpoint, await deps.level.sizes(), false).catch((error: unknown) => {
    deps.log.warn({ err: error }, 'the marker of the index could not be written')
  })
  return createStore(core)
}

// What the store's functions share.
interface Core {
  readonly options: StoreOptions
  readonly deps: StoreDeps
  /** Writes, one after the other. */
  readonly turns: ReturnType<typeof createTurns>
  /** Checkpoints, one after the other. */
  readonly checkpointTurns: ReturnType<typeof createTurns>
  database: LevelDatabase | undefined
  totals: Totals
  checkpoint: Totals
  replayFrom: number
  provenSequence: number
  unclean: boolean
  rebuildReason: RebuildReason | undefined
  identity: Identity | undefined
  condemned: boolean
  failure: StoreError | undefined
  /** Bytes that may be written before the free space is looked at. */
  spaceBytes: number
}

function createCore(options: StoreOptions, deps: StoreDeps): Core {
  return {
    options, deps, turns: createTurns(), checkpointTurns: createTurns(), database: undefined,
    totals: NO_TOTALS, checkpoint: NO_TOTALS, replayFrom: 0, provenSequence: 0, unclean: false,
    rebuildReason: undefined, identity: undefined, condemned: false, failure: undefined, spaceBytes: 0
  }
}

function createStore(core: Core): Store {
  return new OpenStore(core, createReader(() => live(core)))
}

/** A class for its accessors: an object with accessors of its own is a slow one, and everybody reads here. */
class OpenStore implements Store {
  readonly #core: Core
  readonly get: Store['get']
  readonly getMany: Store['getMany']
  readonly range: Store['range']
  readonly batches: Store['batches']
  readonly rangeAll: Store['rangeAll']
  readonly rangesAll: Store['rangesAll']

  constructor(core: Core, reader: Reader) {
    this.#core = core
    this.get = reader.get
    this.getMany = reader.getMany
    this.range = reader.range
    this.batches = reader.batches
    this.rangeAll = reader.rangeAll
    this.rangesAll = reader.rangesAll
  }

  get cursor(): number { return this.#core.totals.sequence }
  get replayFrom(): number { return this.#core.replayFrom }
  get provenSequence(): number { return this.#core.provenSequence }
  get unclean(): boolean { return this.#core.unclean }
  get needsRebuild(): boolean { return this.#core.rebuildReason !== undefined }
  get rebuildReason(): RebuildReason | undefined { return this.#core.rebuildReason }
  get identity(): Identity | undefined { return this.#core.identity }
  get totals(): Totals { return this.#core.totals }
  get failure(): StoreError | undefined { return this.#core.failure }

  snapshot(): Snapshot { return openSnapshot(this.#core) }
  batch(): Batch { return createBatch() }

  write(batch: Batch, options?: { readonly sync?: boolean }): Promise<void> {
    const core = this.#core
    return core.turns(() => writeBatch(core, asPending(batch), options?.sync ?? false))
  }

  writeCheckpoint(): Promise<Totals> {
    const core = this.#core
    return core.checkpointTurns(() => writeCheckpoint(core))
  }

  setIdentity(identity: Identity): void {
    this.#core.identity = identity
  }

  condemn(): Promise<void> {
    const core = this.#core
    return core.checkpointTurns(() => condemn(core))
  }

  verifyDigest(options?: ScanOptions): Promise<Verification> {
    return verifyDigest(this.#core, options)
  }

  dropDerived(): Promise<void> {
    const core = this.#core
    return core.checkpointTurns(() => core.turns(() => dropDerived(core)))
  }

  close(options?: { readonly clean?: boolean }): Promise<void> {
    const core = this.#core
    return core.checkpointTurns(() => core.turns(() => close(core, options?.clean ?? true)))
  }
}

function live(core: Core): LevelDatabase {
  if (core.database !== undefined) return core.database
  const reason = core.rebuildReason
  if (reason === undefined) throw new StoreError({ code: 'STORE_CLOSED' }, 'the index is closed')
  throw new StoreError({ code: 'STORE_NEEDS_REBUILD', reason }, `the index must be rebuilt: ${reason}`)
}

function asPending(batch: Batch): PendingBatch {
  if ('settle' in batch) return batch as PendingBatch
  throw new TypeError('a batch is made by store.batch()')
}

async function writeBatch(core: Core, batch: PendingBatch, sync: boolean): Promise<void> {
  const database = await writable(core, batch.bytes)
  const { operations, sum, recordsAdded, cursor, counts } = batch.settle(createReader(() => database).get)
  let totals = core.totals
  if (counts) {
    sum.add(createDigestSum(totals.digest))
    const recordCount = totals.recordCount + recordsAdded
    totals = { sequence: cursor ?? totals.sequence, recordCount, digest: sum.bytes() }
    operations.push({ type: 'put', key: META.cursor, value: encodeTotals(totals) })
  }
  await commit(core, database, operations, sync)
  batch.finish()
  core.totals = totals
  core.provenSequence = Math.max(core.provenSequence, totals.sequence)
}

async function commit(
  core: Core, database: LevelDatabase, operations: LevelOperation[], sync: boolean
): Promise<void> {
  try {
    await database.batch(operations, { sync })
  } catch (cause) {
    throw fail(core, saysNoSpace(cause) ? 'STORE_NO_SPACE' : 'STORE_WRITE_FAILED', cause)
  }
}

function fail(core: Core, code: 'STORE_NO_SPACE' | 'STORE_WRITE_FAILED', cause?: unknown): StoreError {
  const text = code === 'STORE_NO_SPACE' ? 'no space left for the index' : 'a write to the index failed'
  core.failure = new StoreError({ code }, text, { cause })
  core.deps.log.error({ err: cause, code }, `${text}: no further writes`)
  return core.failure
}

/** The database, when it may be written to: for want of space it may again as soon as there is room. */
async function writable(core: Core, bytes: number): Promise<LevelDatabase> {
  const database = live(core)
  const { failure } = core
  if (failure !== undefined) {
    if (failure.code !== 'STORE_NO_SPACE' || !await hasSpace(core)) throw failure
    // The log may end in a part of the batch that failed: nothing may be written behind that.
    if (!await database.rotate()) throw failure
    core.failure = undefined
    core.deps.log.info({}, 'there is room again: writes to the index go on')
  }
  core.spaceBytes -= bytes
  if (core.spaceBytes < 0 && !await hasSpace(core)) throw fail(core, 'STORE_NO_SPACE')
  return database
}

async function hasSpace(core: Core): Promise<boolean> {
  const { markerPath, reserveBytes = STORE_DEFAULTS.reserveBytes } = core.options
  if (markerPath !== undefined) {
    const freeBytes = await core.deps.disk.freeBytes(dirname(markerPath))
    if (freeBytes < reserveBytes) return false
  }
  core.spaceBytes = SPACE_CHECK_BYTES
  return true
}

async function writeCheckpoint(core: Core): Promise<Totals> {
  try {
    const { totals, sizes } = await core.turns(() => syncTotals(core))
    await mark(core, totals, sizes, false)
    return totals
  } catch (cause) {
    // What the caller cannot mend by waiting keeps its own code.
    if (cause instanceof StoreError && cause.code !== 'STORE_NO_SPACE') throw cause
    throw unwritten(cause)
  }
}

function unwritten(cause: unknown): StoreError {
  const reason = saysNoSpace(cause) ? 'no-space' : 'failed'
  const text = 'the checkpoint could not be written'
  return new StoreError({ code: 'STORE_CHECKPOINT_FAILED', reason }, text, { cause })
}

/** The marker of the last checkpoint with the mark: what the files hold no longer matters. */
async function condemn(core: Core): Promise<void> {
  core.condemned = true
  try {
    await mark(core, core.checkpoint, [], false)
  } catch (cause) {
    throw unwritten(cause)
  }
}

async function syncTotals(core: Core): Promise<{ totals: Totals; sizes: readonly FileSize[] }> {
  const database = await writable(core, 0)
  const totals = core.totals
  const value = encodeTotals(totals)
  const rows = [META.checkpoint, META.cursor].map((key) => ({ type: 'put', key, value } as const))
  await commit(core, database, rows, true)
  core.checkpoint = totals
  return { totals, sizes: await core.deps.level.sizes() }
}

async function mark(core: Core, totals: Totals, sizes: readonly FileSize[], closed: boolean): Promise<void> {
  const { markerPath, networkId } = core.options
  if (markerPath === undefined) return
  const { identity, provenSequence, condemned } = core
  const prints = await core.deps.level.prints(sizes)
  const marker = { closed, condemned, networkId, identity, provenSequence, totals, prints }
  await writeMarker(core.deps.disk, markerPath, marker)
}

async function verifyDigest(core: Core, options?: ScanOptions): Promise<Verification> {
  const freeze = async (): Promise<{ snapshot: Snapshot; expected: Totals }> =>
    ({ snapshot: openSnapshot(core), expected: core.totals })
  const { snapshot, expected } = await core.turns(freeze)
  try {
    return await verifyTotals(snapshot, expected, options)
  } finally {
    await snapshot.close()
  }
}

function openSnapshot(core: Core): Snapshot {
  const database = live(core)
  const frozen = database.snapshot()
  return { close: () => frozen.close(), ...createReader(() => database, frozen) }
}

async function dropDerived(core: Core): Promise<void> {
  const { level } = core.deps
  await core.database?.close()
  core.database = undefined
  await level.destroy()
  const database = await level.open(true)
  await initialize(database, core.options)
  core.database = database
  core.totals = NO_TOTALS
  core.checkpoint = NO_TOTALS
  core.replayFrom = 0
  core.rebuildReason = undefined
  core.condemned = false
  core.failure = undefined
  await mark(core, NO_TOTALS, await level.sizes(), false)
}

async function close(core: Core, clean: boolean): Promise<void> {
  const { database } = core
  if (database === undefined) return
  const unsaved = (error: unknown): boolean => {
    core.deps.log.warn({ err: error }, 'the index is closed without a checkpoint: the next start replays')
    return false
  }
  const whole = clean && core.failure === undefined && await syncTotals(core).then(() => true, unsaved)
  core.database = undefined
  await database.close()
  if (whole) await mark(core, core.checkpoint, await core.deps.level.sizes(), true).catch(unsaved)
}
