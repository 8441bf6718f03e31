// The trust keeper: hands ballots to the trust desk, has trust computed when it is due, and publishes it.
// Rule: lenses read the published snapshot alone, and that changes only with the batch that notes its sweep.
// What is computed is a function of all ballots; whatever goes wrong costs time, never a wrong value.

import { type Hash, type Log, type PublicKey, wait } from '../base/index.js'
import { type BallotSink, type Materializer, MaterializerError, type SweptKey } from '../materializer/index.js'
import type { Store } from '../store/index.js'
import {
  type AgentReasons, decodePublished, encodePublished, snapshotOf, type TrackRecord, type TrustFinding,
  type TrustPolicy, type TrustSnapshot
} from '../trustrank/index.js'
import { NodeError } from './errors.js'
import { type FillDeps, fillBook } from './trust-fill.js'
import { openTrustLane, type TrustLane } from './trust-lane.js'
import {
  PAST_MAX, QUESTIONS_MAX, RESTART_MS_MAX, RESTART_MS_MIN, TRUST_DEFAULTS, type TrustOptions
} from './trust-options.js'
import { createTrustQueue, type TrustQueue } from './trust-queue.js'
import { type CoveredState, readTrust, stageCurrent, stageNext } from './trust-rows.js'
import { createTrustSchedule, type TrustSchedule } from './trust-schedule.js'

/** What a keeper stands on. */
export interface TrustDeps extends FillDeps {
  readonly store: Store
  readonly log: Log
  readonly frontierRoot: () => Hash
  readonly materializer: Pick<Materializer, 'publish'>
  /** Default: a worker thread, or inline. */
  readonly openLane?: ((policy: TrustPolicy) => TrustLane) | undefined
}

/** Numbers of the keeper since the start. */
export interface TrustStats {
  readonly computationsTotal: number
  readonly publicationsTotal: number
  readonly restartsTotal: number
  /** Of the last computation. */
  readonly computeSeconds: number
  readonly rows: number
  readonly keys: number
  /** Rows that wait for the desk. */
  readonly queueRows: number
}

/** Keeps trust. `stop` may be called twice. */
export interface TrustKeeper {
  /** The published snapshot. */
  snapshot(): TrustSnapshot
  /** A published snapshot by its generation, as far as it is kept. */
  past(generation: number): TrustSnapshot | undefined
  /** Published snapshots before the current one, latest first. */
  history(): readonly TrustSnapshot[]
  /** Where the materializer hands over ballots. */
  readonly sink: BallotSink
  start(): void
  stop(): Promise<void>
  /** Resolves when all ballots that were handed over before are published. */
  settled(): Promise<void>
  /** Like `settled`, for a question. Resolves early, without meaning, when the signal aborts. */
  answered(signal: AbortSignal): Promise<void>
  /** The published snapshot follows from all ballots that were handed over. */
  readonly quiet: boolean
  /** Ms since the oldest ballot that the published snapshot does not cover. */
  readonly lagMs: number
  /**
   * Why an agent's values are what they are; undefined without ballots, or before the first computation.
   * @throws NodeError NODE_TRUST_BUSY with 16 questions under way
   */
  reasons(agent: PublicKey): Promise<AgentReasons | undefined>
  records(agents: readonly PublicKey[]): Promise<readonly (TrackRecord | undefined)[]>
  stats(): TrustStats
}

/** Failures in a row from which on those who wait are told. */
const FAILURES_TOLD = 3

/** A keeper of the trust that the index says is current. Nothing runs yet. */
export function createTrustKeeper(policy: TrustPolicy, options: TrustOptions, deps: TrustDeps): TrustKeeper {
  return new Keeper(policy, { ...TRUST_DEFAULTS, ...options }, deps)
}

class Keeper implements TrustKeeper {
  readonly sink: BallotSink
  readonly #policy: TrustPolicy
  readonly #deps: TrustDeps
  readonly #queue: TrustQueue
  readonly #schedule: TrustSchedule
  readonly #stopping = new AbortController()
  readonly #past: TrustSnapshot[] = []
  #snapshot: TrustSnapshot
  /** Under what views were computed is not known: all of them must be. */
  #lost: boolean
  #lane: TrustLane | undefined
  /** The book lacks ballots: all are to be read from the index. */
  #needsFill = true
  #begun: CoveredState = { cursor: 0 }
  #covered: CoveredState = { cursor: 0 }
  #running: Promise<void> | undefined
  #failures = 0
  #questions = 0
  #workers: 0 | 1
  readonly #stats = {
    computationsTotal: 0, publicationsTotal: 0, restartsTotal: 0, computeSeconds: 0, rows: 0, keys: 0
  }

  constructor(policy: TrustPolicy, options: Required<TrustOptions>, deps: TrustDeps) {
    this.#policy = policy
    this.#workers = options.workers
    this.#deps = deps
    this.#queue = createTrustQueue(options.queueRowsMax)
    this.#schedule = createTrustSchedule(options, deps.clock)
    const { snapshot, lost } = readTrust(deps.store, policy)
    this.#snapshot = snapshot
    this.#lost = lost
    this.sink = {
      begin: () => {
        this.#begun = { frontierRoot: deps.frontierRoot(), cursor: deps.store.cursor }
      },
      put: (ballots, asOf) => {
        this.#queue.put(ballots, asOf)
        this.#schedule.changed()
      },
      covered: () => {
        this.#covered = this.#begun
      }
    }
  }

  get quiet(): boolean { return this.#schedule.quiet }
  get lagMs(): number { return this.#schedule.lagMs() }

  snapshot(): TrustSnapshot { return this.#snapshot }

  past(generation: number): TrustSnapshot | undefined {
    return [this.#snapshot, ...this.#past].find((snapshot) => snapshot.generation === generation)
  }

  history(): readonly TrustSnapshot[] { return this.#past }

  start(): void {
    this.#schedule.changed()
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#schedule.stop()
    await this.#lane?.stop()
    await this.#running
  }

  settled(): Promise<void> {
    return this.#schedule.settled()
  }

  answered(signal: AbortSignal): Promise<void> {
    return this.#schedule.answered(signal)
  }

  async reasons(agent: PublicKey): Promise<AgentReasons | undefined> {
    return this.#question((lane) => lane.ask({ kind: 'reasons', agent }))
  }

  async records(agents: readonly PublicKey[]): Promise<readonly (TrackRecord | undefined)[]> {
    return await this.#question((lane) => lane.ask({ kind: 'records', agents })) ?? agents.map(() => undefined)
  }

  stats(): TrustStats {
    return { ...this.#stats, queueRows: this.#queue.rows }
  }

  /** The answer; undefined until the book was filled. */
  async #question<T>(ask: (lane: TrustLane) => Promise<T>): Promise<T | undefined> {
    if (this.#needsFill || this.#lane === undefined) return undefined
    if (this.#questions >= QUESTIONS_MAX) {
      throw new NodeError({ code: 'NODE_TRUST_BUSY', max: QUESTIONS_MAX }, 'too many questions about trust wait')
    }
    this.#questions += 1
    try {
      return await ask(this.#lane)
    } finally {
      this.#questions -= 1
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (await this.#schedule.due()) {
      try {
        await this.#turn()
        this.#failures = 0
      } catch (error) {
        const proven = this.#lane?.proven ?? true
        await this.#lane?.stop()
        this.#lane = undefined
        this.#needsFill = true
        if (signal.aborted) return
        // Without views nothing can be published any more.
        if (error instanceof MaterializerError) return this.#schedule.failed(error)
        // A thread that never answered would end again: then the main thread computes.
        if (proven) await this.#recover(error)
        else this.#workers = 0
      }
    }
  }

  /** Begins anew after a while; whoever waits hears of it when it goes on failing. */
  async #recover(error: unknown): Promise<void> {
    const { clock, log } = this.#deps
    this.#failures += 1
    this.#stats.restartsTotal += 1
    log.error({ code: 'NODE_TRUST_WORKER', error: String(error), failures: this.#failures }, 'trust begins anew')
    if (this.#failures >= FAILURES_TOLD) {
      this.#schedule.failed(notComputed(error))
    }
    const pauseMs = Math.min(RESTART_MS_MAX, RESTART_MS_MIN * 2 ** (this.#failures - 1))
    await wait(clock, pauseMs, this.#stopping.signal)
  }

  /** One computation over all ballots that were handed over before. */
  async #turn(): Promise<void> {
    const { clock } = this.#deps
    const turn = this.#schedule.begin()
    const lane = await this.#ready()
    const covered = this.#covered
    await this.#flush(lane)
    const startMs = clock.monotonicMs()
    const finding = await lane.ask({ kind: 'compute' })
    const tookMs = clock.monotonicMs() - startMs
    Object.assign(this.#stats, { computeSeconds: tookMs / 1_000, rows: finding.rows, keys: finding.keys })
    this.#stats.computationsTotal += 1
    if (finding.bytes !== undefined) await this.#publish(lane, finding, finding.bytes, covered)
    else this.#snapshot = { ...this.#snapshot, frontierRoot: covered.frontierRoot }
    turn.end(tookMs)
  }

  /** The lane, with a book that holds all that the index holds. */
  async #ready(): Promise<TrustLane> {
    const { log, openLane = (policy) => openTrustLane(this.#workers, policy, log) } = this.#deps
    const lane = this.#lane ??= openLane(this.#policy)
    if (this.#queue.takeOverflow()) this.#needsFill = true
    if (!this.#needsFill) return lane
    // A desk that knows of no published values finds everything new.
    if (!this.#lost) await lane.ask({ kind: 'adopt', bytes: encodePublished(this.#snapshot) })
    await fillBook(this.#deps, (message) => lane.ask({ kind: 'put', ...message }), this.#stopping.signal)
    this.#needsFill = false
    return lane
  }

  async #flush(lane: TrustLane): Promise<void> {
    for (const message of this.#queue.take()) await lane.ask({ kind: 'put', ...message })
  }

  async #publish(
    lane: TrustLane, finding: TrustFinding, bytes: Uint8Array, covered: CoveredState
  ): Promise<void> {
    const { store, materializer, log } = this.#deps
    const published = decodePublished(bytes)
    if (published === undefined) throw notComputed()
    const before = this.#snapshot
    const place = { generation: before.generation + 1, frontierRoot: covered.frontierRoot }
    const next = snapshotOf(published, place, finding.digest)
    const batch = store.batch()
    stageNext(batch, next.generation, bytes)
    await store.write(batch)
    let adopted = false
    const lost = this.#lost
    await materializer.publish({
      generation: next.generation,
      stage: (current) => stageCurrent(current, next, before.generation, covered),
      committed: () => {
        this.#past.unshift(before)
        this.#past.splice(PAST_MAX)
        this.#snapshot = next
        this.#lost = false
        this.#stats.publicationsTotal += 1
      },
      affected: async (limit) => {
        if (!adopted) await this.#adopt(lane)
        adopted = true
        if (lost) throw notComputed()
        return this.#affected(lane, limit)
      }
    })
    log.debug({ generation: next.generation, rounds: finding.rounds, rows: finding.rows }, 'trust was published')
  }

  /** After all ballots that views were computed from while the old snapshot was current. */
  async #adopt(lane: TrustLane): Promise<void> {
    await this.#flush(lane)
    if (this.#queue.takeOverflow()) {
      this.#needsFill = true
      this.#schedule.changed()
      throw notComputed()
    }
    await lane.ask({ kind: 'adopt' })
  }

  #affected(lane: TrustLane, limit: number): Promise<readonly SweptKey[]> {
    return lane.ask({ kind: 'affected', limit })
  }
}

function notComputed(cause?: unknown): NodeError {
  return new NodeError({ code: 'NODE_TRUST_WORKER' }, 'trust could not be computed', { cause })
}
