// Streams of the simulated network: frames in order, each with its delay, held up while the way is blocked,
// with back-pressure past a mebibyte that was not read.

import type { FrameStream, PeerName } from '../../src/base/index.js'
import { NETWORK_LIMITS, P2pError } from '../../src/p2p/index.js'
import type { Owner, World } from './world.js'

const UNREAD_BYTES_MAX = 1_048_576
/** A blocked way is tried again this often, and given up after so long. */
const RETRY_MS = 500
const BLOCKED_MS_MAX = 30_000

/** What one direction of a stream asks of the network. */
export interface Way {
  readonly world: World
  /** Who reads: frames arrive in its events. */
  readonly reader: Owner
  blocked(): boolean
  /** Delay of the next frame. */
  delayMs(bytes: Uint8Array): number
  /** The way was blocked for too long. */
  broken(): void
  /** The sender keeps no limit of its own. */
  readonly raw: boolean
}

/** One end of a stream. */
export interface SimStream extends FrameStream {
  /** Ends both directions at once: the link is gone. */
  fail(error: Error): void
  readonly over: boolean
}

interface Sent {
  readonly frame: Uint8Array | undefined
  readonly arrivalMs: number
}

/** Both ends. @param there from near to far */
export function createSimStream(
  near: PeerName, far: PeerName, there: Way, back: Way
): readonly [SimStream, SimStream] {
  const out = new Pipe(there)
  const home = new Pipe(back)
  return [new End(far, home, out), new End(near, out, home)]
}

class Pipe {
  readonly inbox: Uint8Array[] = []
  failure: Error | undefined
  /** The sender has closed its half; and the reader knows. */
  closed = false
  ended = false
  unread = 0
  readonly raw: boolean
  readonly #way: Way
  readonly #sent: Sent[] = []
  #waiting: (() => void)[] = []
  #lastMs = 0
  #blockedMs: number | undefined
  #planned = false

  constructor(way: Way) {
    this.#way = way
    this.raw = way.raw
  }

  post(frame: Uint8Array | undefined): void {
    const { world } = this.#way
    const arrivalMs = Math.max(this.#lastMs, world.nowMs + this.#way.delayMs(frame ?? new Uint8Array()))
    this.#lastMs = arrivalMs
    this.#sent.push({ frame, arrivalMs })
    this.unread += frame?.length ?? 0
    this.#arm()
  }

  /** Tells the reader of a reset, when the way lets it through. */
  reset(error: Error): void {
    const { world, reader } = this.#way
    const tell = (): void => {
      if (this.#way.blocked() && this.failure === undefined) return void world.plan(RETRY_MS, 'reset', reader, tell)
      this.fail(error)
    }
    world.plan(this.#way.delayMs(new Uint8Array()), 'reset', reader, tell)
  }

  /** A liar never closes its end: the adapter takes the slot back after a while. */
  linger(abort: () => void): void {
    this.#way.world.plan(NETWORK_LIMITS.lingerMs, 'linger', this.#way.reader, abort)
  }

  fail(error: Error): void {
    this.failure ??= error
    this.inbox.length = 0
    this.#sent.length = 0
    this.closed = true
    this.changed()
  }

  changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #arm(): void {
    const first = this.#sent[0]
    if (this.#planned || first === undefined) return
    this.#planned = true
    const { world, reader } = this.#way
    const waitMs = this.#blockedMs === undefined ? first.arrivalMs - world.nowMs : RETRY_MS
    world.plan(waitMs, 'frame', reader, () => {
      this.#planned = false
      this.#arrive()
      this.#arm()
    })
  }

  #arrive(): void {
    const { world } = this.#way
    if (this.#way.blocked()) {
      this.#blockedMs ??= world.nowMs
      if (world.nowMs - this.#blockedMs > BLOCKED_MS_MAX) this.#way.broken()
      return
    }
    this.#blockedMs = undefined
    for (;;) {
      const first = this.#sent[0]
      if (first === undefined || first.arrivalMs > world.nowMs) break
      this.#sent.shift()
      if (first.frame === undefined) this.ended = true
      else this.inbox.push(first.frame)
    }
    this.changed()
  }
}

class End implements SimStream {
  readonly peer: PeerName
  readonly frames: AsyncIterable<Uint8Array>
  readonly #inward: Pipe
  readonly #outward: Pipe

  constructor(peer: PeerName, inward: Pipe, outward: Pipe) {
    this.peer = peer
    this.#inward = inward
    this.#outward = outward
    this.frames = this.#read()
  }

  async send(frame: Uint8Array): Promise<void> {
    const pipe = this.#outward
    const limitBytes = NETWORK_LIMITS.frameBytesMax
    if (frame.length > limitBytes && !pipe.raw) {
      throw new P2pError({ code: 'P2P_FRAME_TOO_LARGE', sizeBytes: frame.length, limitBytes }, 'frame too large')
    }
    this.#mustBeOpen()
    pipe.post(Buffer.from(frame))
    while (pipe.unread > UNREAD_BYTES_MAX && !pipe.closed) await pipe.change()
    if (pipe.failure !== undefined) this.#mustBeOpen()
  }

  close(): Promise<void> {
    if (!this.#outward.closed) {
      this.#outward.closed = true
      this.#outward.post(undefined)
      this.#outward.changed()
      if (this.#inward.raw) this.#inward.linger(() => this.over || this.abort(new Error('the peer left its end open')))
    }
    return Promise.resolve()
  }

  abort(error: Error): void {
    const wasOpen = this.#outward.failure === undefined
    this.#inward.fail(error)
    this.#outward.closed = true
    this.#outward.changed()
    if (wasOpen) this.#outward.reset(error)
  }

  fail(error: Error): void {
    this.#inward.fail(error)
    this.#outward.fail(error)
  }

  get over(): boolean {
    const [inward, outward] = [this.#inward, this.#outward]
    return (inward.ended || inward.failure !== undefined) && outward.closed
  }

  #mustBeOpen(): void {
    if (!this.#outward.closed) return
    throw new P2pError({ code: 'P2P_STREAM_CLOSED', peer: this.peer }, 'stream is closed')
  }

  async * #read(): AsyncGenerator<Uint8Array> {
    const pipe = this.#inward
    for (;;) {
      const frame = pipe.inbox.shift()
      if (frame !== undefined) {
        pipe.unread -= frame.length
        pipe.changed()
        yield frame
      } else if (pipe.failure !== undefined) throw pipe.failure
      else if (pipe.ended) return
      else await pipe.change()
    }
  }
}
