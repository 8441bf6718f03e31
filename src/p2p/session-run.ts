// One run of a sync session: pumps frames between a stream and the state machine until it is done.
// The side that is done first closes its half; the other half stays open while the peer admits what it got.

import type { Clock, FrameStream, Log, PeerName, Timer, Verdict } from '../base/index.js'
import type { SyncProgress, SyncResult, SyncSession } from '../dag/index.js'
import { P2pError, reasonOf } from './errors.js'

/** What a session is given. */
export interface SessionWire {
  readonly peer: PeerName
  readonly initiator: boolean
  send(frame: Uint8Array): Promise<void>
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
}

/** How a session ended. */
export type SessionEnd =
  | { readonly kind: 'done'; readonly result: SyncResult }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The peer hung up before its first frame: it was busy with a session of its own. */
  | { readonly kind: 'refused' }

/** A session under way. */
export interface SessionRun {
  /** Settles once, never rejects. */
  readonly end: Promise<SessionEnd>
  progress(): SyncProgress
  stop(error: Error): void
}

/** What a run needs. */
export interface RunDeps {
  openSession(wire: SessionWire): SyncSession
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
  onBytes(peer: PeerName, bytesIn: number, bytesOut: number): void
  readonly clock: Clock
  readonly log: Log
}

/** Numbers of a run; see options.ts. */
export interface RunOptions {
  readonly sessionIdleMsMax: number
  readonly sessionWindowMs: number
  readonly sessionWindowBytesMin: number
}

/**
 * Starts a run. A stream without a frame in either direction for `sessionIdleMsMax` ends it, and so do fewer
 * than `sessionWindowBytesMin` useful bytes in `sessionWindowMs`.
 */
export function runSession(
  stream: FrameStream, initiator: boolean, options: RunOptions, deps: RunDeps
): SessionRun {
  const { peer } = stream
  let stalled: Error | undefined
  const endFor = (error: P2pError): void => {
    stalled = error
    stop(error)
  }
  const idle = createIdleTimer(options.sessionIdleMsMax, deps.clock, () => {
    endFor(new P2pError({ code: 'P2P_STREAM_STALLED', peer }, 'no frame for too long'))
  })
  const session = deps.openSession({
    peer,
    initiator,
    admit: deps.admit,
    send(frame: Uint8Array): Promise<void> {
      idle.touch()
      deps.onBytes(peer, 0, frame.length)
      return stream.send(frame)
    }
  })
  const pace = watchPace(options, deps.clock, () => session.progress().usefulBytes, () => {
    endFor(new P2pError({ code: 'P2P_SESSION_SLOW', peer }, 'the session hardly moved anything'))
  })
  const stop = (error: Error): void => {
    session.abort()
    stream.abort(error)
  }
  let heard = false
  const pump = async (): Promise<void> => {
    for await (const frame of stream.frames) {
      heard = true
      idle.touch()
      deps.onBytes(peer, frame.length, 0)
      await session.receive(frame)
    }
    if (heard) session.closed()
    else session.abort()
  }
  // After the peer's last frame the session may still admit; the idle timer bounds how long.
  pump().catch((error: unknown) => {
    deps.log.debug({ peer, reason: reasonOf(error) }, 'sync stream ended')
    session.abort()
  })
  if (initiator) session.start().catch(() => session.abort())
  const end = session.done.then<SessionEnd, SessionEnd>(
    (result) => ({ kind: 'done', result }),
    (error: unknown) => {
      if (stalled === undefined && !heard) return { kind: 'refused' }
      return { kind: 'failed', error: stalled ?? error }
    }
  ).finally(async () => {
    idle.stop()
    pace.stop()
    await stream.close()
  })
  return { end, stop, progress: () => session.progress() }
}

/** Looks once a window whether enough was moved in it. */
function watchPace(
  options: RunOptions, clock: Clock, usefulBytes: () => number, onSlow: () => void
): { stop(): void } {
  let before = 0
  let timer: Timer
  const look = (): void => {
    const now = usefulBytes()
    if (now - before < options.sessionWindowBytesMin) return onSlow()
    before = now
    arm()
  }
  const arm = (): void => void (timer = clock.setTimer(options.sessionWindowMs, look))
  arm()
  return { stop: () => timer.cancel() }
}

interface IdleTimer {
  touch(): void
  stop(): void
}

// One timer that looks again, instead of one for each frame.
function createIdleTimer(idleMsMax: number, clock: Clock, onIdle: () => void): IdleTimer {
  let heardMs = clock.monotonicMs()
  let timer: Timer
  const look = (): void => {
    const idleMs = clock.monotonicMs() - heardMs
    if (idleMs >= idleMsMax) onIdle()
    else timer = clock.setTimer(idleMsMax - idleMs, look)
  }
  timer = clock.setTimer(idleMsMax, look)
  return {
    touch(): void {
      heardMs = clock.monotonicMs()
    },
    stop: () => timer.cancel()
  }
}
