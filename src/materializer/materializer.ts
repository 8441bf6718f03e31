// The materializer: brings views up to date in the background, from dirty marks.
// Rule: marks, candidates, votes and settings are read from one snapshot; the views and the removal of
// exactly those marks are one batch. A crash at any point leaves the marks, and the work is done again
// with the same result. It is the only writer of views and of sweep marks.

import { wait } from '../base/index.js'
import { createPace, type Pace } from '../lenses/index.js'
import { type Batch, ranges, type Snapshot } from '../store/index.js'
import type { WinnerChange } from './change.js'
import { createEpochBook, type EpochBook } from './epoch-book.js'
import { createHotKeys, type HotKeys } from './hot-keys.js'
import { type DirtyKey, type DirtyKeys, readMarks } from './marks.js'
import { MaterializerError } from './errors.js'
import {
  HOT_KEYS_TAKEN, MATERIALIZER_DEFAULTS, REST_MS_MAX, TRUST_KEYS_MAX, type MaterializerOptions
} from './options.js'
import { createPublisher, type Publisher } from './publication.js'
import { createProgress, type Progress } from './progress.js'
import { recompute } from './recompute.js'
import { continueSweep, noteSweep, readSweep } from './sweep.js'
import { createWaitingTurns, type WaitingTurns } from './turns.js'
import type { Materializer, MaterializerDeps, MaterializerStats } from './types.js'
import { dropViews } from './views.js'

// What the functions of one materializer share.
interface Core {
  readonly options: Required<MaterializerOptions>
  readonly deps: MaterializerDeps
  readonly book: EpochBook
  readonly turns: WaitingTurns
  readonly pace: Pace
  readonly progress: Progress
  readonly hot: HotKeys
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
    publisher: createPublisher(TRUST_KEYS_MAX, { ...deps, wake: () => core.progress.wake() }),
    hot: createHotKeys(), listeners: new Set(), causes: [], rebuilds: false,
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
    wake: (keys = []) => {
      for (const key of keys) core.hot.add(key)
      progress.wake()
    },
    idle: () => progress.idle(),
    settled: (subject, predicate, signal) => settled(core, subject, predicate, signal),
    walked: (signal) => signal.aborted ? Promise.resolve() : progress.nextPass(signal),
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
  const walk = core.hot.begin()
  const late = new Set<string>()
  let from: Uint8Array | undefined
  // A sweep may leave marks behind the place where the walk is: then the walk begins again.
  for (let again = true; again || from !== undefined;) {
    if (from === undefined) again = false
    if (await core.publisher.step()) again = true
    if (await sweepOn(core)) again = true
    const startMs = core.deps.clock.monotonicMs()
    if (from !== undefined && core.hot.size > 0) await workOffHot(core)
    const { next, passedOver } = await workOff(core, from, late)
    from = next
    core.progress.advanced(passedOver)
    if (core.progress.stopping) return undefined
    const pause = core.pace()
    if (pause !== undefined) await pause
    await rest(core, core.deps.clock.monotonicMs() - startMs)
  }
  core.hot.walked(walk)
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
function workOff(
  core: Core, from: Uint8Array | undefined, late: Set<string>
): Promise<Pick<DirtyKeys, 'next' | 'passedOver'>> {
  return onSnapshot(core, async (snapshot, asOf) => {
    const startMs = core.deps.clock.monotonicMs()
    const { keys, passedOver, next } = await readMarks(snapshot, from, core.options.batchKeys, (name) => {
      const waits = core.turns.waits(name, startMs)
      if (waits) late.add(name)
      return waits
    })
    await bringUpToDate(core, keys, snapshot, asOf)
    return { next, passedOver }
  })
}

/** Recomputes a few keys that come first. */
function workOffHot(core: Core): Promise<void> {
  return onSnapshot(core, async (snapshot, asOf) => {
    const nowMs = core.deps.clock.monotonicMs()
    const keys = await core.hot.take(snapshot, HOT_KEYS_TAKEN, (name) => core.turns.waits(name, nowMs))
    await bringUpToDate(core, keys, snapshot, asOf)
    core.progress.advanced(0)
  })
}

async function onSnapshot<T>(core: Core, work: (snapshot: Snapshot, asOf: number) => Promise<T>): Promise<T> {
  const { store } = core.deps
  // Before the snapshot is taken: what that shows is this state or a later one.
  const asOf = store.cursor
  const snapshot = store.snapshot()
  try {
    return await work(snapshot, asOf)
  } finally {
    await snapshot.close()
  }
}

async function bringUpToDate(
  core: Core, keys: readonly DirtyKey[], snapshot: Snapshot, asOf: number
): Promise<void> {
  const { store, clock, trust, ballots } = core.deps
  const marks = keys.reduce((sum, key) => sum + key.marks.length, 0)
  core.progress.found(marks)
  if (keys.length === 0) return
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
}

async function settled(core: Core, subject: string, predicate: string, signal?: AbortSignal): Promise<void> {
  const { store } = core.deps
  while (signal?.aborted !== true) {
    const marks = await store.rangeAll({ limit: 1, keysOnly: true, ...ranges.marks(subject, predicate) })
    if (marks.length === 0 && !readSweep(store).unfinished) return
    core.hot.add({ subject, predicate })
    await core.progress.nextStep(signal)
  }
}
