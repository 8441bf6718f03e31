// Frames over messages that may be lost, doubled and reordered: numbers, acknowledgements, repetition.
// Rule: at most `windowMax` frames are under way each way; whoever hears nothing new acknowledged for
// `silenceMsMax` gives the stream up. Closing is one more numbered item, so it comes after the last frame.

import type { Clock, FrameStream, PeerName, Timer } from '../../src/base/index.js'

/** What travels for a stream. */
export type StreamItem =
  | { readonly kind: 'data'; readonly number: number; readonly data: string }
  | { readonly kind: 'end'; readonly number: number }
  /** All items below `next` have arrived. */
  | { readonly kind: 'ack'; readonly next: number }
  | { readonly kind: 'reset' }

/** Numbers of a stream. */
export interface SureStreamOptions {
  readonly peer: PeerName
  readonly frameBytesMax: number
  readonly windowMax: number
  readonly repeatMs: number
  readonly silenceMsMax: number
}

/** What a stream needs. */
export interface SureStreamDeps {
  send(item: StreamItem): void
  /** Called once, when both sides are through or the stream was given up. */
  over(): void
  readonly clock: Clock
}

/** A frame stream that is fed the items that arrive for it. */
export interface SureStream extends FrameStream {
  receive(item: StreamItem): void
}

/** Makes one end of a stream. */
export function createSureStream(options: SureStreamOptions, deps: SureStreamDeps): SureStream {
  return new NumberedStream(options, deps)
}

type Numbered = Extract<StreamItem, { readonly number: number }>

class NumberedStream implements SureStream {
  readonly peer: PeerName
  readonly frames: AsyncIterable<Uint8Array>
  readonly #options: SureStreamOptions
  readonly #deps: SureStreamDeps
  readonly #unacknowledged: Numbered[] = []
  readonly #early = new Map<number, Numbered>()
  readonly #ready: Uint8Array[] = []
  #sent = 0
  #next = 0
  #ended = false
  #closed = false
  #failure: Error | undefined
  #isOver = false
  #heardMs: number
  #timer: Timer | undefined
  #changed = Promise.withResolvers<void>()

  constructor(options: SureStreamOptions, deps: SureStreamDeps) {
    this.peer = options.peer
    this.#options = options
    this.#deps = deps
    this.#heardMs = deps.clock.monotonicMs()
    this.frames = this.#read()
  }

  async send(frame: Uint8Array): Promise<void> {
    const { frameBytesMax, windowMax } = this.#options
    if (frame.length > frameBytesMax) throw new Error(`a frame of ${frame.length} bytes is too large`)
    while (this.#unacknowledged.length >= windowMax && this.#failure === undefined) await this.#change()
    if (this.#failure !== undefined || this.#closed) throw this.#failure ?? new Error('the stream is closed')
    this.#put({ kind: 'data', number: this.#sent++, data: Buffer.from(frame).toString('base64') })
  }

  close(): Promise<void> {
    if (this.#closed || this.#failure !== undefined) return Promise.resolve()
    this.#closed = true
    this.#put({ kind: 'end', number: this.#sent++ })
    return Promise.resolve()
  }

  abort(error: Error): void {
    if (this.#failure === undefined) this.#deps.send({ kind: 'reset' })
    this.#fail(error)
  }

  receive(item: StreamItem): void {
    switch (item.kind) {
      case 'reset': return this.#fail(new Error('the other side gave the stream up'))
      case 'ack': return this.#acknowledged(item.next)
      default: return this.#arrived(item)
    }
  }

  #put(item: Numbered): void {
    if (this.#unacknowledged.length === 0) this.#heardMs = this.#deps.clock.monotonicMs()
    this.#unacknowledged.push(item)
    this.#deps.send(item)
    this.#arm()
  }

  #arm(): void {
    this.#timer ??= this.#deps.clock.setTimer(this.#options.repeatMs, () => {
      this.#timer = undefined
      this.#repeat()
    })
  }

  #repeat(): void {
    if (this.#unacknowledged.length === 0 || this.#failure !== undefined) return
    const silentMs = this.#deps.clock.monotonicMs() - this.#heardMs
    if (silentMs >= this.#options.silenceMsMax) return this.#fail(new Error('the other side is silent'))
    for (const item of this.#unacknowledged) this.#deps.send(item)
    this.#arm()
  }

  #acknowledged(next: number): void {
    const before = this.#unacknowledged.length
    while ((this.#unacknowledged[0]?.number ?? next) < next) this.#unacknowledged.shift()
    if (this.#unacknowledged.length === before) return
    this.#heardMs = this.#deps.clock.monotonicMs()
    this.#tell()
  }

  // What does not fit is not acknowledged, and comes again.
  #arrived(item: Numbered): void {
    const { windowMax } = this.#options
    const fits = item.number < this.#next + windowMax && this.#ready.length < windowMax
    if (item.number >= this.#next && fits) this.#early.set(item.number, item)
    for (let due = this.#early.get(this.#next); due !== undefined; due = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++)
      if (due.kind === 'end') this.#ended = true
      else this.#ready.push(Buffer.from(due.data, 'base64'))
    }
    this.#deps.send({ kind: 'ack', next: this.#next })
    this.#tell()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#timer?.cancel()
    this.#tell()
  }

  #tell(): void {
    const changed = this.#changed
    this.#changed = Promise.withResolvers()
    changed.resolve()
    const through = this.#ended && this.#closed && this.#unacknowledged.length === 0
    if (this.#isOver || (!through && this.#failure === undefined)) return
    this.#isOver = true
    this.#deps.over()
  }

  #change(): Promise<void> {
    return this.#changed.promise
  }

  async* #read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const frame = this.#ready.shift()
      if (frame !== undefined) yield frame
      else if (this.#failure !== undefined) throw this.#failure
      else if (this.#ended) return
      else await this.#change()
    }
  }
}
