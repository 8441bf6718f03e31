// The feed this node seals into, and when it draws a new one.
// Rule: an honest feed never forks and never stalls. Whatever makes it doubtful that the tip known here is
// the last block that was ever sealed on the feed (a rolled-back disk, a copy, a clock that ran ahead)
// retires the feed: the next block is the first one of a new incarnation.

import { wait, type Clock, type Log } from '../base/index.js'
import { feedOf, type Dag } from '../dag/index.js'
import { isBehindTip, type FeedIdentity } from '../ingest/index.js'
import type { Wal } from '../wal/index.js'
import { chooseIncarnation, drawIncarnation } from './incarnation.js'
import type { NodeParts, NodeSetup } from './setup.js'

/** The present feed of a node. */
export interface OwnFeed {
  readonly current: FeedIdentity
  /**
   * Begins to seal: at once into a new feed, or without peers to ask; into an old one once a peer has said
   * what it knows of it. Resolves when sealing has begun.
   */
  begin(): Promise<void>
  /** A peer's STATUS is here: had it shown an unknown block of the feed, `retire` would have come first. */
  heard(): void
  /** Seals into a new feed from now on. */
  retire(why: string): void
  stop(): Promise<void>
}

/** What the feed's keeper works on. */
export interface OwnFeedDeps {
  readonly wal: Wal
  readonly dag: Dag
  /** Addresses of peers are known, so that a STATUS can be expected. */
  readonly expectsPeers: boolean
  readonly seal: (identity: FeedIdentity) => Promise<void>
}

/** An old feed waits this long for a peer's word after a start. */
const CONFIRM_MS_MAX = 5_000
/** Pause before a new feed is tried again that could not be written down: the disk may be full. */
const RETRY_MS = 1_000

/** Chooses the incarnation; a new one is durable when this resolves. Nothing is sealed before `begin`. */
export async function openOwnFeed(setup: NodeSetup, ports: NodeParts, deps: OwnFeedDeps): Promise<OwnFeed> {
  const { incarnationPath, dataDirectory } = setup
  const { disk, random } = ports
  const files = { disk, random, wal: deps.wal }
  const incarnation = await chooseIncarnation(incarnationPath, dataDirectory, files)
  const draw = (): Promise<string> => drawIncarnation(incarnationPath, dataDirectory, files)
  return new FeedKeeper(setup, ports, deps, identityOf(setup, incarnation), draw)
}

class FeedKeeper implements OwnFeed {
  readonly #setup: NodeSetup
  readonly #clock: Clock
  readonly #log: Log
  readonly #deps: OwnFeedDeps
  readonly #draw: () => Promise<string>
  readonly #word = new AbortController()
  readonly #stopping = new AbortController()
  #current: FeedIdentity
  #begun = false
  #confirmed = false
  #doubt: string | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(
    setup: NodeSetup, ports: NodeParts, deps: OwnFeedDeps, current: FeedIdentity, draw: () => Promise<string>
  ) {
    this.#setup = setup
    this.#clock = ports.clock
    this.#log = ports.log
    this.#deps = deps
    this.#current = current
    this.#draw = draw
  }

  get current(): FeedIdentity {
    return this.#current
  }

  begin(): Promise<void> {
    return this.#queue(async () => {
      this.#doubt ??= await this.#firstDoubt()
      this.#begun = true
      if (!this.#stopping.signal.aborted) await this.#settle()
    })
  }

  heard(): void {
    this.#confirmed = true
    this.#word.abort()
  }

  retire(why: string): void {
    this.#doubt ??= why
    this.#word.abort()
    if (this.#begun) void this.#queue(() => this.#settle())
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#word.abort()
    await this.#running
  }

  /** What speaks against going on with the feed after a start. */
  async #firstDoubt(): Promise<string | undefined> {
    const { dag, expectsPeers } = this.#deps
    const { feed } = this.#current
    const tip = dag.tipOf(feed)
    if (tip === undefined) return undefined
    if (dag.isForked(feed)) return 'it has forked'
    if (isBehindTip(this.#clock.nowMs(), dag.header(tip.id)?.sealedAtMs ?? 0)) {
      return 'the clock stands before its last block'
    }
    if (!expectsPeers) return undefined
    await wait(this.#clock, CONFIRM_MS_MAX, this.#word.signal)
    return this.#confirmed ? undefined : this.#doubt ?? 'no peer has confirmed its last block'
  }

  async #settle(): Promise<void> {
    const why = this.#doubt
    if (why !== undefined) {
      const retired = this.#current.feed
      this.#current = identityOf(this.#setup, await this.#draw())
      if (this.#doubt === why) this.#doubt = undefined
      this.#log.warn({ retired, feed: this.#current.feed, why }, 'own feed retired: blocks go on in a new one')
    }
    await this.#deps.seal(this.#current)
  }

  #queue(task: () => Promise<void>): Promise<void> {
    this.#running = this.#running.then(task).catch((error: unknown) => {
      this.#log.error({ error: String(error) }, 'the own feed could not be chosen: nothing is sealed meanwhile')
      void wait(this.#clock, RETRY_MS, this.#stopping.signal).then(() => {
        if (!this.#stopping.signal.aborted) void this.#queue(() => this.#settle())
      })
    })
    return this.#running
  }
}

function identityOf({ certificate, signer }: NodeSetup, incarnation: string): FeedIdentity {
  const feed = feedOf(signer.publicKey, incarnation)
  return { signer, incarnation, feed, ...(certificate === undefined ? {} : { certificate }) }
}
