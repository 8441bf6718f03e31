// The materializer: brings views up to date in the background, from dirty marks.
// Rule: marks, candidates, votes and settings are read from one snapshot; the views and the removal of
// exactly those marks are one batch. A crash at any point leaves the marks, and the work is done again
// with the same result. It is the only writer of views and of sweep marks.

import { wait, type Clock, type Log, type PublicKey } from '../base/index.js'
import {
  type AuthorityThresholds, createPace, type EpochView, type Pace, type TrustBallots, type TrustView
} from '../lenses/index.js'
import { type Batch, ranges, type Store } from '../store/index.js'
import type { WinnerChange } from './change.js'
import { createEpochBook, type EpochBook } from './epoch-book.js'
import { readMarks } from './marks.js'
import { MaterializerError } from './errors.js'
import { MATERIALIZER_DEFAULTS, REST_MS_MAX, type MaterializerOptions } from './options.js'
import { createPublisher, type Publication, type Publisher } from './publication.js'
import { createProgress, type MaterializerLag, type Progress } from './progress.js'
import { recompute } from './recompute.js'
import { continueSweep, noteSweep, readSweep } from './sweep.js'
import { isTrustSwept } from './trust-sweep.js'
import { createWaitingTurns, type WaitingTurns } from './turns.js'
import { dropViews } from './views.js'

/** Hears of what was said about each key whose records or settings changed. */
export interface BallotSink {
  /** A pass over all marks begins. */
  begin(): void
  /**
   * Ballots of one key.
   * @param asOf WAL sequence that the state they were read in holds at least
   */
  put(ballots: TrustBallots, asOf: number): void
  /** The pass has handed over what was marked when it began. */
  covered(): void
}

/** What the materializer stands on. */
export interface MaterializerDeps {
  readonly store: Store
  /** The published snapshot. */
  readonly trust: () => TrustView
  /** Whom the lens Authority hears; absent = its default. */
  readonly authority?: AuthorityThresholds | undefined
  /** Whose epoch records count. */
  readonly governors: ReadonlySet<PublicKey>
  readonly clock: Clock
  /** Lets other work of the process run, then resolves. */
  readonly yieldNow: () => Promise<void>
  readonly log: Log
  /** True while writes keep the node busy: views then give way, as far as nobody waits for them. */
  readonly busy?: () => boolean
  readonly ballots?: BallotSink | undefined
  /** Told of what ended the work. */
  readonly onFailed?: (error: unknown) => void
}

/** Counters since the start. */
export interface MaterializerStats {
  readonly viewsTotal: number
  readonly marksTotal: number
  readonly sweepsTotal: number
  readonly publicationsTotal: number
  readonly changesTotal: number
}

/** Keeps views up to date. `stop` may be called twice. */
export interface Materializer {
  start(): Promise<void>
  stop(): Promise<void>
  /** There are new marks, epoch records or a new trust snapshot: call it after each ingest step. Cheap. */
  wake(): void
  /**
   * Resolves when nothing is left to do for what was written before the call. Rejects when stopped or failed.
   */
  idle(): Promise<void>
  /** Like `idle`, for one key. Resolves early, without meaning, when the signal aborts. */
  settled(subject: string, predicate: string, signal?: AbortSignal): Promise<void>
  lag(): MaterializerLag
  stats(): MaterializerStats
  /** Epochs as of a time; absent = now. */
  epochs(asOfMs?: number): EpochView
  /**
   * Computes every view anew because something changed on which all depend. `cause` adds what changed to
   * the very batch that notes the sweep. Resolves after a pass, when the sweep cannot be lost any more.
   */
  sweep(cause?: (batch: Batch) => void): Promise<void>
  /**
   * Makes a trust snapshot current and marks the views that read what it changed. Resolves when they are
   * marked; rejects when stopped or failed. One at a time.
   */
  publish(publication: Publication): Promise<void>
  /** Drops every view and computes all anew; resolves when they are there. */
  rebuild(): Promise<void>
  /** Told of changed winners after they were written. Gives the function that unsubscribes. */
  onChange(listener: (change: WinnerChange) => void): () => void
  /** What ended the work, if something did. */
  readonly failure: unknown
}

// What the functions of one materializer share.
interface Core {
  readonly options: Required<MaterializerOptions>
  readonly deps: MaterializerDeps
  readonly book: EpochBook
  readonly turns: WaitingTurns
  readonly pace: Pace
  readonly progress: Progress
  readonly publisher: Publisher
  readonly listeners: Set<(change: WinnerChange) => void>
  readonly stats: { -readonly [Name in Exclude<keyof MaterializerStats, 'publicationsTotal'>]: number }
  /** Sweeps that were asked for and not begun. */
  causes: ((batch: Batch) => void)[]
  rebuilds: boolean
}

/** A materializer that does nothing before `start`. */
export function createMaterializer(options: MaterializerOptions, deps: MaterializerDeps): Materializer {
  const settings = { ...MATERIALIZER_DEFAULTS, ...options }
  const core: Core = {
    options: settings, deps, book: createEpochBook(deps.governors),
    turns: createWaitingTurns(settings.waitFactor),
    pace: createPace(settings.sliceMs, deps.clock, deps.yieldNow),
    progress: createProgress(deps.clock, () => pass(core), (error) => {
      deps.log.error({ err: error }, 'views are no longer brought up to date')
      deps.onFailed?.(error)
      core.publisher.abort(ended('MATERIALIZER_FAILED'))
    }),
    publisher: createPublisher(settings.sweepKeys, { ...deps, wake: () => core.progress.wake() }),
    listeners: new Set(), causes: [], rebuilds: false,
    stats: { viewsTotal: 0, marksTotal: 0, sweepsTotal: 0, changesTotal: 0 }
  }
  const { progress } = core
  return {
    start: async () => {
      await core.book.refresh(deps.store)
      progress.start()
    },
    stop: async () => {
      await progress.stop()
      core.publisher.abort(ended('MATERIALIZER_STOPPED'))
    },
    wake: () => progress.wake(),
    idle: () => progress.idle(),
    settled: (subject, predicate, signal) => settled(core, subject, predicate, signal),
    lag: () => progress.lag(),
    stats: () => ({ ...core.stats, publicationsTotal: core.publisher.total }),
    epochs: (asOfMs) => core.book.view(asOfMs),
    sweep: (cause = () => undefined) => {
      core.causes.push(cause)
      return progress.nextPass()
    },
    publish: (publication) => progress.stopping
      ? Promise.reject(ended('MATERIALIZER_STOPPED')) : core.publisher.publish(publication),
    rebuild: () => {
      core.rebuilds = true
      return progress.idle()
    },
    onChange: (listener) => {
      core.listeners.add(listener)
      return () => core.listeners.delete(listener)
    },
    get failure() {
      return progress.failure
    }
  }
}

/** One walk over all marks. Gives how long to wait before the next one; undefined = nothing is left. */
async function pass(core: Core): Promise<number | undefined> {
  core.deps.ballots?.begin()
  await core.book.refresh(core.deps.store)
  await beginDueSweep(core)
  const late = new Set<string>()
  let from: Uint8Array | undefined
  // A sweep may leave marks behind the place where the walk is: then the walk begins again.
  for (let again = true; again || from !== undefined;) {
    if (from === undefined) again = false
    if (await core.publisher.step()) again = true
    if (await sweepOn(core)) again = true
    const startMs = core.deps.clock.monotonicMs()
    const { next, passedOver } = await workOff(core, from, late)
    from = next
    core.progress.advanced(passedOver)
    if (core.progress.stopping) return undefined
    const pause = core.pace()
    if (pause !== undefined) await pause
    await rest(core, core.deps.clock.monotonicMs() - startMs)
  }
  if (late.size > 0) return core.turns.delayMs(late, core.deps.clock.monotonicMs())
  core.deps.ballots?.covered()
  return undefined
}

function ended(code: 'MATERIALIZER_STOPPED' | 'MATERIALIZER_FAILED'): MaterializerError {
  return new MaterializerError({ code }, 'views are no longer brought up to date')
}

/** Leaves the main thread to writes for a while. */
async function rest(core: Core, workedMs: number): Promise<void> {
  const { deps, options, progress } = core
  if (deps.busy?.() !== true || progress.awaited) return
  await wait(deps.clock, Math.min(REST_MS_MAX, workedMs * options.restFactor))
}

async function beginDueSweep(core: Core): Promise<void> {
  const { store, log } = core.deps
  const { causes, rebuilds } = core
  const state = readSweep(store)
  const fingerprint = core.book.fingerprint()
  if (state.fingerprint === fingerprint && causes.length === 0 && !rebuilds) return
  core.causes = []
  core.rebuilds = false
  const batch = store.batch()
  for (const cause of causes) cause(batch)
  const generation = state.generation + 1
  // In a new index no view is older than the marks that blocks leave.
  const isNew = state.fingerprint === undefined && causes.length === 0 && !rebuilds
  noteSweep(batch, fingerprint, generation, isNew)
  await store.write(batch)
  if (isNew) return
  core.stats.sweepsTotal += 1
  log.info({ generation, rebuilds }, 'all views are computed anew')
  if (rebuilds) await dropViews(store)
}

async function sweepOn(core: Core): Promise<boolean> {
  const { store } = core.deps
  if (!readSweep(store).unfinished) return false
  const batch = store.batch()
  await continueSweep(store, batch, core.options.sweepKeys)
  await store.write(batch)
  return true
}

/** Recomputes the next few keys behind a mark. */
async function workOff(
  core: Core, from: Uint8Array | undefined, late: Set<string>
): Promise<{ readonly next: Uint8Array | undefined; readonly passedOver: number }> {
  const { store, clock, trust, ballots } = core.deps
  // Before the snapshot is taken: what that shows is this state or a later one.
  const asOf = store.cursor
  const snapshot = store.snapshot()
  try {
    const startMs = clock.monotonicMs()
    const { keys, passedOver, next } = await readMarks(snapshot, from, core.options.batchKeys, (name) => {
      const waits = core.turns.waits(name, startMs)
      if (waits) late.add(name)
      return waits
    })
    const marks = keys.reduce((sum, key) => sum + key.marks.length, 0)
    core.progress.found(marks)
    if (keys.length === 0) return { next, passedOver }
    const batch = store.batch()
    const changes = await recompute(keys, {
      options: core.options, reader: snapshot, batch, clock, pace: core.pace,
      judgement: { epochs: core.book.view(), trust: trust(), authority: core.deps.authority },
      spent: (name, costMs) => core.turns.spent(name, costMs, clock.monotonicMs()),
      wantsChanges: core.listeners.size > 0,
      told: ballots === undefined ? undefined : (key) => ballots.put(key, asOf)
    })
    await store.write(batch)
    core.stats.viewsTotal += keys.length
    core.stats.marksTotal += marks
    core.stats.changesTotal += changes.length
    for (const change of changes) for (const listener of core.listeners) listener(change)
    return { next, passedOver }
  } finally {
    await snapshot.close()
  }
}

async function settled(core: Core, subject: string, predicate: string, signal?: AbortSignal): Promise<void> {
  const { store } = core.deps
  while (signal?.aborted !== true) {
    const marks = await store.rangeAll({ ...ranges.marks(subject, predicate), limit: 1, keysOnly: true })
    if (marks.length === 0 && !readSweep(store).unfinished && isTrustSwept(store)) return
    await core.progress.nextStep(signal)
  }
}
