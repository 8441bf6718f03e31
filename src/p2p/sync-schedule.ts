// Sync schedule: when to compare frontiers with whom.
// On connect, every `syncEveryMs` +-50 % with a random peer, and whenever somebody asks (a gap in gossip,
// gap-chase.ts, or a link that speaks again). Asking is free: requests for one peer melt into one session,
// at least `syncGapMs` after the last.

import type { Clock, PeerName, Random, Timer } from '../base/index.js'

/** Numbers of the schedule; see options.ts. */
export interface ScheduleOptions {
  readonly syncEveryMs: number
  readonly syncGapMs: number
}

/**
 * What to do after a session: `again` runs another after the gap, `later` after ten, `failed` after ten and
 * twice as many with each failure in a row.
 */
export type SyncNext = 'rest' | 'again' | 'later' | 'failed'

/** What the schedule needs. */
export interface ScheduleDeps {
  peers(): readonly PeerName[]
  connected(peer: PeerName): boolean
  /** Runs one session. */
  run(peer: PeerName): Promise<SyncNext>
  readonly clock: Clock
  readonly random: Random
}

/** A running schedule. */
export interface SyncSchedule {
  start(): void
  stop(): void
  /** Wants a session with a peer soon. */
  request(peer: PeerName): void
  /** The same over a new connection: what failed on the old one says nothing of this. */
  renew(peer: PeerName): void
  /** Forgets a peer that is gone. */
  forget(peer: PeerName): void
}

interface Entry {
  running: boolean
  wanted: boolean
  notBeforeMs: number
  failures: number
  timer: Timer | undefined
}

const doublingsMax = 4

/** Makes a schedule, not started. */
export function createSyncSchedule(options: ScheduleOptions, deps: ScheduleDeps): SyncSchedule {
  return new Schedule(options, deps)
}

class Schedule implements SyncSchedule {
  readonly #options: ScheduleOptions
  readonly #deps: ScheduleDeps
  readonly #entries = new Map<PeerName, Entry>()
  #ticker: Timer | undefined
  #live = false

  constructor(options: ScheduleOptions, deps: ScheduleDeps) {
    this.#options = options
    this.#deps = deps
  }

  start(): void {
    if (this.#live) return
    this.#live = true
    this.#armTicker()
  }

  stop(): void {
    this.#live = false
    this.#ticker?.cancel()
    for (const entry of this.#entries.values()) entry.timer?.cancel()
    this.#entries.clear()
  }

  request(peer: PeerName): void {
    if (!this.#live || !this.#deps.connected(peer)) return
    const entry = this.#entries.get(peer) ?? newEntry()
    this.#entries.set(peer, entry)
    entry.wanted = true
    if (!entry.running && entry.timer === undefined) this.#launch(peer, entry)
  }

  renew(peer: PeerName): void {
    this.forget(peer)
    this.request(peer)
  }

  forget(peer: PeerName): void {
    this.#entries.get(peer)?.timer?.cancel()
    this.#entries.delete(peer)
  }

  #armTicker(): void {
    const half = Math.max(1, Math.floor(this.#options.syncEveryMs / 2))
    const delay = half + this.#deps.random.integer(2 * half)
    this.#ticker = this.#deps.clock.setTimer(delay, () => {
      const peers = this.#deps.peers()
      const peer = peers.length === 0 ? undefined : peers[this.#deps.random.integer(peers.length)]
      if (peer !== undefined) this.request(peer)
      this.#armTicker()
    })
  }

  #launch(peer: PeerName, entry: Entry): void {
    const delay = entry.notBeforeMs - this.#deps.clock.monotonicMs()
    if (delay > 0) {
      entry.timer = this.#deps.clock.setTimer(delay, () => {
        entry.timer = undefined
        this.#launch(peer, entry)
      })
      return
    }
    if (!this.#live || !this.#deps.connected(peer)) return
    entry.wanted = false
    entry.running = true
    void this.#deps.run(peer).then((next) => {
      entry.running = false
      entry.failures = next === 'failed' ? entry.failures + 1 : 0
      const gapMs = this.#options.syncGapMs * gapsAfter(next, entry.failures)
      entry.notBeforeMs = this.#deps.clock.monotonicMs() + gapMs
      // A peer that left and came back meanwhile has a new entry.
      const stillOurs = this.#entries.get(peer) === entry
      if (stillOurs && (next !== 'rest' || entry.wanted)) this.request(peer)
    })
  }
}

// A failure may be of the link, which heals, or of the disk of either side, which takes longer.
function gapsAfter(next: SyncNext, failures: number): number {
  if (next === 'failed') return 10 * 2 ** Math.min(failures - 1, doublingsMax)
  return next === 'later' ? 10 : 1
}

function newEntry(): Entry {
  return { running: false, wanted: false, notBeforeMs: 0, failures: 0, timer: undefined }
}
