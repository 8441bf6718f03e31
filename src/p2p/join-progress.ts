// Progress of a join: how much has come, how fast, and how much there is.
// Rule: it counts what is in the index, so that a join that goes on after a kill starts from what it had.
// The rate is over the last ten seconds, so that a pause shows.

import type { Clock, PeerName } from '../base/index.js'
import type { PeerNetwork } from './network.js'
import type { SessionProgress } from './sync-sessions.js'

/** Where catching up stands. */
export interface JoinProgress {
  /** Records in the index. */
  readonly here: number
  /** Records in the index that were not there at the start. */
  readonly records: number
  /** Bytes of sync frames that came in since the start. */
  readonly bytes: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** Most records that a peer said it has; undefined before the first word. */
  readonly remoteRecords?: number
  /** Time until `remoteRecords` are here at the present rate, in ms; undefined when nothing comes. */
  readonly leftMs?: number
  /** A first session has left nothing to fetch that its peer has, while no other that counts was fetching. */
  readonly synced: boolean
}

/** Counts progress. */
export interface ProgressMeter {
  /** Counts from what is here now. */
  start(): void
  /** Bytes of frames came in. */
  received(bytes: number): void
  remote(records: number): void
  synced(): void
  progress(): JoinProgress
  /** Resolves at the first call of `synced`. */
  readonly whenSynced: Promise<void>
}

/** What the meter reads. */
export interface MeterDeps {
  readonly clock: Clock
  /** Records in the index. */
  recordCount(): number
}

interface Sample {
  readonly atMs: number
  readonly here: number
  readonly bytes: number
}

const windowMs = 10_000
const sampleMs = 500

/**
 * Catching up is over when a session with this peer left nothing to fetch: no other session is still bringing
 * blocks. While a peer is here that the operator chose, only such peers count: a stranger may list blocks
 * without end, or none.
 */
export function isThrough(
  peer: PeerName, network: Pick<PeerNetwork, 'peers' | 'isChosen'>, sessions: readonly SessionProgress[]
): boolean {
  const hasChosen = network.peers().some((link) => network.isChosen(link.peer))
  const counts = (one: PeerName): boolean => !hasChosen || network.isChosen(one)
  return counts(peer) && !sessions.some((one) => counts(one.peer) && one.blocksIn < one.blocksWanted)
}

/** Makes a meter at zero. */
export function createProgressMeter(deps: MeterDeps): ProgressMeter {
  return new Meter(deps)
}

class Meter implements ProgressMeter {
  readonly #deps: MeterDeps
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers()
  #samples: Sample[] = []
  #atStart = 0
  #bytes = 0
  #remoteRecords: number | undefined
  #synced = false

  constructor(deps: MeterDeps) {
    this.#deps = deps
  }

  get whenSynced(): Promise<void> {
    return this.#done.promise
  }

  start(): void {
    this.#atStart = this.#deps.recordCount()
    this.#samples = []
    this.#sample()
  }

  received(bytes: number): void {
    this.#bytes += bytes
    this.#sample()
  }

  remote(records: number): void {
    this.#remoteRecords = Math.max(this.#remoteRecords ?? 0, records)
  }

  synced(): void {
    this.#synced = true
    this.#done.resolve()
  }

  progress(): JoinProgress {
    const now = this.#sample()
    const first = this.#samples[0] ?? now
    const seconds = Math.max(1, now.atMs - first.atMs) / 1_000
    const perSecond = Math.max(0, now.here - first.here) / seconds
    const remoteRecords = this.#remoteRecords
    const left = (remoteRecords ?? 0) - now.here
    return {
      here: now.here,
      records: Math.max(0, now.here - this.#atStart),
      bytes: now.bytes,
      recordsPerSecond: Math.round(perSecond),
      bytesPerSecond: Math.round((now.bytes - first.bytes) / seconds),
      ...(remoteRecords === undefined ? {} : { remoteRecords }),
      ...(left > 0 && perSecond > 0 ? { leftMs: Math.ceil((left * 1_000) / perSecond) } : {}),
      synced: this.#synced
    }
  }

  /** Notes where it stands, at most every `sampleMs`, and forgets what is older than the window. */
  #sample(): Sample {
    const atMs = this.#deps.clock.monotonicMs()
    const now = { atMs, here: this.#deps.recordCount(), bytes: this.#bytes }
    const last = this.#samples.at(-1)
    if (last === undefined || atMs - last.atMs >= sampleMs) this.#samples.push(now)
    while ((this.#samples[0]?.atMs ?? atMs) < atMs - windowMs) this.#samples.shift()
    return now
  }
}
