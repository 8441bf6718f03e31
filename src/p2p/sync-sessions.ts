// Sync sessions: at most one initiated a pair of peers, each run over a frame stream of its own.
// Crossing: of two that run at the same moment the one opened by the smaller id lives, so that both agree
// without a word. One that is still being opened gives way: over a slow link that may take long.

import type { Clock, FrameStream, Log, PeerName, Verdict } from '../base/index.js'
import type { SyncProgress, SyncSession } from '../dag/index.js'
import { P2pError } from './errors.js'
import type { PeerNetwork } from './network.js'
import { runSession, type SessionEnd, type SessionRun, type SessionWire } from './session-run.js'

/** Numbers of the sessions; see options.ts. */
export interface SessionOptions {
  readonly sessionIdleMsMax: number
  readonly sessionsMax: number
}

/** What the sessions need. */
export interface SessionDeps {
  readonly network: PeerNetwork
  openSession(wire: SessionWire): SyncSession
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
  /** Bytes of frames as they pass. */
  onBytes(peer: PeerName, bytesIn: number, bytesOut: number): void
  readonly clock: Clock
  readonly log: Log
}

/** How a session ended, or that it gave way to another. */
export type SessionOutcome = SessionEnd | { readonly kind: 'yielded' }

/** Runs sessions. */
export interface SyncSessions {
  /** Opens a session with a peer and runs it. Yielded when one is running already. */
  initiate(peer: PeerName): Promise<SessionOutcome>
  /** Serves a session that a peer opened. */
  serve(stream: FrameStream): Promise<SessionOutcome>
  /** Ends the sessions with a peer that is gone. */
  drop(peer: PeerName): void
  /** Sessions that run now, as far as they are. */
  progress(): readonly SyncProgress[]
  readonly running: number
  /** Ends all sessions and lets none begin. */
  stop(): void
}

interface Slot {
  initiated: SessionRun | 'opening' | undefined
  readonly serving: Set<SessionRun>
}

const servingMax = 2

/** Makes the runner of sessions. */
export function createSyncSessions(
  self: PeerName, options: SessionOptions, deps: SessionDeps
): SyncSessions {
  return new Sessions(self, options, deps)
}

class Sessions implements SyncSessions {
  readonly #self: PeerName
  readonly #options: SessionOptions
  readonly #deps: SessionDeps
  readonly #slots = new Map<PeerName, Slot>()
  readonly #yielded = new WeakSet<SessionRun>()
  running = 0
  #stopped = false

  constructor(self: PeerName, options: SessionOptions, deps: SessionDeps) {
    this.#self = self
    this.#options = options
    this.#deps = deps
  }

  async initiate(peer: PeerName): Promise<SessionOutcome> {
    const slot = this.#slotOf(peer)
    const taken = slot.initiated !== undefined || slot.serving.size > 0
    if (this.#stopped || taken || this.running >= this.#options.sessionsMax) return this.#yield(peer)
    slot.initiated = 'opening'
    try {
      const stream = await this.#deps.network.open(peer)
      if (slot.serving.size > 0) {
        await stream.close()
        return { kind: 'yielded' }
      }
      return await this.#drive(stream, true, (run) => { slot.initiated = run })
    } catch (error) {
      return { kind: 'failed', error }
    } finally {
      slot.initiated = undefined
      this.#tidy(peer)
    }
  }

  async serve(stream: FrameStream): Promise<SessionOutcome> {
    const { peer } = stream
    const slot = this.#slotOf(peer)
    const ours = slot.initiated === 'opening' ? undefined : slot.initiated
    const oursFirst = ours !== undefined && this.#self < peer
    const full = slot.serving.size >= servingMax || this.running >= 2 * this.#options.sessionsMax
    if (this.#stopped || oursFirst || full) return this.#yield(peer)
    if (ours !== undefined) {
      this.#yielded.add(ours)
      ours.stop(closedError(peer, 'the peer opened a session too'))
    }
    const mine: SessionRun[] = []
    try {
      return await this.#drive(stream, false, (run) => {
        mine.push(run)
        slot.serving.add(run)
      })
    } finally {
      for (const run of mine) slot.serving.delete(run)
      this.#tidy(peer)
    }
  }

  drop(peer: PeerName): void {
    for (const run of runsOf(this.#slots.get(peer))) run.stop(closedError(peer, 'the peer is gone'))
  }

  progress(): readonly SyncProgress[] {
    return [...this.#slots.values()].flatMap(runsOf).map((run) => run.progress())
  }

  stop(): void {
    this.#stopped = true
    const error = new P2pError({ code: 'P2P_STOPPED' }, 'the node is stopping')
    for (const run of [...this.#slots.values()].flatMap(runsOf)) run.stop(error)
  }

  async #drive(
    stream: FrameStream, initiator: boolean, hold: (run: SessionRun) => void
  ): Promise<SessionOutcome> {
    this.running++
    try {
      const run = runSession(stream, initiator, this.#options, this.#deps)
      hold(run)
      const end = await run.end
      return this.#yielded.has(run) ? { kind: 'yielded' } : end
    } finally {
      this.running--
    }
  }

  #slotOf(peer: PeerName): Slot {
    const slot = this.#slots.get(peer) ?? { initiated: undefined, serving: new Set<SessionRun>() }
    this.#slots.set(peer, slot)
    return slot
  }

  #yield(peer: PeerName): SessionOutcome {
    this.#tidy(peer)
    return { kind: 'yielded' }
  }

  #tidy(peer: PeerName): void {
    const slot = this.#slots.get(peer)
    if (slot?.initiated === undefined && slot?.serving.size === 0) this.#slots.delete(peer)
  }
}

function runsOf(slot: Slot | undefined): readonly SessionRun[] {
  if (slot === undefined) return []
  const { initiated } = slot
  return initiated === undefined || initiated === 'opening' ? [...slot.serving] : [initiated, ...slot.serving]
}

function closedError(peer: PeerName, why: string): P2pError {
  return new P2pError({ code: 'P2P_STREAM_CLOSED', peer }, why)
}
