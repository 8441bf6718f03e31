// Pulse: finds links over which nothing comes any more although the connection is open, and dials anew beside
// them. After a partition TCP itself waits longer than the partition lasted before it tries again.
// Rule: what is heard in any way counts; a silent link is asked first; the old connection is never closed for
// its silence, since the new one replaces it once it works (links.ts), and until then it may come back.

import type { Clock, Log, PeerName, Timer } from '../base/index.js'
import { reasonOf } from './errors.js'

/** Numbers of the pulse; see options.ts. */
export interface PulseOptions {
  /** A link that was silent for this long is asked for a sign. */
  readonly pulseMs: number
  /** A sign must come within this time, or the peer is dialled anew; also the pause between such dials. */
  readonly answerMsMax: number
}

/** What the pulse needs. */
export interface PulseDeps {
  peers(): readonly PeerName[]
  /** Asks for a sign over the connection that is there; rejects when the signal aborts. */
  ask(peer: PeerName, signal: AbortSignal): Promise<void>
  /**
   * Opens one more connection to the peer; rejects when no address is known or none answers, and when the
   * signal aborts since the silence is over.
   */
  dialAnew(peer: PeerName, signal: AbortSignal): Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** A running pulse. */
export interface Pulse {
  start(): void
  stop(): void
  /** To be told of everything that comes from a peer. */
  heard(peer: PeerName): void
  /** Dials for silence since the start. */
  readonly dials: number
}

interface Beat {
  heardMs: number
  asking: AbortController | undefined
  /** When the first question of this silence was asked; not after `heardMs` when it is answered. */
  askedMs: number
  dialling: AbortController | undefined
  diallableMs: number
}

/** Makes a pulse, not started. */
export function createPulse(options: PulseOptions, deps: PulseDeps): Pulse {
  return new LinkPulse(options, deps)
}

class LinkPulse implements Pulse {
  dials = 0
  readonly #options: PulseOptions
  readonly #deps: PulseDeps
  readonly #beats = new Map<PeerName, Beat>()
  #timer: Timer | undefined

  constructor(options: PulseOptions, deps: PulseDeps) {
    this.#options = options
    this.#deps = deps
  }

  start(): void {
    this.#timer ??= this.#deps.clock.setTimer(this.#options.pulseMs / 4, () => this.#tick())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const beat of this.#beats.values()) giveUp(beat)
    this.#beats.clear()
  }

  heard(peer: PeerName): void {
    const beat = this.#beats.get(peer)
    if (beat === undefined) return
    beat.heardMs = this.#deps.clock.monotonicMs()
    // The link is slow, not dead: what it carries would end with it.
    beat.dialling?.abort()
  }

  #tick(): void {
    this.#timer = this.#deps.clock.setTimer(this.#options.pulseMs / 4, () => this.#tick())
    const now = this.#deps.clock.monotonicMs()
    const peers = new Set(this.#deps.peers())
    for (const [peer, beat] of this.#beats) {
      if (peers.has(peer)) continue
      giveUp(beat)
      this.#beats.delete(peer)
    }
    for (const peer of peers) {
      const beat = this.#beats.get(peer) ?? newBeat(now)
      this.#beats.set(peer, beat)
      this.#look(peer, beat, now)
    }
  }

  #look(peer: PeerName, beat: Beat, now: number): void {
    if (now - beat.heardMs < this.#options.pulseMs) return
    // Asked first in this silence: questions that fail are repeated and do not prolong it.
    if (beat.askedMs <= beat.heardMs) beat.askedMs = now
    if (beat.asking === undefined) this.#ask(peer, beat)
    if (now - beat.askedMs < this.#options.answerMsMax) return
    // One question may be lost with its stream: the next goes over whatever connection is there then.
    beat.asking?.abort()
    beat.asking = undefined
    if (beat.dialling === undefined && now >= beat.diallableMs) this.#dial(peer, beat)
  }

  #ask(peer: PeerName, beat: Beat): void {
    const asking = new AbortController()
    beat.asking = asking
    this.#deps.ask(peer, asking.signal).then(() => this.heard(peer), () => undefined).finally(() => {
      if (beat.asking === asking) beat.asking = undefined
    })
  }

  #dial(peer: PeerName, beat: Beat): void {
    const { clock, log } = this.#deps
    const dialling = new AbortController()
    beat.dialling = dialling
    this.dials++
    log.debug({ peer, silentMs: Math.round(clock.monotonicMs() - beat.heardMs) }, 'link is silent: dialling anew')
    this.#deps.dialAnew(peer, dialling.signal).then(
      () => this.heard(peer),
      (error: unknown) => log.debug({ peer, reason: reasonOf(error) }, 'dial beside a silent link failed')
    ).finally(() => {
      beat.dialling = undefined
      beat.diallableMs = clock.monotonicMs() + this.#options.answerMsMax
    })
  }
}

function newBeat(now: number): Beat {
  return { heardMs: now, asking: undefined, askedMs: now, dialling: undefined, diallableMs: 0 }
}

function giveUp(beat: Beat): void {
  beat.asking?.abort()
  beat.dialling?.abort()
}
