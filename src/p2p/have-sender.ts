// Sends HAVE: tells each connected node which of its blocks are durable here, batched, on one stream a peer
// that is closed when it was not needed for a while.
// Rule: nothing waits for a HAVE and none is repeated. What is lost (no link, a full queue, a broken stream)
// the sealer learns from the next STATUS.

import type { Clock, FrameStream, Hash, Log, PeerName, PublicKey, Timer } from '../base/index.js'
import { encodeHave, haveIdsMax } from '../dag/index.js'
import { reasonOf } from './errors.js'
import { publicKeyOfPeer } from './peer-name.js'

/** Numbers of the sender; see options.ts. */
export interface HaveOptions {
  readonly haveEveryMs: number
  readonly haveQueueMax: number
  readonly haveIdleMs: number
}

/** What the sender needs. */
export interface HaveSenderDeps {
  open(peer: PeerName): Promise<FrameStream>
  readonly clock: Clock
  readonly log: Log
}

/** Tells sealers of their blocks. */
export interface HaveSender {
  up(peer: PeerName): void
  down(peer: PeerName): void
  /** A block of this sealer is durable here. Does nothing when the sealer is not connected. */
  note(sealer: PublicKey, block: Hash): void
  stop(): void
}

interface Lane {
  readonly peer: PeerName
  /** Oldest first. */
  readonly queue: Set<Hash>
  stream: FrameStream | undefined
  timer: Timer | undefined
  sending: boolean
  /** The peer is connected. */
  live: boolean
  lastMs: number
}

/** Makes a sender without peers. */
export function createHaveSender(options: HaveOptions, deps: HaveSenderDeps): HaveSender {
  return new Sender(options, deps)
}

class Sender implements HaveSender {
  readonly #options: HaveOptions
  readonly #deps: HaveSenderDeps
  readonly #lanes = new Map<PublicKey, Lane>()

  constructor(options: HaveOptions, deps: HaveSenderDeps) {
    this.#options = options
    this.#deps = deps
  }

  up(peer: PeerName): void {
    const key = publicKeyOfPeer(peer)
    if (key === undefined || this.#lanes.has(key)) return
    this.#lanes.set(key, {
      peer, queue: new Set(), stream: undefined, timer: undefined, sending: false, live: true,
      lastMs: Number.NEGATIVE_INFINITY
    })
  }

  down(peer: PeerName): void {
    const key = publicKeyOfPeer(peer)
    const lane = key === undefined ? undefined : this.#lanes.get(key)
    if (key === undefined || lane === undefined) return
    this.#lanes.delete(key)
    this.#end(lane)
  }

  note(sealer: PublicKey, block: Hash): void {
    const lane = this.#lanes.get(sealer)
    if (lane === undefined) return
    lane.queue.add(block)
    // A later block of a feed says all that an earlier one does, so the oldest is the one to lose.
    const [oldest] = lane.queue
    if (lane.queue.size > this.#options.haveQueueMax && oldest !== undefined) lane.queue.delete(oldest)
    this.#arm(lane)
  }

  stop(): void {
    for (const lane of this.#lanes.values()) this.#end(lane)
    this.#lanes.clear()
  }

  /** Sends at once after a pause, else when the pause is over; closes a stream that has nothing to carry. */
  #arm(lane: Lane): void {
    if (lane.sending || !lane.live) return
    lane.timer?.cancel()
    const { clock } = this.#deps
    const idle = lane.queue.size === 0
    if (idle && lane.stream === undefined) return
    const dueMs = lane.lastMs + (idle ? this.#options.haveIdleMs : this.#options.haveEveryMs)
    lane.timer = clock.setTimer(Math.max(0, dueMs - clock.monotonicMs()), () => {
      if (idle) void this.#close(lane)
      else void this.#send(lane)
    })
  }

  async #send(lane: Lane): Promise<void> {
    const { clock, log } = this.#deps
    const ids = [...lane.queue].slice(0, haveIdsMax)
    for (const id of ids) lane.queue.delete(id)
    lane.sending = true
    lane.lastMs = clock.monotonicMs()
    try {
      lane.stream ??= await this.#deps.open(lane.peer)
      if (lane.live) await lane.stream.send(encodeHave(ids))
      else this.#end(lane)
    } catch (error) {
      log.debug({ peer: lane.peer, reason: reasonOf(error) }, 'HAVE was not delivered')
      lane.stream?.abort(error instanceof Error ? error : new Error(String(error)))
      lane.stream = undefined
    }
    lane.sending = false
    this.#arm(lane)
  }

  async #close(lane: Lane): Promise<void> {
    const { stream } = lane
    lane.stream = undefined
    await stream?.close()
  }

  #end(lane: Lane): void {
    lane.live = false
    lane.timer?.cancel()
    lane.stream?.abort(new Error('the link is gone'))
    lane.stream = undefined
  }
}
