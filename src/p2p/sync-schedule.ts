// Sync schedule: when to compare frontiers with whom.
// On connect, every `syncEveryMs` +-50 % with a random peer, and whenever somebody asks (a gap in gossip, a link
// that speaks again). Asking is free: requests for one peer melt into one session, at least `syncGapMs` apart.

import type { Clock, PeerName, Random, Timer } from '../base/index.js'

/** Numbers of the schedule; see options.ts. */
export interface ScheduleOptions {
  readonly syncEveryMs: number
  readonly syncGapMs: number
}

/** What the schedule needs. */
export interface ScheduleDeps {
  peers(): readonly PeerName[]
  connected(peer: PeerName): boolean
  /** Runs one session. @returns `again` to run another after the gap */
  run(peer: PeerName): Promise<'rest' | 'again'>
  readonly clock: Clock
  readonly random: Random
}

/** A running schedule. */
export interface SyncSchedule {
  start(): void
  stop(): void
  /** Wants a session with a peer soon. */
  request(peer: PeerName): void
  /** Forgets a peer that is gone. */
  forget(peer: PeerName): void
}

interface Entry {
  running: boolean
  wanted: boolean
  notBeforeMs: number
  timer: Timer | undefined
}

/** Makes a schedule, not started. */
export function createSyncSchedule(options: ScheduleOptions, deps: ScheduleDeps): SyncSchedule {
  const entries = new Map<PeerName, Entry>()
  let ticker: Timer | undefined
  let live = false

  const entryOf = (peer: PeerName): Entry => {
    const entry = entries.get(peer) ?? { running: false, wanted: false, notBeforeMs: 0, timer: undefined }
    entries.set(peer, entry)
    return entry
  }
  const request = (peer: PeerName): void => {
    if (!live || !deps.connected(peer)) return
    const entry = entryOf(peer)
    entry.wanted = true
    if (!entry.running && entry.timer === undefined) launch(peer, entry)
  }
  const launch = (peer: PeerName, entry: Entry): void => {
    const delay = entry.notBeforeMs - deps.clock.monotonicMs()
    if (delay > 0) {
      entry.timer = deps.clock.setTimer(delay, () => {
        entry.timer = undefined
        launch(peer, entry)
      })
      return
    }
    if (!live || !deps.connected(peer)) return
    entry.wanted = false
    entry.running = true
    void deps.run(peer).then((next) => {
      entry.running = false
      entry.notBeforeMs = deps.clock.monotonicMs() + options.syncGapMs
      if (next === 'again' || entry.wanted) request(peer)
    })
  }
  const pick = (): void => {
    const peers = deps.peers()
    const peer = peers.length === 0 ? undefined : peers[deps.random.integer(peers.length)]
    if (peer !== undefined) request(peer)
  }
  const run = (): void => {
    pick()
    schedule()
  }
  const schedule = (): void => {
    const half = Math.floor(options.syncEveryMs / 2)
    ticker = deps.clock.setTimer(half + deps.random.integer(Math.max(1, 2 * half)), run)
  }
  return {
    start(): void {
      if (live) return
      live = true
      schedule()
    },
    stop(): void {
      live = false
      ticker?.cancel()
      for (const entry of entries.values()) entry.timer?.cancel()
      entries.clear()
    },
    request,
    forget(peer: PeerName): void {
      entries.get(peer)?.timer?.cancel()
      entries.delete(peer)
    }
  }
}
