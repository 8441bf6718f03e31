// Watchdog: gossip links die silently (simultaneous dials of which one closes, one oversized message, a reset
// stream), while the peers stay connected. It finds such links and mends them.
// Order: after a grace second ask the muxer for new gossip streams; if that does not help within another,
// close and redial, the smaller id at once, the larger later and only if it knows an address. The grace
// doubles with every failed mending, so that a slow machine is not kept busy by its own cure.

import type { Clock, Log, PeerLink, PeerName, Timer } from '../base/index.js'
import { reasonOf } from './errors.js'

/** Numbers of the watchdog; see options.ts. */
export interface WatchdogOptions {
  readonly self: PeerName
  readonly graceMs: number
  readonly firstGraceMs: number
  readonly redialYieldMs: number
  readonly watchMs: number
}

/** What the watchdog sees and does. */
export interface WatchdogDeps {
  links(): readonly PeerLink[]
  /** Opens missing gossip streams on the connection that is there. */
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
  /** Counters since the start. */
  readonly refreshes: number
  readonly redials: number
}

interface Watch {
  muteSinceMs: number | undefined
  wasHealthy: boolean
  refreshed: boolean
  failures: number
  healthySinceMs: number
}

// Doubling stops here: 2^5 grace seconds.
const failuresMax = 5
// A link that gossiped this long is cured, and the next failure starts from one grace second again.
const curedMs = 30_000

/** Makes a watchdog, not started. */
export function createWatchdog(options: WatchdogOptions, deps: WatchdogDeps): Watchdog {
  const watches = new Map<PeerName, Watch>()
  const yielding = new Map<PeerName, Timer>()
  const counts = { refreshes: 0, redials: 0 }
  let timer: Timer | undefined

  const look = (): void => {
    const now = deps.clock.monotonicMs()
    const links = deps.links()
    const present = new Set(links.map((link) => link.peer))
    forgetAbsent(watches, present, now)
    for (const link of links) {
      const watch = watches.get(link.peer) ?? newWatch()
      watches.set(link.peer, watch)
      if (link.gossip) markHealthy(watch, now)
      else mend(link.peer, watch, now)
    }
  }
  const mend = (peer: PeerName, watch: Watch, now: number): void => {
    watch.muteSinceMs ??= now
    if (now - watch.muteSinceMs < graceOf(options, watch)) return
    watch.muteSinceMs = now
    if (watch.refreshed) return redial(peer, watch)
    watch.refreshed = true
    counts.refreshes++
    deps.refresh(peer).catch((error: unknown) => {
      deps.log.debug({ peer, reason: reasonOf(error) }, 'gossip refresh failed')
    })
  }
  const redial = (peer: PeerName, watch: Watch): void => {
    watch.refreshed = false
    watch.wasHealthy = false
    watch.failures = Math.min(watch.failures + 1, failuresMax)
    counts.redials++
    deps.log.warn({ peer, failures: watch.failures }, 'gossip link is mute: closing and redialling')
    void deps.drop(peer).then(() => {
      if (options.self < peer) dialAgain(peer)
      else yieldThenDial(peer)
    })
  }
  const yieldThenDial = (peer: PeerName): void => {
    if (timer === undefined) return
    yielding.get(peer)?.cancel()
    yielding.set(peer, deps.clock.setTimer(options.redialYieldMs, () => dialAgain(peer)))
  }
  const dialAgain = (peer: PeerName): void => {
    yielding.delete(peer)
    if (timer === undefined || deps.connected(peer)) return
    deps.redial(peer).catch((error: unknown) => {
      deps.log.debug({ peer, reason: reasonOf(error) }, 'redial failed')
    })
  }
  const tick = (): void => {
    timer = deps.clock.setTimer(options.watchMs, tick)
    look()
  }
  return {
    start(): void {
      timer ??= deps.clock.setTimer(options.watchMs, tick)
    },
    stop(): void {
      timer?.cancel()
      timer = undefined
      for (const one of yielding.values()) one.cancel()
      yielding.clear()
    },
    look,
    get refreshes(): number { return counts.refreshes },
    get redials(): number { return counts.redials }
  }
}

function newWatch(): Watch {
  return { muteSinceMs: undefined, wasHealthy: false, refreshed: false, failures: 0, healthySinceMs: 0 }
}

function graceOf(options: WatchdogOptions, watch: Watch): number {
  const base = watch.wasHealthy || watch.refreshed ? options.graceMs : options.firstGraceMs
  return base * 2 ** watch.failures
}

function markHealthy(watch: Watch, now: number): void {
  if (!watch.wasHealthy || watch.muteSinceMs !== undefined) watch.healthySinceMs = now
  watch.wasHealthy = true
  watch.refreshed = false
  watch.muteSinceMs = undefined
  if (now - watch.healthySinceMs >= curedMs) watch.failures = 0
}

// A peer that left keeps its count of failures for a while, since a redial is how a mending goes on.
function forgetAbsent(watches: Map<PeerName, Watch>, present: ReadonlySet<PeerName>, now: number): void {
  for (const [peer, watch] of watches) {
    if (present.has(peer)) continue
    watch.wasHealthy = false
    watch.refreshed = false
    watch.muteSinceMs = undefined
    watch.healthySinceMs ||= now
    if (watch.failures === 0 || now - watch.healthySinceMs > 10 * curedMs) watches.delete(peer)
  }
}
