// Dialer: keeps a link to every configured, bootstrap and invite address.
// Rule: an address is dialled while its peer is not connected, never while it is; pauses double up to a bound
// and vary by +-50 %, so that peers which fell together do not come back together.

import type { Clock, Log, PeerName, Random, Timer } from '../base/index.js'
import { reasonOf } from './errors.js'

/** Numbers of the dialer; see options.ts. */
export interface DialerOptions {
  readonly self: PeerName
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  readonly addressesMax: number
}

/** What the dialer needs. */
export interface DialerDeps {
  /** Dials, exchanges hellos and names the peer; the peer behind an address is learned from it. */
  dial(address: string): Promise<PeerName>
  /** The peer that an address names, if it names one. */
  peerOf(address: string): PeerName | undefined
  connected(peer: PeerName): boolean
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A running dialer. */
export interface Dialer {
  start(): void
  stop(): void
  /** Adds an address to keep a link to. Over the limit, or known already: nothing happens. */
  keep(address: string): void
  /** True for the peer of an address that is kept, as far as it is known. */
  keeps(peer: PeerName): boolean
  /** To be told when a peer's last link is gone. */
  onDown(peer: PeerName): void
}

interface Target {
  readonly address: string
  peer: PeerName | undefined
  failures: number
  dialling: boolean
  timer: Timer | undefined
}

/** Makes a dialer, not started. */
export function createDialer(options: DialerOptions, deps: DialerDeps): Dialer {
  const targets = new Map<string, Target>()
  let running = false

  const attempt = (target: Target): void => {
    target.timer = undefined
    if (!running || target.dialling || isConnected(target)) return
    target.dialling = true
    deps.dial(target.address).then(
      (peer) => {
        target.dialling = false
        target.peer = peer
        target.failures = 0
        // It may have gone again while the dial was answering.
        if (!isConnected(target)) schedule(target)
      },
      (error: unknown) => {
        target.dialling = false
        target.failures++
        deps.log.debug({ address: target.address, reason: reasonOf(error) }, 'dial failed')
        schedule(target)
      }
    )
  }
  const schedule = (target: Target): void => {
    if (!running || target.timer !== undefined || target.dialling) return
    target.timer = deps.clock.setTimer(pauseOf(options, target.failures, deps.random), () => attempt(target))
  }
  const isConnected = (target: Target): boolean =>
    target.peer !== undefined && (target.peer === options.self || deps.connected(target.peer))

  return {
    start(): void {
      running = true
      for (const target of targets.values()) attempt(target)
    },
    stop(): void {
      running = false
      for (const target of targets.values()) target.timer?.cancel()
      for (const target of targets.values()) target.timer = undefined
    },
    keep(address: string): void {
      if (targets.has(address) || targets.size >= options.addressesMax) return
      const target: Target = {
        address, peer: deps.peerOf(address), failures: 0, dialling: false, timer: undefined
      }
      targets.set(address, target)
      attempt(target)
    },
    keeps: (peer) => [...targets.values()].some((target) => target.peer === peer),
    onDown(peer: PeerName): void {
      for (const target of targets.values()) {
        if (target.peer !== peer) continue
        // There was a link, whoever made it: what failed before it says nothing of the peer now.
        target.failures = 0
        target.timer?.cancel()
        target.timer = undefined
        schedule(target)
      }
    }
  }
}

/** Pause before the next dial: doubled with each failure, bounded, then anywhere in +-50 %. */
export function pauseOf(
  options: Pick<DialerOptions, 'backoffMinMs' | 'backoffMaxMs'>, failures: number, random: Random
): number {
  const base = Math.min(options.backoffMaxMs, options.backoffMinMs * 2 ** Math.min(failures, 30))
  const half = Math.max(1, Math.floor(base / 2))
  return half + random.integer(2 * half)
}
