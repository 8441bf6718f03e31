// The feed this node seals into, and when it draws a new one.
// Rule: an honest feed never forks and never stalls. Whatever makes it doubtful that the tip known here is
// the last block that was ever sealed on the feed (a rolled-back disk, a copy, a clock that ran ahead)
// retires the feed: the next block is the first one of a new incarnation.

import { wait, type Clock, type Hash, type Log, type PeerName, type Timer } from '../base/index.js'
import { feedOf, isAhead, type BlockHeader, type Dag } from '../dag/index.js'
import { isBehindTip, type FeedIdentity } from '../ingest/index.js'
import type { Wal } from '../wal/index.js'
import { chooseIncarnation, type ChosenIncarnation, drawIncarnation, type IncarnationDeps } from './incarnation.js'
import type { NodeParts, NodeSetup } from './setup.js'

/** The present feed of a node. */
export interface OwnFeed {
  readonly current: FeedIdentity
  /**
   * Begins to seal: at once into a new feed, or without peers to ask; into an old one once a peer has
   * confirmed its last block. Resolves when sealing has begun.
   */
  begin(): Promise<void>
  /**
   * A peer's STATUS is here: had it shown an unknown block of the feed, `retire` would have come first.
   * It confirms the feed if it is the peer's first one and names the last block that is here
   * (docs/decisions/270).
   * @param known the last block of this node that the peer names
   */
  heard(peer: PeerName, known?: Hash): void
  /** Seals nothing more into the feed, and into a new one as soon as that is written down. */
  retire(why: string): void
  /**
   * A peer says that it holds this block of the feed, which is not here: the feed is retired on its word.
   * Past 8 words in an hour that no block has borne out, only a block counts (docs/decisions/262).
   */
  shown(seq: number): void
  /** A block of this node's key came from elsewhere, or was left out here: none of the feed in use may. */
  strayed(header: BlockHeader): void
  stop(): Promise<void>
}

/** What the feed's keeper works on. */
export interface OwnFeedDeps {
  readonly wal: Wal
  readonly dag: Dag
  /** Addresses of peers are known, so that a STATUS can be expected. */
  readonly expectsPeers: boolean
  readonly seal: (identity: FeedIdentity) => Promise<void>
  /** Nothing more is sealed until `seal` names a feed: at once. */
  readonly halt: () => void
  /** The index holds own blocks that lie well ahead of the clock: it must be made anew without them. */
  readonly onAhead: () => void
}

/** An old feed waits this long for a peer's word after a start. */
const CONFIRM_MS_MAX = 5_000
/** Peers that may speak in that time; of more, none confirms. */
const SPEAKERS_MAX = 256
/** Pause before a new feed is tried again that could not be written down: the disk may be full. */
const RETRY_MS = 1_000
/** How often the clock is held against the last own block. */
const LOOK_MS = 10_000
/** Feeds given up on a peer's bare word, and the time that a word without a block is remembered. */
const WORDS_MAX = 8
const WORD_MS = 3_600_000

/** Chooses the incarnation; a new one is durable when this resolves. Nothing is sealed before `begin`. */
export async function openOwnFeed(setup: NodeSetup, ports: NodeParts, deps: OwnFeedDeps): Promise<OwnFeed> {
  const { incarnationPath, dataDirectory } = setup
  const chosen = await chooseIncarnation(incarnationPath, dataDirectory, drawing(setup, ports, deps.wal))
  const draw = (signal: AbortSignal): Promise<string> => endFeed(setup, ports, deps.wal, signal)
  return new FeedKeeper(setup, ports, deps, chosen, draw)
}

/** Ends the feed in use: a new incarnation is durable when this resolves. */
export function endFeed(
  setup: NodeSetup, ports: NodeParts, wal: Wal, signal?: AbortSignal
): Promise<string> {
  const { incarnationPath, dataDirectory } = setup
  return drawIncarnation(incarnationPath, dataDirectory, drawing(setup, ports, wal, signal))
}

function drawing(setup: NodeSetup, ports: NodeParts, wal: Wal, signal?: AbortSignal): IncarnationDeps {
  const { disk, random, yieldNow } = ports
  const { genesis, signer } = setup
  const workBits = genesis.genesis.feedWorkBits
  const given = signal === undefined ? {} : { signal }
  return { disk, random, yieldNow, wal, workBits, nodeKey: signer.publicKey, ...given }
}

class FeedKeeper implements OwnFeed {
  readonly #setup: NodeSetup
  readonly #clock: Clock
  readonly #log: Log
  readonly #deps: OwnFeedDeps
  readonly #draw: (signal: AbortSignal) => Promise<string>
  readonly #word = new AbortController()
  readonly #stopping = new AbortController()
  readonly #isNew: boolean
  #current: FeedIdentity
  #begun = false
  #confirmed = false
  /** Who has spoken since the start and confirmed nothing. */
  readonly #speakers = new Set<PeerName>()
  #doubt: string | undefined
  /** Feeds that a peer's word ended, of which no such block has come. */
  #words: readonly { readonly feed: Hash, readonly atMs: number }[] = []
  #running: Promise<void> = Promise.resolve()
  #timer: Timer | undefined

  constructor(
    setup: NodeSetup, ports: NodeParts, deps: OwnFeedDeps, { incarnation, isNew }: ChosenIncarnation,
    draw: (signal: AbortSignal) => Promise<string>
  ) {
    this.#setup = setup
    this.#clock = ports.clock
    this.#log = ports.log
    this.#deps = deps
    this.#current = identityOf(setup, incarnation)
    this.#isNew = isNew
    this.#draw = draw
  }

  get current(): FeedIdentity {
    return this.#current
  }

  begin(): Promise<void> {
    this.#watch()
    return this.#queue(async () => {
      const doubt = await this.#firstDoubt()
      // Only now: what a peer said meanwhile counts for more than that it said something.
      this.#doubt ??= doubt
      this.#begun = true
      if (!this.#stopping.signal.aborted) await this.#settle()
    })
  }

  heard(peer: PeerName, known?: Hash): void {
    // Every STATUS of a peer comes here, and each abort makes an error with its stack.
    if (this.#begun || this.#word.signal.aborted) return
    // Who knows less was out of touch, later too perhaps, and has learned the block from here since.
    if (this.#speakers.has(peer) || this.#speakers.size >= SPEAKERS_MAX) return
    if (known === undefined || known !== this.#deps.dag.tipOf(this.#current.feed)?.id) {
      return void this.#speakers.add(peer)
    }
    this.#confirmed = true
    this.#word.abort()
  }

  retire(why: string): void {
    this.#deps.halt()
    this.#doubt ??= why
    this.#word.abort()
    if (this.#begun) void this.#queue(() => this.#settle())
  }

  shown(seq: number): void {
    const [now, { feed }] = [this.#clock.monotonicMs(), this.#current]
    this.#words = this.#words.filter(({ atMs }) => now - atMs < WORD_MS)
    if (!this.#words.some((word) => word.feed === feed)) {
      if (this.#words.length >= WORDS_MAX) return
      this.#words = [...this.#words, { feed, atMs: now }]
    }
    this.retire(`a peer holds its block ${seq}, which is not here`)
  }

  strayed({ feed, seq }: BlockHeader): void {
    this.#words = this.#words.filter((word) => word.feed !== feed)
    if (feed === this.#current.feed) this.retire(`its block ${seq} is elsewhere and not here`)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#timer?.cancel()
    this.#word.abort()
    await this.#running
  }

  /** A clock that is set back while the node runs: once own blocks lie too far ahead, they must go. */
  #watch(): void {
    this.#timer = this.#clock.setTimer(LOOK_MS, () => {
      if (hasOwnAhead(this.#deps.dag, this.#setup, this.#clock)) this.#deps.onAhead()
      else this.#watch()
    })
  }

  /** What speaks against going on with the feed after a start. */
  async #firstDoubt(): Promise<string | undefined> {
    const { dag, expectsPeers } = this.#deps
    const { feed } = this.#current
    const tip = dag.tipOf(feed)
    // An older feed without a block here may have one elsewhere, which nobody can name before it is here.
    if (tip === undefined) return this.#isNew ? undefined : 'it is older and holds no block here'
    if (dag.isForked(feed)) return 'it has forked'
    const tipMs = dag.header(tip.id)?.sealedAtMs ?? 0
    if (isBehindTip(this.#clock.nowMs(), tipMs)) return 'the clock stands before its last block'
    if (!expectsPeers) return undefined
    await wait(this.#clock, CONFIRM_MS_MAX, this.#word.signal)
    return this.#confirmed ? undefined : 'no peer has confirmed its last block'
  }

  async #settle(): Promise<void> {
    const why = this.#doubt
    if (why !== undefined) {
      const retired = this.#current.feed
      this.#current = identityOf(this.#setup, await this.#draw(this.#stopping.signal))
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

/** True when the index holds a block of this node's key that waits for the clock by the rules of blocks. */
export function hasOwnAhead(dag: Dag, { signer }: NodeSetup, clock: Clock): boolean {
  const tip = dag.tipOfNode(signer.publicKey)
  return tip !== undefined && isAhead(tip, clock.nowMs())
}

function identityOf({ certificate, signer }: NodeSetup, incarnation: string): FeedIdentity {
  const feed = feedOf(signer.publicKey, incarnation)
  return { signer, incarnation, feed, ...(certificate === undefined ? {} : { certificate }) }
}
