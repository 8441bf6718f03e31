// Watchdog: gossip links die silently (simultaneous dials of which one closes, one oversized message, a reset
// stream), while the peers stay connected. It finds such links and mends them.
// Order: after a grace second have the missing gossip stream opened on the connection that is there; if that
// does not help within another, close and redial, the smaller id at once, the larger later and only if it
// knows an address. The grace doubles with every failed mending, so that a slow machine is not kept busy by
// its cure. A link whose mending took long is slow: it gets many times as long before it is closed, since a
// new connection would be as slow, and closing ends the syncs that it carries.

import type { Clock, Log, PeerLink, PeerName, Timer } from '../base/index.js'
import { reasonOf } from './errors.js'

/** Numbers of the watchdog; see options.ts. */
export interface WatchdogOptions {
  readonly self: PeerName
  readonly graceMs: number
  readonly firstGraceMs: number
  readonly redialYieldMs: number
  readonly watchMs: number
  readonly patienceMsMax: number
}

/** What the watchdog sees and does. */
export interface WatchdogDeps {
  links(): readonly PeerLink[]
  /** Opens missing gossip streams on the connection that is there; resolves when the peer has answered. */
  refresh(peer: PeerName): Promise<void>
  /** Closes every connection to the peer. */
  drop(peer: PeerName): Promise<void>
  connected(peer: PeerName): boolean
  /** Dials a known address of the peer; rejects when there is none or it does not answer. */
  redial(peer: PeerName): Promise<void>
  readonly clock: Clock
  readonly log: Log
}

/** A running watchdog. */
export interface Watchdog {
  start(): void
  stop(): void
  /** Looks once; `start` does so every `watchMs`. */
  look(): void
  /** To be told of each new connection: what was tried on another one says nothing of it. */
  renewed(peer: PeerName): void
  /** Counters since the start. */
  readonly refreshes: number
  readonly redials: number
}

interface Watch {
  muteSinceMs: number | undefined
  wasHealthy: boolean
  refreshed: boolean
  refreshing: boolean
  /** A mending in place failed, as it does on a connection that is closing: it is tried once more. */
  refreshFailed: boolean
  /** Least time from a mending in place until the link is closed. */
  patienceMs: number
  failures: number
  healthySinceMs: number
}

// Doubling stops here: 2^5 grace seconds.
const failuresMax = 5
// A gossip link takes some ten round trips of both sides, one after the other; a mending in place takes two.
const patienceFactor = 16
// A link that gossiped this long is cured, and the next failure starts from one grace second again.
const curedMs = 30_000

/** Makes a watchdog, not started. */
export function createWatchdog(options: WatchdogOptions, deps: WatchdogDeps): Watchdog {
  return new LinkWatchdog(options, deps)
}

class LinkWatchdog implements Watchdog {
  refreshes = 0
  redials = 0
  readonly #options: WatchdogOptions
  readonly #deps: WatchdogDeps
  readonly #watches = new Map<PeerName, Watch>()
  readonly #yielding = new Map<PeerName, Timer>()
  #timer: Timer | undefined

  constructor(options: WatchdogOptions, deps: WatchdogDeps) {
    this.#options = options
    this.#deps = deps
  }

  start(): void {
    this.#timer ??= this.#deps.clock.setTimer(this.#options.watchMs, () => this.#tick())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const one of this.#yielding.values()) one.cancel()
    this.#yielding.clear()
  }

  look(): void {
    const now = this.#deps.clock.monotonicMs()
    const links = this.#deps.links()
    forgetAbsent(this.#watches, new Set(links.map((link) => link.peer)), now)
    for (const link of links) {
      const watch = this.#watches.get(link.peer) ?? newWatch()
      this.#watches.set(link.peer, watch)
      if (link.gossip) markHealthy(watch, now)
      else this.#mend(link.peer, watch, now)
    }
  }

  renewed(peer: PeerName): void {
    const watch = this.#watches.get(peer)
    if (watch === undefined) return
    const { failures, healthySinceMs } = watch
    this.#watches.set(peer, { ...newWatch(), failures, healthySinceMs })
  }

  #tick(): void {
    this.#timer = this.#deps.clock.setTimer(this.#options.watchMs, () => this.#tick())
    this.look()
  }

  #mend(peer: PeerName, watch: Watch, now: number): void {
    watch.muteSinceMs ??= now
    if (watch.refreshing || now - watch.muteSinceMs < graceOf(this.#options, watch)) return
    watch.muteSinceMs = now
    if (watch.refreshed) this.#cut(peer, watch)
    else this.#refresh(peer, watch, now)
  }

  #refresh(peer: PeerName, watch: Watch, beginMs: number): void {
    const { clock, log } = this.#deps
    watch.refreshed = true
    watch.refreshing = true
    this.refreshes++
    this.#deps.refresh(peer).then(
      () => {
        const patienceMs = patienceFactor * (clock.monotonicMs() - beginMs)
        watch.patienceMs = Math.min(patienceMs, this.#options.patienceMsMax)
      },
      (error: unknown) => {
        log.debug({ peer, reason: reasonOf(error) }, 'gossip refresh failed')
        watch.refreshed = watch.refreshFailed
        watch.refreshFailed = true
      }
    ).finally(() => {
      watch.refreshing = false
      if (watch.muteSinceMs === beginMs) watch.muteSinceMs = clock.monotonicMs()
    })
  }

  #cut(peer: PeerName, watch: Watch): void {
    watch.refreshed = false
    watch.refreshFailed = false
    watch.patienceMs = 0
    watch.wasHealthy = false
    watch.failures = Math.min(watch.failures + 1, failuresMax)
    this.redials++
    this.#deps.log.warn({ peer, failures: watch.failures }, 'gossip link is mute: closing and redialling')
    void this.#deps.drop(peer).then(() => {
      if (this.#options.self < peer) this.#dial(peer)
      else this.#yieldThenDial(peer)
    })
  }

  #yieldThenDial(peer: PeerName): void {
    if (this.#timer === undefined) return
    this.#yielding.get(peer)?.cancel()
    const { clock } = this.#deps
    this.#yielding.set(peer, clock.setTimer(this.#options.redialYieldMs, () => this.#dial(peer)))
  }

  #dial(peer: PeerName): void {
    this.#yielding.delete(peer)
    if (this.#timer === undefined || this.#deps.connected(peer)) return
    this.#deps.redial(peer).catch((error: unknown) => {
      this.#deps.log.debug({ peer, reason: reasonOf(error) }, 'redial failed')
    })
  }
}

function newWatch(): Watch {
  return {
    muteSinceMs: undefined, wasHealthy: false, refreshed: false, refreshing: false, refreshFailed: false,
    patienceMs: 0, failures: 0, healthySinceMs: 0
  }
}

function graceOf(options: WatchdogOptions, watch: Watch): number {
  const base = watch.wasHealthy ? options.graceMs : options.firstGraceMs
  return Math.max(base * 2 ** watch.failures, watch.refreshed ? watch.patienceMs : 0)
}

function markHealthy(watch: Watch, now: number): void {
  if (!watch.wasHealthy || watch.muteSinceMs !== undefined) watch.healthySinceMs = now
  watch.wasHealthy = true
  watch.refreshed = false
  watch.refreshFailed = false
  watch.patienceMs = 0
  watch.muteSinceMs = undefined
  if (now - watch.healthySinceMs >= curedMs) watch.failures = 0
}

// A peer that left keeps its count of failures for a while, since a redial is how a mending goes on.
function forgetAbsent(watches: Map<PeerName, Watch>, present: ReadonlySet<PeerName>, now: number): void {
  for (const [peer, watch] of watches) {
    if (present.has(peer)) continue
    watch.wasHealthy = false
    watch.refreshed = false
    watch.refreshFailed = false
    watch.patienceMs = 0
    watch.muteSinceMs = undefined
    watch.healthySinceMs ||= now
    if (watch.failures === 0 || now - watch.healthySinceMs > 10 * curedMs) watches.delete(peer)
  }
}
