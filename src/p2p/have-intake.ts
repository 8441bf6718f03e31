// Takes HAVE streams of peers.
// Rule: a frame costs a bounded look and no memory here; who sends faster than the protocol allows is read
// more slowly, who sends anything else is cut off, and who names nothing that is here loses score.

import { wait, type Clock, type FrameStream, type Hash, type PeerName } from '../base/index.js'
import { decodeHave } from '../dag/index.js'

/** What the intake needs. */
export interface HaveIntakeDeps {
  /** @returns how many of the blocks are known here */
  onHave(peer: PeerName, ids: readonly Hash[]): number
  onMalformed(peer: PeerName): void
  /** A frame in which no block is known here. */
  onUnknown(peer: PeerName): void
  readonly clock: Clock
}

/** Serves HAVE streams. */
export interface HaveIntake {
  /** Reads a stream to its end. A newer one of the same peer ends the older. */
  serve(stream: FrameStream): Promise<void>
  stop(): void
}

/** Frames that may come at once before reading slows down: a link that was stuck delivers what it held. */
const burstFrames = 16

/** Makes an intake; frames come at most every `haveEveryMs`, half of it allowed for jitter. */
export function createHaveIntake(
  options: { readonly haveEveryMs: number }, deps: HaveIntakeDeps
): HaveIntake {
  const { clock } = deps
  const open = new Map<PeerName, FrameStream>()
  const stopping = new AbortController()
  const stepMs = options.haveEveryMs / 2

  const read = async (stream: FrameStream): Promise<void> => {
    let freeMs = clock.monotonicMs()
    for await (const frame of stream.frames) {
      const ids = decodeHave(frame)
      if (ids === undefined) {
        deps.onMalformed(stream.peer)
        return stream.abort(new Error('not a HAVE frame'))
      }
      if (deps.onHave(stream.peer, ids) === 0) deps.onUnknown(stream.peer)
      const now = clock.monotonicMs()
      freeMs = Math.max(freeMs, now) + stepMs
      const early = freeMs - burstFrames * stepMs - now
      if (early > 0) await wait(clock, early, stopping.signal)
    }
  }
  return {
    async serve(stream) {
      open.get(stream.peer)?.abort(new Error('a newer HAVE stream was opened'))
      open.set(stream.peer, stream)
      try {
        await read(stream)
      } catch {
        // The link is gone or the peer reset the stream: what it said so far stands.
      } finally {
        if (open.get(stream.peer) === stream) open.delete(stream.peer)
        await stream.close()
      }
    },
    stop() {
      stopping.abort()
      for (const stream of open.values()) stream.abort(new Error('the node is stopping'))
    }
  }
}
