// A pair of frame streams in memory: in order, with back-pressure past a mebibyte of unread bytes.

import type { FrameStream, PeerName } from '../../src/base/index.js'
import { P2pError } from '../../src/p2p/index.js'

const unreadBytesMax = 1_048_576

/** One end of a pair. */
export interface MemoryStream extends FrameStream {
  /** Called once when both halves are closed or the stream is reset. */
  onOver(action: () => void): void
}

/** Two ends: what one sends the other reads. */
export function createStreamPair(
  near: PeerName, far: PeerName, frameBytesMax: number
): readonly [MemoryStream, MemoryStream] {
  const there = new Pipe()
  const back = new Pipe()
  return [new End(far, back, there, frameBytesMax), new End(near, there, back, frameBytesMax)]
}

// One direction.
class Pipe {
  readonly queue: Uint8Array[] = []
  unread = 0
  closed = false
  failure: Error | undefined
  #waiting: (() => void)[] = []

  changed(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  fail(error: Error): void {
    this.failure ??= error
    this.queue.length = 0
    this.closed = true
    this.changed()
  }
}

class End implements MemoryStream {
  readonly peer: PeerName
  readonly frames: AsyncIterable<Uint8Array>
  readonly #inward: Pipe
  readonly #outward: Pipe
  readonly #frameBytesMax: number
  readonly #overActions: (() => void)[] = []

  constructor(peer: PeerName, inward: Pipe, outward: Pipe, frameBytesMax: number) {
    this.peer = peer
    this.#inward = inward
    this.#outward = outward
    this.#frameBytesMax = frameBytesMax
    this.frames = this.#read()
  }

  async send(frame: Uint8Array): Promise<void> {
    const pipe = this.#outward
    if (frame.length > this.#frameBytesMax) {
      const detail = {
        code: 'P2P_FRAME_TOO_LARGE', sizeBytes: frame.length, limitBytes: this.#frameBytesMax
      } as const
      throw new P2pError(detail, 'frame too large')
    }
    this.#mustBeOpen()
    pipe.queue.push(Uint8Array.from(frame))
    pipe.unread += frame.length
    pipe.changed()
    while (pipe.unread > unreadBytesMax && !pipe.closed) await pipe.change()
    this.#mustBeOpen()
  }

  close(): Promise<void> {
    this.#outward.closed = true
    this.#outward.changed()
    if (this.#inward.closed) this.#over()
    return Promise.resolve()
  }

  abort(error: Error): void {
    this.#outward.fail(error)
    this.#inward.fail(error)
    this.#over()
  }

  onOver(action: () => void): void {
    this.#overActions.push(action)
  }

  #mustBeOpen(): void {
    if (!this.#outward.closed) return
    throw new P2pError({ code: 'P2P_STREAM_CLOSED', peer: this.peer }, 'stream is closed')
  }

  #over(): void {
    for (const action of this.#overActions.splice(0)) action()
  }

  async * #read(): AsyncGenerator<Uint8Array> {
    const pipe = this.#inward
    for (;;) {
      const frame = pipe.queue.shift()
      if (frame !== undefined) {
        pipe.unread -= frame.length
        pipe.changed()
        yield frame
      } else if (pipe.failure !== undefined) throw pipe.failure
      else if (pipe.closed) return
      else await pipe.change()
    }
  }
}
