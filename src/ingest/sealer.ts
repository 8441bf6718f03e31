// Seals what the node accepted first into blocks of its own feed: at once when idle, else after a short
// pause or as soon as a block is full. docs/formats/block.md.
// Rule: a block is durable in the ledger before anybody hears of it.

import type { Clock, Hash, Log, Timer } from '../base/index.js'
import { encodeBlock, type AdmissionRules, type BlockHeader, type Dag } from '../dag/index.js'
import type { Wal } from '../wal/index.js'
import type { Backlog, BacklogEntry } from './backlog.js'
import { encodeOwnBlock, FRAME } from './frames.js'
import type { IngestOptions } from './options.js'
import { chooseRecords, fillsBlock, makeOwnBlock, type FeedIdentity } from './own-block.js'

/** The sealer of one feed. */
export interface Sealer {
  /**
   * Seals into this feed from now on. Not before the replay is done: the ledger may hold blocks of what seems
   * to wait, and the feed's last block. Called again, it moves to another feed after the block under way.
   */
  start(identity: FeedIdentity): Promise<void>
  /** Something was added to the backlog. */
  wake(): void
  /** Seals all that waits now; resolves with the WAL sequence of the last own block, 0 for none. */
  flush(): Promise<number>
  stop(): Promise<void>
}

/** What the sealer works on. */
export interface SealerDeps {
  readonly wal: Wal
  readonly dag: Dag
  readonly backlog: Backlog
  readonly clock: Clock
  readonly log: Log
  readonly rules: AdmissionRules
  /** True when a block elsewhere already brought the record. */
  readonly isAdmitted: (id: Hash) => boolean
  /** Drops what a block elsewhere brought. */
  readonly forget: (entries: readonly BacklogEntry[]) => Promise<void>
  /** Takes records back whose time the clock has not reached. */
  readonly hold: (entries: readonly BacklogEntry[]) => Promise<void>
  /** A durable block, ready to be gossiped. */
  readonly publish: (block: Uint8Array, header: BlockHeader) => void
}

/** Options of a sealer. */
export type SealerOptions = Pick<IngestOptions, 'blockBytesTarget' | 'blockRecordsTarget' | 'sealDelayMs'>

/** Longest pause between two attempts that seal nothing. */
const STUCK_MS_MAX = 1_000

/** A sealer that rests until started. */
export function createSealer(options: SealerOptions, deps: SealerDeps): Sealer {
  return new FeedSealer(options, deps)
}

class FeedSealer implements Sealer {
  readonly #options: SealerOptions
  readonly #deps: SealerDeps
  #identity: FeedIdentity | undefined
  #tip: BlockHeader | undefined
  #lastSealMs = Number.NEGATIVE_INFINITY
  #lastSequence = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #stopped = false
  /** Attempts in a row that sealed nothing: the log is full or failed, or all that waits is in a block. */
  #stuck = 0

  constructor(options: SealerOptions, deps: SealerDeps) {
    this.#options = options
    this.#deps = deps
  }

  async start(identity: FeedIdentity): Promise<void> {
    this.#identity = undefined
    await this.#running
    this.#identity = identity
    this.#tip = tipHeader(this.#deps.dag, identity.feed)
    this.wake()
  }

  wake(): void {
    const { backlog, clock } = this.#deps
    if (!this.#mayRun() || this.#running !== undefined || backlog.waitingCount === 0) return
    const waitMs = this.#lastSealMs + this.#pauseMs() - clock.monotonicMs()
    if (waitMs <= 0) {
      this.#timer?.cancel()
      this.#timer = undefined
      void this.#run()
      return
    }
    this.#timer ??= clock.setTimer(waitMs, () => {
      this.#timer = undefined
      void this.#run()
    })
  }

  async flush(): Promise<number> {
    while (this.#running !== undefined || this.#deps.backlog.waitingCount > 0) {
      if (!this.#mayRun()) break
      await this.#run()
      if (this.#stuck > 0) break
    }
    return this.#lastSequence
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #mayRun(): boolean {
    return this.#identity !== undefined && !this.#stopped
  }

  #pauseMs(): number {
    const { sealDelayMs } = this.#options
    if (this.#stuck > 0) return Math.min(STUCK_MS_MAX, sealDelayMs * 2 ** Math.min(this.#stuck, 10))
    return fillsBlock(this.#deps.backlog, this.#options) ? 0 : sealDelayMs
  }

  #run(): Promise<void> {
    this.#running ??= this.#sealOne()
      .catch((error: unknown) => {
        // Once: a full disk would say it every second.
        if (this.#stuck === 0) this.#deps.log.error({ error: String(error) }, 'sealing failed')
        return false
      })
      .then((sealed) => {
        this.#stuck = sealed ? 0 : this.#stuck + 1
        this.#running = undefined
        this.wake()
      })
    return this.#running
  }

  async #sealOne(): Promise<boolean> {
    const { backlog, clock, forget, hold, isAdmitted } = this.#deps
    const identity = this.#identity
    if (identity === undefined) return false
    this.#lastSealMs = clock.monotonicMs()
    const sealedAtMs = Math.max(clock.nowMs(), this.#tip?.sealedAtMs ?? 0)
    const { chosen, early, admitted } = chooseRecords(backlog, this.#options, sealedAtMs, isAdmitted)
    backlog.claim(chosen)
    try {
      if (admitted.length > 0) await forget(admitted)
      if (early.length > 0) await hold(early)
      if (chosen.length === 0) return false
      await this.#write(chosen, sealedAtMs, identity)
    } catch (error) {
      backlog.release(chosen)
      throw error
    }
    return true
  }

  async #write(chosen: readonly BacklogEntry[], sealedAtMs: number, identity: FeedIdentity): Promise<void> {
    const { dag, publish, rules, wal } = this.#deps
    const block = makeOwnBlock(chosen, sealedAtMs, this.#tip, { dag, rules, identity })
    const { header } = block
    const sequenceOf = new Map(chosen.map((entry) => [entry.opened.id, entry.sequence]))
    const sequences = block.ids.map((id) => sequenceOf.get(id) ?? 0)
    this.#lastSequence = await wal.append(FRAME.ownBlock, encodeOwnBlock({ header: header.bytes, sequences }))
    dag.reserve(header)
    this.#tip = header
    publish(encodeBlock(header, block.records), header)
  }
}

function tipHeader(dag: Dag, feed: Hash): BlockHeader | undefined {
  const tip = dag.tipOf(feed)
  return tip === undefined ? undefined : dag.header(tip.id)
}
