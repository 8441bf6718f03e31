// Sync sessions: at most one a pair of peers, each run over a frame stream of its own.
// Crossing: of two that run at the same moment the one opened by the smaller id lives, so that both agree
// without a word. One that is still being opened gives way: over a slow link that may take long. Of two that
// a peer opened the later lives: it has done with the first.
// Sessions opened here and sessions served have places of their own: who is served never keeps this node from
// asking others.

import type { Clock, FrameStream, Log, PeerName, Verdict } from '../base/index.js'
import type { SyncProgress, SyncSession } from '../dag/index.js'
import { P2pError } from './errors.js'
import type { PeerNetwork } from './network.js'
import { createSessionPlaces, type SessionPlaces } from './session-places.js'
import { runSession, type RunOptions, type SessionEnd, type SessionRun, type SessionWire } from './session-run.js'

/** Numbers of the sessions; see options.ts. */
export interface SessionOptions extends RunOptions {
  readonly sessionsMax: number
  readonly servedMax: number
  readonly sessionGraceMs: number
}

/** What the sessions need. */
export interface SessionDeps {
  readonly network: Pick<PeerNetwork, 'open' | 'isChosen'>
  openSession(wire: SessionWire): SyncSession
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
  /** Bytes of frames as they pass. */
  onBytes(peer: PeerName, bytesIn: number, bytesOut: number): void
  readonly clock: Clock
  readonly log: Log
}

/** How a session ended, or that it gave way to another. */
export type SessionOutcome = SessionEnd | { readonly kind: 'yielded' }

/** How far a session with a peer is. */
export interface SessionProgress extends SyncProgress {
  readonly peer: PeerName
}

/** Runs sessions. */
export interface SyncSessions {
  /** Opens a session with a peer and runs it. Yielded when one is running already, or no place is left. */
  initiate(peer: PeerName): Promise<SessionOutcome>
  /** Serves a session that a peer opened. */
  serve(stream: FrameStream): Promise<SessionOutcome>
  /** Ends the sessions with a peer that is gone. */
  drop(peer: PeerName): void
  /** Sessions that run now, as far as they are. */
  progress(): readonly SessionProgress[]
  readonly running: number
  /** Ends all sessions and lets none begin. */
  stop(): void
}

interface Slot {
  initiated: SessionRun | 'opening' | undefined
  readonly serving: Set<SessionRun>
}

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
  readonly #displaced = new WeakMap<SessionRun, P2pError>()
  readonly #opened: SessionPlaces
  readonly #served: SessionPlaces
  #stopped = false

  constructor(self: PeerName, options: SessionOptions, deps: SessionDeps) {
    this.#self = self
    this.#options = options
    this.#deps = deps
    const placesOf = (placesMax: number): SessionPlaces => createSessionPlaces(
      { placesMax, graceMs: options.sessionGraceMs },
      {
        isChosen: (peer) => deps.network.isChosen(peer), displace: (run, peer) => this.#displace(run, peer),
        clock: deps.clock
      }
    )
    this.#opened = placesOf(options.sessionsMax)
    this.#served = placesOf(options.servedMax)
  }

  get running(): number {
    return this.#opened.taken + this.#served.taken
  }

  async initiate(peer: PeerName): Promise<SessionOutcome> {
    const slot = this.#slotOf(peer)
    const taken = slot.initiated !== undefined || slot.serving.size > 0
    if (this.#stopped || taken || !this.#opened.hasRoom(peer)) return this.#yield(peer)
    slot.initiated = 'opening'
    try {
      const stream = await this.#deps.network.open(peer)
      if (this.#stopped || slot.serving.size > 0 || !this.#opened.hasRoom(peer)) {
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
    // A session that a later one of the same peer follows leaves its place.
    const before = [...slot.serving]
    const hasRoom = before.length > 0 || this.#served.hasRoom(peer)
    if (this.#stopped || oursFirst || !hasRoom) return this.#yield(peer)
    for (const run of before) this.#served.leave(run)
    for (const run of ours === undefined ? before : [ours, ...before]) {
      this.#yielded.add(run)
      run.stop(closedError(peer, 'the peer opened another session'))
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

  progress(): readonly SessionProgress[] {
    return [...this.#slots]
      .flatMap(([peer, slot]) => runsOf(slot).map((run) => ({ peer, ...run.progress() })))
  }

  stop(): void {
    this.#stopped = true
    const error = new P2pError({ code: 'P2P_STOPPED' }, 'the node is stopping')
    for (const run of [...this.#slots.values()].flatMap(runsOf)) run.stop(error)
  }

  async #drive(
    stream: FrameStream, initiator: boolean, hold: (run: SessionRun) => void
  ): Promise<SessionOutcome> {
    const places = initiator ? this.#opened : this.#served
    const run = runSession(stream, initiator, this.#options, this.#deps)
    hold(run)
    places.take(stream.peer, run)
    try {
      const end = await run.end
      if (this.#yielded.has(run)) return { kind: 'yielded' }
      const error = end.kind === 'done' ? undefined : this.#displaced.get(run)
      return error === undefined ? end : { kind: 'failed', error }
    } finally {
      places.leave(run)
    }
  }

  #displace(run: SessionRun, peer: PeerName): void {
    const error = new P2pError({ code: 'P2P_SESSION_DISPLACED', peer }, 'another session got its place')
    this.#displaced.set(run, error)
    run.stop(error)
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
