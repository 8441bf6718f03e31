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
  /** Seals from now on. Not before the replay is done: the ledger may hold blocks of what seems to wait. */
  start(): void
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
  readonly identity: FeedIdentity
  readonly rules: AdmissionRules
  /** True when a block elsewhere already brought the record. */
  readonly isAdmitted: (id: Hash) => boolean
  /** Takes records back whose time the clock has not reached. */
  readonly hold: (entries: readonly BacklogEntry[]) => Promise<void>
  /** A durable block, ready to be gossiped. */
  readonly publish: (block: Uint8Array, header: BlockHeader) => void
}

/** Options of a sealer. */
export type SealerOptions = Pick<IngestOptions, 'blockBytesTarget' | 'blockRecordsTarget' | 'sealDelayMs'>

/** A sealer for one feed; it works once something waits. */
export function createSealer(options: SealerOptions, deps: SealerDeps): Sealer {
  return new FeedSealer(options, deps)
}

class FeedSealer implements Sealer {
  readonly #options: SealerOptions
  readonly #deps: SealerDeps
  #tip: BlockHeader | undefined
  #lastSealMs = Number.NEGATIVE_INFINITY
  #lastSequence = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #sealing = false
  /** The last attempt sealed nothing: the log is full or failed, or all that waits is admitted already. */
  #stuck = false

  constructor(options: SealerOptions, deps: SealerDeps) {
    this.#options = options
    this.#deps = deps
    this.#tip = tipHeader(deps.dag, deps.identity.feed)
  }

  start(): void {
    this.#sealing = true
    this.wake()
  }

  wake(): void {
    const { backlog, clock } = this.#deps
    if (!this.#sealing || this.#running !== undefined || backlog.waitingCount === 0) return
    const pauseMs = fillsBlock(backlog, this.#options) && !this.#stuck ? 0 : this.#options.sealDelayMs
    const waitMs = this.#lastSealMs + pauseMs - clock.monotonicMs()
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
      if (!this.#sealing) break
      await this.#run()
      if (this.#stuck) break
    }
    return this.#lastSequence
  }

  async stop(): Promise<void> {
    this.#sealing = false
    this.#timer?.cancel()
    await this.#running
  }

  #run(): Promise<void> {
    this.#running ??= this.#sealOne()
      .catch((error: unknown) => {
        this.#deps.log.error({ error: String(error) }, 'sealing failed')
        return false
      })
      .then((sealed) => {
        this.#stuck = !sealed
        this.#running = undefined
        this.wake()
      })
    return this.#running
  }

  async #sealOne(): Promise<boolean> {
    const { backlog, clock, hold, isAdmitted } = this.#deps
    this.#lastSealMs = clock.monotonicMs()
    const sealedAtMs = Math.max(clock.nowMs(), this.#tip?.sealedAtMs ?? 0)
    const { chosen, early } = chooseRecords(backlog, this.#options, sealedAtMs, isAdmitted)
    if (early.length > 0) await hold(early)
    if (chosen.length === 0) return false
    backlog.claim(chosen)
    try {
      await this.#write(chosen, sealedAtMs)
    } catch (error) {
      backlog.release(chosen)
      throw error
    }
    return true
  }

  async #write(chosen: readonly BacklogEntry[], sealedAtMs: number): Promise<void> {
    const { dag, publish, wal } = this.#deps
    const block = makeOwnBlock(chosen, sealedAtMs, this.#tip, this.#deps)
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
