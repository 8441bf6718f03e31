// Replicator: gossip spreads new blocks at once, sync sees to it that none is missed.
// Rule: gossip is an optimisation that may lose anything; sync alone is trusted to deliver.

import {
  CodedError, type Clock, type FrameStream, type Hash, type Log, type PeerName, type Random, type Timer,
  type Verdict
} from '../base/index.js'
import { isAudit, isHave, SyncError, type BlockHeader, type SyncResult, type SyncSession } from '../dag/index.js'
import { createAudits, type AuditRun, type Audits, type AuditWire } from './audits.js'
import { createBlockGossip, type BlockGossip, type GossipCounts } from './block-gossip.js'
import { reasonOf } from './errors.js'
import { createGapChase, type GapChase } from './gap-chase.js'
import { createHaveIntake, type HaveIntake } from './have-intake.js'
import { createHaveSender, type HaveSender } from './have-sender.js'
import { createProgressMeter, isThrough, type JoinProgress, type ProgressMeter } from './join-progress.js'
import type { PeerNetwork } from './network.js'
import { NETWORK_LIMITS, REPLICATION_LIMITS, type ReplicationLimits } from './options.js'
import { createPassOn } from './pass-on.js'
import { createPeerBook, type PeerBook, type PeerStats } from './peer-book.js'
import type { SessionWire } from './session-run.js'
import { openStream } from './opened-stream.js'
import { createSyncSchedule, type SyncNext, type SyncSchedule } from './sync-schedule.js'
import { createSyncSessions, type SessionOutcome, type SyncSessions } from './sync-sessions.js'

/** Options of `createReplicator`. */
export interface ReplicatorOptions {
  /** Gossip payloads over this travel as announcements: the limit of the network adapter. */
  readonly payloadBytesMax?: number
  readonly limits?: Partial<ReplicationLimits>
}

/** What the replicator needs. */
export interface ReplicatorDeps {
  readonly network: PeerNetwork
  /** Records in the index: what progress is counted by. */
  recordCount(): number
  /** What is here: `Dag.holds`. */
  holds(id: Hash): boolean
  /**
   * Admission of an encoded block; resolves when it is durable, parked or dropped. The bytes may be a view of
   * a larger array: copy what is kept.
   */
  admitBlock(block: Uint8Array, from: PeerName): Promise<Verdict>
  /** Signature, certificate and work of a header, under the rules of the network. */
  verifyHeader(header: BlockHeader): boolean
  /** Makes one sync session, of src/dag. */
  openSession(wire: SessionWire): SyncSession
  /** A peer says that it holds these blocks durably. @returns how many of them are known here */
  onHave?(peer: PeerName, ids: readonly Hash[]): number
  /** Both sides of audits; without them this node neither asks nor answers. */
  readonly audit?: {
    open(wire: AuditWire): Promise<AuditRun | undefined>
    serve(wire: AuditWire): AuditRun
    /** Damage is known that no peer has mended yet. */
    hasOpen(): boolean
    /** The last stop was unclean. */
    readonly soon: boolean
  }
  /** Told of the end of each session that ended well. */
  onSynced?(peer: PeerName, result: SyncResult): void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Counters of replication since the start. */
export interface ReplicationStats extends GossipCounts {
  readonly sessions: number
  readonly sessionsFailed: number
  readonly sessionsRunning: number
  readonly expelled: number
}

/** Replication of one node. */
export interface Replicator {
  start(): void
  stop(): Promise<void>
  /** Publishes an own sealed block, durable here already. Never throws. */
  publish(block: Uint8Array): Promise<void>
  /** Compares with a peer now. @returns undefined when the session gave way or failed */
  syncWith(peer: PeerName): Promise<SyncResult | undefined>
  /** Wants a session soon with each of these peers that is connected; with any peer when none is. */
  ask(peers: readonly PeerName[]): void
  /** Audits the own index against a peer now. @returns false when one runs or this one failed */
  auditWith(peer: PeerName): Promise<boolean>
  /** A block is durable here: its sealer is told, if it is connected. */
  admitted(header: BlockHeader): void
  /**
   * Resolves when a first session has left nothing to fetch and none beside it is fetching; while peers that
   * the operator chose are here, those with others count for nothing. A node without peers waits for ever.
   */
  readonly whenSynced: Promise<void>
  progress(): JoinProgress
  peerStats(): readonly PeerStats[]
  stats(): ReplicationStats
}

// Of 100: two broken sessions within minutes, or four bad messages, are no accident.
const points = { gossipReject: 30, sessionMisbehaviour: 60, haveMalformed: 60, haveUnknown: 5 } as const
// A link that was silent this long and speaks again may have lost something meanwhile.
const silentMs = 5_000
// Who was dialled waits this long for the dialler's session before it opens its own.
const yieldMs = 1_000

/** Makes a replicator, not started. */
export function createReplicator(options: ReplicatorOptions, deps: ReplicatorDeps): Replicator {
  return new BlockReplicator(options, deps)
}

class BlockReplicator implements Replicator {
  readonly #deps: ReplicatorDeps
  readonly #limits: ReplicationLimits
  readonly #book: PeerBook
  readonly #meter: ProgressMeter
  readonly #sessions: SyncSessions
  readonly #schedule: SyncSchedule
  readonly #chase: GapChase
  readonly #passOn: (from: PeerName) => void
  readonly #gossip: BlockGossip
  readonly #haves: HaveSender
  readonly #haveIntake: HaveIntake
  readonly #audits: Audits | undefined
  readonly #counts = { sessions: 0, sessionsFailed: 0, expelled: 0 }
  readonly #ends = new Set<Promise<unknown>>()
  /** Peers that dialled us, until their first session. */
  readonly #expecting = new Map<PeerName, Timer>()
  #running = false

  constructor(options: ReplicatorOptions, deps: ReplicatorDeps) {
    this.#deps = deps
    this.#limits = { ...REPLICATION_LIMITS, ...options.limits }
    const { clock, random, log, network } = deps
    this.#book = createPeerBook(this.#limits, clock)
    this.#meter = createProgressMeter({ clock, recordCount: () => deps.recordCount() })
    this.#haves = createHaveSender(this.#limits, { open: (peer) => network.open(peer), clock, log })
    this.#haveIntake = createHaveIntake(this.#limits, {
      onHave: (peer, ids) => deps.onHave?.(peer, ids) ?? ids.length,
      onMalformed: (peer) => this.#blame(peer, points.haveMalformed, 'malformed HAVE'),
      onUnknown: (peer) => this.#blame(peer, points.haveUnknown, 'HAVE of unknown blocks'),
      clock
    })
    const { audit } = deps
    this.#audits = audit === undefined ? undefined : createAudits(this.#limits, {
      network, soon: audit.soon, equal: (peer) => this.#book.page(peer).equalFrontier,
      openAudit: (wire) => audit.open(wire), serveAudit: (wire) => audit.serve(wire),
      hasOpen: () => audit.hasOpen(),
      onMisbehaviour: (peer, code) => this.#blame(peer, points.sessionMisbehaviour, code),
      clock, random, log
    })
    this.#sessions = createSyncSessions(network.self, this.#limits, {
      network,
      openSession: (wire) => deps.openSession(wire),
      admit: (block, from) => this.#admit(block, from),
      onBytes: (peer, bytesIn, bytesOut) => {
        const page = this.#book.page(peer)
        page.bytesIn += bytesIn
        if (bytesIn > 0) this.#meter.received(bytesIn)
        page.bytesOut += bytesOut
      },
      clock,
      log
    })
    this.#schedule = createSyncSchedule(this.#limits, {
      peers: () => network.peers().map((link) => link.peer),
      connected: (peer) => network.peers().some((link) => link.peer === peer),
      run: (peer) => this.#track(this.#runScheduled(peer)),
      clock,
      random
    })
    const asking = {
      peers: () => network.peers().map((link) => link.peer),
      request: (peer: PeerName) => this.#schedule.request(peer),
      clock, random
    }
    this.#passOn = createPassOn(this.#limits, asking)
    this.#chase = createGapChase({ ...asking, holds: (id) => deps.holds(id) })
    this.#gossip = createBlockGossip({ ...NETWORK_LIMITS, ...options }, {
      network,
      holds: (id) => deps.holds(id),
      admit: (block, from) => this.#admit(block, from),
      verifyHeader: (header) => deps.verifyHeader(header),
      missing: (from, ids) => this.#chase.missing(from, ids),
      clock,
      log
    })
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#meter.start()
    const { network } = this.#deps
    network.onMessage((from, payload) => this.#onMessage(from, payload))
    network.onStream((stream) => this.#track(this.#serve(stream)))
    network.onPeer((event) => {
      if (event.kind === 'up') this.#onUp(event.peer)
      else if (event.kind === 'down') this.#onDown(event.peer)
      else this.#schedule.renew(event.peer)
    })
    this.#schedule.start()
    this.#audits?.start()
    for (const link of network.peers()) this.#onUp(link.peer)
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#schedule.stop()
    this.#gossip.stop()
    for (const timer of this.#expecting.values()) timer.cancel()
    this.#expecting.clear()
    const audits = this.#audits?.stop()
    this.#haves.stop()
    this.#haveIntake.stop()
    this.#sessions.stop()
    await audits
    await Promise.allSettled(this.#ends)
  }

  publish(block: Uint8Array): Promise<void> {
    return this.#gossip.publish(block)
  }

  auditWith(peer: PeerName): Promise<boolean> {
    return this.#audits === undefined ? Promise.resolve(false) : this.#track(this.#audits.auditWith(peer))
  }

  admitted(header: BlockHeader): void {
    this.#haves.note(header.nodeKey, header.id)
  }

  async syncWith(peer: PeerName): Promise<SyncResult | undefined> {
    const end = await this.#track(this.#run(peer))
    return end.kind === 'done' ? end.result : undefined
  }

  ask(peers: readonly PeerName[]): void {
    const connected = this.#deps.network.peers().map((link) => link.peer)
    const wanted = connected.filter((peer) => peers.includes(peer))
    const { random } = this.#deps
    const chosen = wanted.length > 0 || connected.length === 0
      ? wanted : connected.slice(random.integer(connected.length)).slice(0, 1)
    for (const peer of chosen) this.#schedule.request(peer)
  }

  get whenSynced(): Promise<void> {
    return this.#meter.whenSynced
  }

  progress(): JoinProgress {
    for (const session of this.#sessions.progress()) this.#meter.remote(session.remoteRecordCount)
    return this.#meter.progress()
  }

  peerStats(): readonly PeerStats[] {
    return this.#book.stats()
  }

  stats(): ReplicationStats {
    const { published, announced, publishFailed } = this.#gossip.counts()
    const { sessions, sessionsFailed, expelled } = this.#counts
    const { running: sessionsRunning } = this.#sessions
    return { published, announced, publishFailed, sessions, sessionsFailed, sessionsRunning, expelled }
  }

  // The dialler opens the first session; the other side does so when none came.
  #onUp(peer: PeerName): void {
    if (!this.#running) return
    this.#haves.up(peer)
    const link = this.#deps.network.peers().find((one) => one.peer === peer)
    if (link?.direction === 'outbound') return this.#schedule.request(peer)
    const before = this.#book.page(peer).sessions
    this.#expecting.get(peer)?.cancel()
    this.#expecting.set(peer, this.#deps.clock.setTimer(yieldMs, () => {
      this.#expecting.delete(peer)
      if (this.#book.page(peer).sessions === before) this.#schedule.request(peer)
    }))
  }

  #onDown(peer: PeerName): void {
    this.#expecting.get(peer)?.cancel()
    this.#expecting.delete(peer)
    this.#schedule.forget(peer)
    this.#haves.down(peer)
    this.#sessions.drop(peer)
    this.#chase.ended(peer)
  }

  async #onMessage(from: PeerName, payload: Uint8Array): Promise<Verdict> {
    if (!this.#running) return { kind: 'ignore', why: 'stopping' }
    const page = this.#book.page(from)
    const now = this.#deps.clock.monotonicMs()
    const wasSilent = now - page.heardMs > silentMs
    page.heardMs = now
    page.gossipIn++
    const verdict = await this.#gossip.receive(from, payload)
    if (verdict.kind === 'ignore') page.gossipIgnored++
    if (verdict.kind === 'reject') {
      page.gossipRejected++
      this.#blame(from, points.gossipReject, verdict.why)
    }
    if (wasSilent) this.#schedule.request(from)
    return verdict
  }

  async #admit(block: Uint8Array, from: PeerName): Promise<Verdict> {
    const verdict = await this.#deps.admitBlock(block, from)
    if (verdict.kind === 'accept') this.#book.page(from).blocksIn++
    return verdict
  }

  async #runScheduled(peer: PeerName): Promise<SyncNext> {
    const end = await this.#run(peer)
    // What was asked for may be newer than what the session that runs knows.
    if (end.kind === 'yielded' || end.kind === 'refused') return 'later'
    if (end.kind === 'failed') return 'failed'
    const { converged, blocksIn, blocksOut } = end.result
    return !converged && blocksIn + blocksOut > 0 ? 'again' : 'rest'
  }

  async #run(peer: PeerName): Promise<SessionOutcome> {
    return this.#ended(peer, await this.#sessions.initiate(peer))
  }

  async #serve(stream: FrameStream): Promise<void> {
    const opened = await openStream(stream, this.#limits.firstFrameMsMax, this.#deps.clock)
    if (opened === undefined || !this.#running) return
    if (isHave(opened.first)) return this.#haveIntake.serve(opened.stream)
    if (isAudit(opened.first)) return this.#audits?.serve(opened.stream)
    this.#ended(stream.peer, await this.#sessions.serve(opened.stream))
  }

  #ended(peer: PeerName, end: SessionOutcome): SessionOutcome {
    if (end.kind === 'yielded' || end.kind === 'refused') return end
    const page = this.#book.page(peer)
    page.heardMs = this.#deps.clock.monotonicMs()
    page.sessions++
    this.#counts.sessions++
    if (end.kind === 'done') {
      this.#noteResult(peer, end.result)
    } else {
      page.sessionsFailed++
      this.#counts.sessionsFailed++
      this.#noteFailure(peer, end.error)
    }
    if (this.#running) this.#chase.ended(peer)
    return end
  }

  #noteResult(peer: PeerName, result: SyncResult): void {
    const page = this.#book.page(peer)
    page.blocksOut += result.blocksOut
    page.lastSyncMs = this.#deps.clock.nowMs()
    page.frontierRoot = result.remote.frontierRoot
    page.recordCount = result.remote.recordCount
    page.equalFrontier = result.converged
    this.#meter.remote(result.remote.recordCount)
    if (result.complete && this.#isThrough(peer)) this.#meter.synced()
    if (result.blocksIn > 0) this.#passOn(peer)
    this.#deps.onSynced?.(peer, result)
  }

  #isThrough(peer: PeerName): boolean {
    return isThrough(peer, this.#deps.network, this.#sessions.progress())
  }

  #noteFailure(peer: PeerName, error: unknown): void {
    this.#deps.log.debug({ peer, reason: reasonOf(error) }, 'sync session failed')
    if (error instanceof SyncError && error.misbehaviour) {
      this.#blame(peer, points.sessionMisbehaviour, error.code)
    } else if (isSilence(error)) {
      // The other machine may be gone without a word; a new connection tells.
      this.#disconnect(peer, 0)
    }
  }

  #blame(peer: PeerName, amount: number, why: string): void {
    this.#deps.log.debug({ peer, why }, 'misbehaviour')
    if (!this.#book.blame(peer, amount)) return
    this.#counts.expelled++
    this.#deps.log.warn({ peer, why, forMs: this.#limits.expelMs }, 'peer disconnected for misbehaviour')
    this.#disconnect(peer, this.#limits.expelMs)
  }

  #disconnect(peer: PeerName, forMs: number): void {
    this.#deps.network.disconnect(peer, forMs).catch((error: unknown) => {
      this.#deps.log.debug({ peer, reason: reasonOf(error) }, 'disconnect failed')
    })
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#ends.add(work)
    const forget = (): void => void this.#ends.delete(work)
    work.then(forget, forget)
    return work
  }
}

function isSilence(error: unknown): boolean {
  return error instanceof CodedError && (error.code === 'P2P_STREAM_STALLED' || error.code === 'SYNC_TIMEOUT')
}
