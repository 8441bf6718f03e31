// Seals what the node accepted first into blocks of its own feed: at once when idle, else after a pause that
// grows with the blocks of the network, or as soon as a block is full. docs/formats/block.md.
// Rule: a block is durable in the ledger before anybody hears of it; nothing is sealed while the clock stands
// well before the feed's last block.

import { TIME_LIMITS, wait, type Clock, type Hash, type Log, type Timer } from '../base/index.js'
import { encodeBlock, type AdmissionRules, type BlockHeader, type Dag } from '../dag/index.js'
import type { VerifySignature } from '../record/index.js'
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
  /** Seals nothing more until started again; a block that the log is writing stays. */
  halt(): void
  /** Something was added to the backlog. */
  wake(): void
  /**
   * Seals all that waits now; resolves with the WAL sequence of the last own block, 0 for none.
   * @param feedWaitMs how long to wait for a feed to seal into, if there is none yet
   */
  flush(feedWaitMs: number): Promise<number>
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
  readonly verify: VerifySignature
  /** True when a block elsewhere already brought the record. */
  readonly isAdmitted: (id: Hash) => boolean
  /** Drops what a block elsewhere brought. */
  readonly forget: (entries: readonly BacklogEntry[]) => Promise<void>
  /** Takes records back whose time the clock has not reached. */
  readonly hold: (entries: readonly BacklogEntry[]) => Promise<void>
  /** Blocks of other nodes a second. */
  readonly blocksPerSecond: () => number
  /** The clock stands before the last block of the feed: another feed must be started. */
  readonly onClockBehind: () => void
  /** A durable block, ready to be gossiped. */
  readonly publish: (block: Uint8Array, header: BlockHeader) => void
}

/** Options of a sealer. */
export type SealerOptions = Pick<
  IngestOptions, 'blockBytesTarget' | 'blockRecordsTarget' | 'sealDelayMs' | 'sealDelayMsMax'
>

/** Longest pause between two attempts that seal nothing. */
const STUCK_MS_MAX = 1_000
/** Up to this many blocks a second of others the pause is the shortest; past it, it grows in proportion. */
const CALM_BLOCKS_PER_SECOND = 20

/** True when the clock stands so far before the last block of a feed that it ran ahead once. */
export function isBehindTip(nowMs: number, tipSealedAtMs: number): boolean {
  return nowMs < tipSealedAtMs - TIME_LIMITS.behindTipMsMax
}

/**
 * The pause between two blocks that are not full. With n nodes that all write, each pauses in proportion to
 * the root of n, and so does the number of blocks grow that each of them must handle.
 */
export function sealPauseMs(blocksPerSecond: number, options: SealerOptions): number {
  const { sealDelayMs, sealDelayMsMax } = options
  const grown = Math.floor(sealDelayMs * blocksPerSecond / CALM_BLOCKS_PER_SECOND)
  return Math.max(sealDelayMs, Math.min(sealDelayMsMax, grown))
}

/** A sealer that rests until started. */
export function createSealer(options: SealerOptions, deps: SealerDeps): Sealer {
  return new FeedSealer(options, deps)
}

class FeedSealer implements Sealer {
  readonly #options: SealerOptions
  readonly #deps: SealerDeps
  #identity: FeedIdentity | undefined
  /** Counts starts and halts: the last one holds. */
  #order = 0
  #tip: BlockHeader | undefined
  #lastSealMs = Number.NEGATIVE_INFINITY
  #lastSequence = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  /** Aborted once there is a feed, or never will be. */
  #awaiting = new AbortController()
  #stopped = false
  /** Attempts in a row that sealed nothing: the log is full or failed, or all that waits is in a block. */
  #stuck = 0

  constructor(options: SealerOptions, deps: SealerDeps) {
    this.#options = options
    this.#deps = deps
  }

  async start(identity: FeedIdentity): Promise<void> {
    this.halt()
    const order = this.#order
    await this.#running
    if (order !== this.#order) return
    this.#identity = identity
    // Of a feed that is named again the index may not hold the last block yet.
    if (this.#tip?.feed !== identity.feed) this.#tip = tipHeader(this.#deps.dag, identity.feed)
    this.#stuck = 0
    this.#awaiting.abort()
    this.wake()
  }

  halt(): void {
    this.#order += 1
    this.#identity = undefined
    if (this.#awaiting.signal.aborted) this.#awaiting = new AbortController()
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

  async flush(feedWaitMs: number): Promise<number> {
    const { backlog, clock } = this.#deps
    // Only what waits now: others may go on writing for as long as they like.
    const last = backlog.newestSequence
    if (this.#identity === undefined && !this.#stopped && backlog.waitingCount > 0 && feedWaitMs > 0) {
      await wait(clock, feedWaitMs, this.#awaiting.signal)
    }
    while (this.#running !== undefined || backlog.oldestWaiting <= last) {
      if (!this.#mayRun()) break
      await this.#run()
      if (this.#stuck > 0) break
    }
    return this.#lastSequence
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#awaiting.abort()
    this.#timer?.cancel()
    await this.#running
  }

  #mayRun(): boolean {
    return this.#identity !== undefined && !this.#stopped
  }

  #pauseMs(): number {
    const { sealDelayMs } = this.#options
    if (this.#stuck > 0) return Math.min(STUCK_MS_MAX, sealDelayMs * 2 ** Math.min(this.#stuck, 10))
    if (fillsBlock(this.#deps.backlog, this.#options)) return 0
    return sealPauseMs(this.#deps.blocksPerSecond(), this.#options)
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
    const { backlog, clock, forget, hold, isAdmitted, onClockBehind } = this.#deps
    const identity = this.#identity
    if (identity === undefined) return false
    this.#lastSealMs = clock.monotonicMs()
    const tipMs = this.#tip?.sealedAtMs ?? 0
    const sealedAtMs = Math.max(clock.nowMs(), tipMs)
    if (isBehindTip(clock.nowMs(), tipMs)) {
      this.halt()
      onClockBehind()
      return false
    }
    const { chosen, early, admitted } = chooseRecords(backlog, this.#options, sealedAtMs, isAdmitted)
    backlog.claim(chosen)
    try {
      if (admitted.length > 0) await forget(admitted)
      if (early.length > 0) await hold(early)
      // The feed may have been retired meanwhile.
      const halted = this.#identity !== identity
      if (halted) backlog.release(chosen)
      if (halted || chosen.length === 0) return false
      await this.#write(chosen, sealedAtMs, identity)
    } catch (error) {
      backlog.release(chosen)
      throw error
    }
    return true
  }

  async #write(chosen: readonly BacklogEntry[], sealedAtMs: number, identity: FeedIdentity): Promise<void> {
    const { dag, publish, rules, verify, wal } = this.#deps
    const block = makeOwnBlock(chosen, sealedAtMs, this.#tip, { dag, rules, verify, identity })
    const { header } = block
    const sequenceOf = new Map(chosen.map((entry) => [entry.opened.id, entry.sequence]))
    const sequences = block.ids.map((id) => sequenceOf.get(id) ?? 0)
    // Before the log has it: the ingestor may be done with the block before the append's promise is.
    dag.reserve(header)
    try {
      const frame = encodeOwnBlock({ header: header.bytes, sequences })
      this.#lastSequence = await wal.append(FRAME.ownBlock, frame)
    } catch (error) {
      dag.release(header.id)
      throw error
    }
    this.#tip = header
    publish(encodeBlock(header, block.records), header)
  }
}

function tipHeader(dag: Dag, feed: Hash): BlockHeader | undefined {
  const tip = dag.tipOf(feed)
  return tip === undefined ? undefined : dag.header(tip.id)
}
