// Audits: when this node compares what its index holds with a peer, and how it answers peers that do so.
// Soon after an unclean stop, else within the first minutes, then hourly with a random peer among those with
// an equal frontier; one that fails is tried again, and one that leaves damage is followed by another soon.
// Rule: one audit at a time in each direction, and no peer may ask twice within half a minute: an answer
// costs a pass over all block keys.

import type { Clock, FrameStream, Log, PeerName, Random, Timer } from '../base/index.js'
import { SyncError, type AuditSession } from '../dag/index.js'
import { reasonOf } from './errors.js'
import type { PeerNetwork } from './network.js'
import type { ReplicationLimits } from './options.js'

/** Numbers of the audits; see options.ts. */
export type AuditOptions = Pick<ReplicationLimits, 'sessionIdleMsMax' | 'auditEveryMs' | 'auditFirstMs' |
  'auditSoonMs' | 'auditRetryMs' | 'auditOpenMs' | 'auditServeMsMin' | 'auditMsMax'>

/** A session of either side over one stream. */
export interface AuditRun extends AuditSession {
  readonly done: Promise<unknown>
}

/** What an audit is given. */
export interface AuditWire {
  readonly peer: PeerName
  send(frame: Uint8Array): Promise<void>
}

/** What the audits need. */
export interface AuditRunDeps {
  readonly network: Pick<PeerNetwork, 'open' | 'peers'>
  /** The last session with this peer ended with equal frontiers: what differs now is damage, or new. */
  equal(peer: PeerName): boolean
  /** Makes the asking side; undefined when there is nothing to ask now. */
  openAudit(wire: AuditWire): Promise<AuditRun | undefined>
  serveAudit(wire: AuditWire): AuditRun
  /** Damage is known that no peer has mended yet. */
  hasOpen(): boolean
  /** The last stop was unclean: the first audit comes as soon as somebody is there. */
  readonly soon: boolean
  onMisbehaviour(peer: PeerName, code: string): void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Running audits. */
export interface Audits {
  start(): void
  stop(): Promise<void>
  /** Asks a peer now. @returns false when another audit runs or this one failed */
  auditWith(peer: PeerName): Promise<boolean>
  /** Answers a stream that begins with AUDIT. */
  serve(stream: FrameStream): Promise<void>
}

/** Makes the audits of a node, not started. */
export function createAudits(options: AuditOptions, deps: AuditRunDeps): Audits {
  return new AuditRuns(options, deps)
}

class AuditRuns implements Audits {
  readonly #options: AuditOptions
  readonly #deps: AuditRunDeps
  readonly #servedMs = new Map<PeerName, number>()
  #timer: Timer | undefined
  #asking: { abort(): void } | undefined
  #asked: Promise<unknown> = Promise.resolve()
  #serving: { abort(): void } | undefined
  #live = false

  constructor(options: AuditOptions, deps: AuditRunDeps) {
    this.#options = options
    this.#deps = deps
  }

  start(): void {
    if (this.#live) return
    this.#live = true
    this.#arm(this.#deps.soon ? this.#options.auditSoonMs : this.#options.auditFirstMs)
  }

  async stop(): Promise<void> {
    this.#live = false
    this.#timer?.cancel()
    this.#asking?.abort()
    this.#serving?.abort()
    await this.#asked
  }

  auditWith(peer: PeerName): Promise<boolean> {
    if (this.#asking !== undefined || !this.#live) return Promise.resolve(false)
    const asked = this.#ask(peer)
    this.#asked = asked
    return asked
  }

  async #ask(peer: PeerName): Promise<boolean> {
    let aborted = false
    this.#asking = { abort: () => { aborted = true } }
    try {
      const opening: { stream?: FrameStream } = {}
      const send = async (frame: Uint8Array): Promise<void> => {
        opening.stream ??= await this.#deps.network.open(peer)
        await opening.stream.send(frame)
      }
      const run = await this.#deps.openAudit({ peer, send })
      if (run === undefined || aborted) return !aborted
      this.#asking = run
      // The stream is opened by the first frame, which comes when the own tree is made.
      await run.start()
      if (opening.stream !== undefined) await this.#pump(opening.stream, run)
      await run.done
      return true
    } catch (error) {
      this.#failed(peer, error)
      return false
    } finally {
      this.#asking = undefined
    }
  }

  async serve(stream: FrameStream): Promise<void> {
    const { peer } = stream
    const now = this.#deps.clock.monotonicMs()
    const before = this.#servedMs.get(peer)
    const tooSoon = before !== undefined && now - before < this.#options.auditServeMsMin
    if (!this.#live || this.#serving !== undefined || tooSoon) return stream.close()
    this.#noteServed(peer, now)
    const run = this.#deps.serveAudit({ peer, send: (frame) => stream.send(frame) })
    this.#serving = run
    try {
      await this.#pump(stream, run)
      await run.done
    } catch (error) {
      this.#failed(peer, error)
    } finally {
      this.#serving = undefined
      await stream.close()
    }
  }

  #noteServed(peer: PeerName, now: number): void {
    this.#servedMs.delete(peer)
    this.#servedMs.set(peer, now)
    const [oldest] = this.#servedMs.keys()
    if (this.#servedMs.size > servedMax && oldest !== undefined) this.#servedMs.delete(oldest)
  }

  /** Hands frames on until the session is over or the stream ends. */
  async #pump(stream: FrameStream, run: AuditRun): Promise<void> {
    const { clock } = this.#deps
    const { sessionIdleMsMax, auditMsMax } = this.#options
    let timer: Timer | undefined
    const giveUp = (why: string): void => {
      run.abort()
      stream.abort(new Error(why))
    }
    const watch = (): void => {
      timer?.cancel()
      timer = clock.setTimer(sessionIdleMsMax, () => giveUp('no frame for too long'))
    }
    const deadline = clock.setTimer(auditMsMax, () => giveUp('the audit takes too long'))
    const ended = (): 'over' => 'over'
    const over = run.done.then(ended, ended)
    const frames = stream.frames[Symbol.asyncIterator]()
    try {
      for (;;) {
        watch()
        const next = await Promise.race([frames.next(), over])
        if (next === 'over' || next.done === true) break
        await run.receive(next.value)
      }
    } catch (error) {
      this.#deps.log.debug({ peer: stream.peer, reason: reasonOf(error) }, 'audit stream ended')
    } finally {
      timer?.cancel()
      deadline.cancel()
      run.closed()
      await stream.close()
    }
  }

  #failed(peer: PeerName, error: unknown): void {
    this.#deps.log.debug({ peer, reason: reasonOf(error) }, 'audit failed')
    if (error instanceof SyncError && error.misbehaviour) this.#deps.onMisbehaviour(peer, error.code)
  }

  #arm(delayMs: number): void {
    if (!this.#live) return
    const tenth = Math.max(1, Math.floor(delayMs / 10))
    this.#timer = this.#deps.clock.setTimer(delayMs - tenth + this.#deps.random.integer(2 * tenth), () => {
      void this.#turn()
    })
  }

  async #turn(): Promise<void> {
    const { network, random, equal, hasOpen } = this.#deps
    const { auditEveryMs, auditOpenMs, auditRetryMs } = this.#options
    const peers = network.peers().filter((link) => equal(link.peer))
    const link = peers.length === 0 ? undefined : peers[random.integer(peers.length)]
    const done = link !== undefined && await this.auditWith(link.peer)
    this.#arm(!done ? auditRetryMs : hasOpen() ? auditOpenMs : auditEveryMs)
  }
}

/** Peers whose last question is remembered. */
const servedMax = 1_024
