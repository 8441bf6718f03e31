// Sync session: two frontiers become one. Bytes in, bytes out; no sockets.
// STATUS both ways; equal roots end it. Else TIPS both ways (after BUCKETS when the opener has many tips),
// then each side pulls what it lacks and serves what the other lacks, until both have said END.
// Rule: nothing that a peer sends makes this wait, grow without bound or throw; it ends the session with a
// code.
// Source: docs/formats/sync.md.

import { unreachable, type Hash } from '../base/index.js'
import { headerOf } from './block.js'
import { SyncError, type SyncFailure } from './errors.js'
import { type FrontierView } from './frontier.js'
import { watchIdle, type IdleWatch } from './idle.js'
import { SYNC_DEFAULTS, type SyncTuning } from './options.js'
import { decodeFrame } from './sync-decode.js'
import {
  prefixOf, SYNC_LIMITS, syncFrameBytesMax, syncVersion, type Buckets, type KnownTip, type Run, type Status,
  type SyncFrame, type Tips, type WantRange
} from './sync-frames.js'
import { createIntake, type Intake } from './sync-intake.js'
import { bucketsOf, differingBuckets, statusOf, tipsOf } from './sync-listing.js'
import { createNovelty, type Novelty } from './sync-novelty.js'
import { createOutbox, type Outbox } from './sync-outbox.js'
import { createPuller, type Puller } from './sync-pull.js'
import { createServer, type Server } from './sync-serve.js'
import { type SyncDeps, type SyncOptions, type SyncResult, type SyncSession } from './sync-types.js'

/** A session with one peer. Whoever opened the link calls `start`. */
export function createSyncSession(options: SyncOptions, deps: SyncDeps): SyncSession {
  const session = new Session({ ...SYNC_DEFAULTS, ...options }, deps)
  return {
    done: session.settled.promise,
    start: () => session.start(),
    receive: (frame) => session.receive(frame),
    progress: () => ({
      blocksIn: session.blocksIn, blocksWanted: session.puller.asker.blocksWanted, bytesIn: session.bytesIn,
      usefulBytes: session.usefulBytes, remoteRecordCount: session.remote?.recordCount ?? 0
    }),
    closed: () => session.closed(),
    abort: () => session.fail({ code: 'SYNC_ABORTED' }, 'the session was given up')
  }
}

/** For what still waits when a session ends well. One for all: making an error costs as much as a frame. */
const OVER = new SyncError({ code: 'SYNC_ABORTED' }, 'the session is over')

/** What the peer may say next, besides credit and answers. */
type Phase = 'status' | 'buckets' | 'tips' | 'blocks' | 'over'

class Session {
  readonly settled: PromiseWithResolvers<SyncResult> = Promise.withResolvers()
  readonly puller: Puller
  remote: Status | undefined
  blocksIn = 0
  bytesIn = 0
  private readonly options: SyncOptions & SyncTuning
  private readonly deps: SyncDeps
  private readonly outbox: Outbox
  private readonly intake: Intake
  private readonly novelty: Novelty
  private readonly server: Server
  private readonly view: FrontierView
  private readonly idle: IdleWatch
  private phase: Phase = 'status'
  private opener = false
  /** The opener's tips ride along with its STATUS. */
  private inline = false
  private blockBytesIn = 0
  private newBytesIn = 0
  private rounds = 0
  private readonly theirRuns: Run[] = []
  private endRoot: Hash | undefined
  private ended = false
  private complete = false

  constructor(options: SyncOptions & SyncTuning, deps: SyncDeps) {
    this.options = options
    this.deps = deps
    this.view = deps.dag.frontier()
    this.outbox = createOutbox(deps.send, (cause) => this.fail({ code: 'SYNC_LINK' }, 'the link failed', cause))
    this.novelty = createNovelty(deps.dag)
    this.intake = createIntake(options, {
      admit: (block) => deps.admit(block, options.peer),
      grant: (bytes) => this.outbox.post({ kind: 'credit', bytes }),
      onThrough: (block) => this.through(block),
      onReject: (why) => this.fail({ code: 'SYNC_BAD_BLOCK', why }, `the peer sent an invalid block: ${why}`),
      onFailure: (cause) => this.broke(cause)
    })
    this.puller = createPuller({
      dag: deps.dag, clock: deps.clock, outbox: this.outbox, intake: this.intake, peer: options.peer,
      owner: this, aheadBlocksMax: options.aheadBlocksMax, aheadBytesMax: options.aheadBytesMax
    })
    this.server = createServer(options, {
      dag: deps.dag, outbox: this.outbox, onProgress: () => this.idle.note(), onIdle: () => this.endIfDone(),
      onFailure: (cause) => this.broke(cause)
    })
    this.idle = watchIdle(deps.clock, options.idleMs, () => {
      this.fail({ code: 'SYNC_TIMEOUT' }, 'the session made no progress')
    })
    this.settled.promise.catch(() => undefined)
  }

  async start(): Promise<void> {
    if (this.opener || this.phase !== 'status') return
    this.opener = true
    this.inline = this.view.tipCount <= SYNC_LIMITS.inlineTipsMax
    this.greet(this.inline)
    if (this.inline) this.list(undefined, [])
    await this.outbox.room()
  }

  async receive(bytes: Uint8Array): Promise<void> {
    if (this.phase === 'over') return
    this.bytesIn += bytes.length
    if (bytes.length > syncFrameBytesMax) {
      return this.fail({ code: 'SYNC_OVERSIZED', bytes: bytes.length }, 'a frame is too large')
    }
    const frame = decodeFrame(bytes)
    if (frame.kind === 'extension') return
    if (frame.kind === 'malformed') {
      return this.fail({ code: 'SYNC_FRAME', what: frame.what }, `a frame is malformed: ${frame.what}`)
    }
    try {
      this.take(frame)
    } catch (cause) {
      this.broke(cause)
    }
  }

  /** Once the peer has said END it owes nothing but answers to what was asked; all of these are here then. */
  closed(): void {
    if (this.phase === 'over' || (this.endRoot !== undefined && !this.puller.asker.waiting)) return
    this.fail({ code: 'SYNC_LINK' }, 'the peer hung up')
  }

  private take(frame: SyncFrame): void {
    switch (frame.kind) {
      case 'status': return this.phase === 'status' ? this.takeStatus(frame) : this.unexpected('status')
      case 'buckets': return this.phase === 'buckets' ? this.takeBuckets(frame) : this.unexpected('buckets')
      case 'tips': return this.phase === 'tips' ? this.takeTips(frame) : this.unexpected('tips')
      case 'want': return this.takeWant(frame.ranges)
      case 'blocks': return this.takeBlocks(frame.blocks)
      case 'miss': return this.puller.asker.missed(frame.ranges) ? undefined : this.unexpected('miss')
      case 'done': return this.puller.asker.answered() ? this.idle.note() : this.unexpected('done')
      case 'stop': return this.phase === 'blocks' ? this.server.cut() : this.unexpected('stop')
      case 'credit': return this.server.credit(frame.bytes)
      case 'end': return this.takeEnd(frame.frontierRoot)
      case 'have': return this.unexpected('have')
      default: return unreachable(frame)
    }
  }

  private takeStatus(status: Status): void {
    this.idle.note()
    if (status.networkId !== this.options.networkId) {
      return this.fail({ code: 'SYNC_NETWORK' }, 'the peer belongs to another network')
    }
    if (status.versions[0] > syncVersion || status.versions[1] < syncVersion) {
      return this.fail({ code: 'SYNC_VERSION' }, 'the peer speaks no version of ours')
    }
    this.remote = status
    this.checkOwn(status.yourTip)
    this.deps.onStatus?.(status)
    if (this.opener) this.rounds += 1
    else this.greet(false)
    if (status.frontierRoot === this.view.root) return void this.finish(status.frontierRoot)
    const inline = this.opener ? this.inline : status.tipsFollow
    this.phase = this.opener && !inline ? 'buckets' : 'tips'
    if (!this.opener && !inline) this.outbox.post(bucketsOf(this.view))
  }

  private takeBuckets(buckets: Buckets): void {
    this.idle.note()
    this.phase = 'tips'
    this.rounds += 1
    this.list(differingBuckets(this.view, buckets), [])
  }

  /** The opener lists first; the answer leaves out what both have. */
  private takeTips(tips: Tips): void {
    if (this.theirRuns.length + tips.admitted.length > SYNC_LIMITS.sessionRunsMax) {
      return this.fail({ code: 'SYNC_LIMIT', what: 'tips' }, 'the peer lists too many tips')
    }
    this.idle.note()
    for (const run of tips.admitted) this.theirRuns.push(run)
    this.server.peerPending(tips.pending)
    if (tips.more) return
    this.phase = 'blocks'
    if (!this.opener) this.list(tips.buckets, this.theirRuns)
    this.pull().catch((cause: unknown) => this.broke(cause))
  }

  /** A question is no progress: what is served for it is. */
  private takeWant(ranges: readonly WantRange[]): void {
    if (this.phase !== 'blocks' || this.endRoot !== undefined || !this.server.serve(ranges)) this.unexpected('want')
  }

  private takeBlocks(blocks: readonly Uint8Array[]): void {
    const arrivals = blocks.map((block) => ({ block, header: headerOf(block) }))
    if (!this.puller.asker.arrived(arrivals)) {
      return this.fail({ code: 'SYNC_UNREQUESTED' }, 'the peer sent blocks that nobody asked for')
    }
    this.novelty.arrived(arrivals)
    const bytes = blocks.reduce((sum, block) => sum + block.length, 0)
    this.blocksIn += blocks.length
    this.blockBytesIn += bytes
    if (this.intake.take(blocks)) return
    this.fail({ code: 'SYNC_CREDIT', bytes }, 'the peer sent more than its credit')
  }

  private takeEnd(root: Hash): void {
    if (this.phase !== 'blocks' || this.endRoot !== undefined || this.server.busy) return this.unexpected('end')
    this.idle.note()
    this.endRoot = root
    this.endIfDone()
  }

  private async pull(): Promise<void> {
    await this.checkOwnRuns()
    await this.puller.run(this.theirRuns)
    // What other sessions fetch and what the peer missed may still be absent.
    const complete = this.listsWhole() && await this.puller.holds(this.theirRuns)
    if (this.phase === 'over') return
    this.complete = complete
    this.ended = true
    this.deps.dag.claims.free(this)
    this.outbox.post({ kind: 'end', frontierRoot: this.deps.dag.frontier().root })
    this.endIfDone()
  }

  /** Beyond the tips of one session the lists may be cut: only equal roots tell then. */
  private listsWhole(): boolean {
    const { sessionRunsMax } = SYNC_LIMITS
    return this.view.tipCount <= sessionRunsMax && (this.remote?.tipCount ?? 0) <= sessionRunsMax
  }

  private endIfDone(): void {
    if (this.ended && this.endRoot !== undefined && !this.server.busy) void this.finish(this.endRoot)
  }

  private async finish(theirRoot: Hash): Promise<void> {
    if (this.phase === 'over' || this.remote === undefined) return
    this.phase = 'over'
    await this.outbox.flushed()
    this.close(OVER)
    const { recordCount, tipCount, stateTag } = this.remote
    const tag = stateTag === undefined ? {} : { stateTag }
    const converged = theirRoot === this.deps.dag.frontier().root || theirRoot === this.view.root
    if (converged) this.deps.onEqual?.(this.viewOf(theirRoot))
    this.settled.resolve({
      converged, complete: converged || this.complete,
      blocksIn: this.blocksIn, blocksOut: this.server.blocksOut,
      bytesIn: this.bytesIn, bytesOut: this.outbox.bytes,
      controlBytesIn: this.bytesIn - this.blockBytesIn, controlBytesOut: this.outbox.controlBytes,
      rounds: this.rounds + this.puller.asker.questions,
      remote: { frontierRoot: theirRoot, recordCount, tipCount, ...tag }
    })
  }

  /** The view of ours that the peer's root is the root of: the one at the start, or the present one. */
  private viewOf(root: Hash): FrontierView {
    return this.view.root === root ? this.view : this.deps.dag.frontier()
  }

  /** Ends the session, also one that only waits for its last frames to leave. */
  fail(failure: SyncFailure, message: string, cause?: unknown): void {
    const error = new SyncError(failure, message, cause === undefined ? undefined : { cause })
    this.deps.log.debug({ peer: this.options.peer, code: error.code }, 'sync ended early')
    this.close(error)
    this.settled.reject(error)
  }

  private broke(cause: unknown): void {
    if (cause instanceof SyncError) return
    this.fail({ code: 'SYNC_ABORTED' }, 'the session broke off on this side', cause)
  }

  private unexpected(what: string): void {
    this.fail({ code: 'SYNC_UNEXPECTED', what }, `a frame out of turn: ${what}`)
  }

  private close(error: SyncError): void {
    this.phase = 'over'
    this.idle.stop()
    this.deps.dag.claims.free(this)
    this.intake.stop()
    this.server.stop()
    this.outbox.close()
    this.puller.asker.stop(error)
  }

  private greet(tipsFollow: boolean): void {
    this.outbox.post(statusOf(this.options, this.deps, this.view, tipsFollow, this.remote?.ownFeed))
  }

  private list(buckets: ReadonlySet<number> | undefined, known: readonly Run[]): void {
    for (const frame of tipsOf(this.deps.dag, this.view, buckets, known)) this.outbox.post(frame)
  }

  /** Bytes of blocks that were new here, and of blocks served. */
  get usefulBytes(): number {
    return this.newBytesIn + this.outbox.bytes - this.outbox.controlBytes
  }

  /** Only what is new is progress: else a peer could stay for ever with one block that everybody has. */
  private through(block: Uint8Array): void {
    const bytes = this.novelty.through(block)
    if (bytes === 0) return
    this.newBytesIn += bytes
    this.idle.note()
    this.deps.dag.claims.renew(this, bytes)
  }

  /** Our own feed must not be behind anybody's copy of it: then this node was restored or copied. */
  private checkOwn(known: KnownTip | undefined): void {
    const ownFeed = this.deps.ownFeed?.()
    if (known === undefined || known.feed !== ownFeed || this.deps.dag.holds(known.id)) return
    this.deps.onOwnFeedAhead?.(known.seq)
  }

  private async checkOwnRuns(): Promise<void> {
    const ownFeed = this.deps.ownFeed?.()
    if (ownFeed === undefined) return
    for (const run of this.theirRuns) {
      if (run.feed !== prefixOf(ownFeed)) continue
      if (await this.deps.dag.holdsLike(ownFeed, run.high, run.top)) continue
      return this.deps.onOwnFeedAhead?.(run.high)
    }
  }
}
