// What a materializer stands on, offers and tells.

import type { Clock, Log, PublicKey } from '../base/index.js'
import type { AuthorityThresholds, EpochView, TrustBallots, TrustView } from '../lenses/index.js'
import type { Batch, Store } from '../store/index.js'
import type { WinnerChange } from './change.js'
import type { HotKey } from './hot-keys.js'
import type { MaterializerLag } from './progress.js'
import type { Publication } from './publication.js'

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
  /**
   * There are new marks or epoch records: call it after each ingest step. Cheap.
   * @param keys some that have new marks: they come first while there is much to do
   */
  wake(keys?: readonly HotKey[]): void
  /**
   * Resolves when nothing is left to do for what was written before the call. Rejects when stopped or failed.
   */
  idle(): Promise<void>
  /** Like `idle`, for one key. Resolves early, without meaning, when the signal aborts. */
  settled(subject: string, predicate: string, signal?: AbortSignal): Promise<void>
  /**
   * Resolves after a walk over all marks that began after the call: the ballots of what was written before
   * are handed over, but those of keys that wait for their turn. Resolves early, without meaning, when the
   * signal aborts. Rejects when stopped or failed.
   */
  walked(signal: AbortSignal): Promise<void>
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
