// A stream that a peer opened, with its first frame looked at: the type of that frame says what the stream
// is for. Nothing of the stream is lost by the look.

import type { Clock, FrameStream } from '../base/index.js'

/** A stream whose first frame is known. */
export interface OpenedStream {
  readonly first: Uint8Array
  /** Gives all frames, the first included. */
  readonly stream: FrameStream
}

/** Reads the first frame. Undefined when the stream ended without one, or none came in time. */
export async function openStream(
  stream: FrameStream, msMax: number, clock: Clock
): Promise<OpenedStream | undefined> {
  const frames = stream.frames[Symbol.asyncIterator]()
  const timer = clock.setTimer(msMax, () => stream.abort(new Error('no first frame')))
  try {
    const { done, value } = await frames.next()
    if (done === true) return undefined
    return { first: value, stream: { ...facesOf(stream), frames: replay(value, frames) } }
  } catch {
    return undefined
  } finally {
    timer.cancel()
  }
}

function facesOf(stream: FrameStream): Omit<FrameStream, 'frames'> {
  return {
    peer: stream.peer,
    send: (frame) => stream.send(frame),
    close: () => stream.close(),
    abort: (error) => stream.abort(error)
  }
}

async function* replay(
  first: Uint8Array, rest: AsyncIterator<Uint8Array>
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
