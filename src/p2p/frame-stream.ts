// Frames over a libp2p stream: varint length, then the bytes.
// Invariant: at most `unreadBytesMax` plus one receive window of unread bytes are held, because reading
// pauses the stream, and the muxer then stops opening the sender's window; libp2p's own iterator never
// pauses.
// `onDrain()` resolves only once, so sending waits for the 'drain' event each time.

import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Clock, FrameStream, PeerName } from '../base/index.js'
import { P2pError } from './errors.js'

/** Limits of one stream. */
export interface FrameStreamOptions {
  readonly peer: PeerName
  readonly frameBytesMax: number
  readonly unreadBytesMax: number
  /** How long a stream that is closed here waits for the other end, before its slot is taken back. */
  readonly lingerMs: number
}

type Chunk = StreamMessageEvent['data']

/** Wraps a negotiated stream. Its reader must be drained or the stream closed, else the slot stays taken. */
export function createFrameStream(
  stream: Stream, options: FrameStreamOptions, deps: { clock: Clock }
): FrameStream {
  const chunks = readPausing(stream, options.unreadBytesMax)
  const source = pipe(chunks, (all) => decode(all, { maxDataLength: options.frameBytesMax }), flatten)
  return {
    peer: options.peer,
    frames: source,
    async send(frame: Uint8Array): Promise<void> {
      checkSize(frame, options.frameBytesMax)
      await writable(stream, options.peer)
      stream.send(encode.single(frame))
      await writable(stream, options.peer)
    },
    close: () => closeStream(stream, options.lingerMs, deps.clock),
    abort: (error: Error) => stream.abort(error)
  }
}

/**
 * The bytes of a stream as they come, paused while more than the limit is unread. Listens from the call on:
 * what arrives before the first read must count as unread.
 */
export function readPausing(stream: Stream, unreadBytesMax: number): AsyncGenerator<Chunk> {
  return readChunks(listen(stream, unreadBytesMax))
}

/** Refuses a frame over the limit before any byte of it is sent. */
export function checkSize(frame: Uint8Array, frameBytesMax: number): void {
  if (frame.length <= frameBytesMax) return
  throw new P2pError(
    { code: 'P2P_FRAME_TOO_LARGE', sizeBytes: frame.length, limitBytes: frameBytesMax },
    `a frame of ${frame.length} bytes is over the limit of ${frameBytesMax}`
  )
}

async function* flatten(source: AsyncIterable<{ subarray(): Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const list of source) yield list.subarray()
}

async function writable(stream: Stream, peer: PeerName): Promise<void> {
  while (stream.writableNeedsDrain && stream.writeStatus === 'writable') await drainOrClose(stream)
  if (stream.writeStatus === 'writable') return
  throw new P2pError({ code: 'P2P_STREAM_CLOSED', peer }, 'the stream is closed for writing')
}

function drainOrClose(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeEventListener('drain', done)
      stream.removeEventListener('close', done)
      resolve()
    }
    stream.addEventListener('drain', done)
    stream.addEventListener('close', done)
  })
}

async function closeStream(stream: Stream, lingerMs: number, clock: Clock): Promise<void> {
  if (isOver(stream)) return
  const timer = clock.setTimer(lingerMs, () => stream.abort(new Error('the peer left its end open')))
  stream.addEventListener('close', () => timer.cancel(), { once: true })
  try {
    await stream.close()
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
  if (isOver(stream)) timer.cancel()
}

function isOver(stream: Stream): boolean {
  return stream.status !== 'open' && stream.status !== 'closing'
}

async function* readChunks(inbox: Inbox): AsyncGenerator<Chunk> {
  try {
    for (;;) {
      const chunk = inbox.take()
      if (chunk !== undefined) yield chunk
      else if (inbox.ended()) return
      else await inbox.more()
    }
  } finally {
    inbox.stop()
  }
}

interface Inbox {
  take(): Chunk | undefined
  ended(): boolean
  more(): Promise<void>
  stop(): void
}

function listen(stream: Stream, unreadBytesMax: number): Inbox {
  const queue: Chunk[] = []
  let queued = 0
  let over = false
  let failure: Error | undefined
  let wake = (): void => undefined
  let resuming = false
  const pauseWhenFull = (): void => {
    if (queued > unreadBytesMax && stream.readStatus === 'readable') stream.pause()
  }
  // Resuming first hands out what came meanwhile and then opens the window: a pause in between would leave
  // the stream paused and its window open, and what comes through it past 4 MiB aborts the stream.
  const resume = (): void => {
    resuming = true
    stream.resume()
    resuming = false
    pauseWhenFull()
  }
  const onMessage = (event: StreamMessageEvent): void => {
    queue.push(event.data)
    queued += event.data.byteLength
    if (!resuming) pauseWhenFull()
    wake()
  }
  const onEnd = (): void => {
    over = true
    wake()
  }
  const onClose = (event: StreamCloseEvent): void => {
    failure = event.error
    onEnd()
  }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('end', onEnd)
  stream.addEventListener('close', onClose)
  if (stream.readableEnded || isOver(stream)) over = true
  if (stream.status === 'reset' || stream.status === 'aborted') failure = new Error('the stream was reset')
  return {
    take(): Chunk | undefined {
      if (queue.length === 0 && stream.readStatus === 'paused') resume()
      const chunk = queue.shift()
      queued -= chunk?.byteLength ?? 0
      return chunk
    },
    ended(): boolean {
      if (over && failure !== undefined) throw failure
      return over
    },
    more: () => new Promise((resolve) => {
      wake = resolve
    }),
    stop(): void {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('end', onEnd)
      stream.removeEventListener('close', onClose)
    }
  }
}
