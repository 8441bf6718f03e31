// Sync sessions: runs the state machine of src/dag over frame streams, one session a pair of peers.
// Crossing: when both sides open one at the same moment, the one opened by the smaller id lives, so that both
// agree without a word. What is asked for while a session runs is served by one more session after it.

import type { Clock, FrameStream, Log, PeerName, Timer, Verdict } from '../base/index.js'
import type { SyncResult, SyncSession } from '../dag/index.js'
import { P2pError, reasonOf } from './errors.js'
import type { PeerNetwork } from './network.js'

/** What a session is given. */
export interface SessionWire {
  readonly peer: PeerName
  readonly initiator: boolean
  send(frame: Uint8Array): Promise<void>
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
}

/** Numbers of the sessions; see options.ts. */
export interface SessionOptions {
  readonly sessionIdleMsMax: number
  readonly sessionsMax: number
}

/** What the sessions need. */
export interface SessionDeps {
  readonly network: PeerNetwork
  openSession(wire: SessionWire): SyncSession
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
  /** Bytes of frames as they pass. */
  onBytes(peer: PeerName, bytesIn: number, bytesOut: number): void
  readonly clock: Clock
  readonly log: Log
}

/** How a session ended. */
export type SessionEnd =
  | { readonly kind: 'done'; readonly result: SyncResult }
  | { readonly kind: 'yielded' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Runs sessions. */
export interface SyncSessions {
  /** Opens a session with a peer and runs it. Yielded when one is running already. */
  initiate(peer: PeerName): Promise<SessionEnd>
  /** Serves a session that a peer opened. */
  serve(stream: FrameStream): Promise<SessionEnd>
  busy(peer: PeerName): boolean
  readonly running: number
  /** Ends all sessions. */
  stop(): void
}

interface Slot {
  initiated: Run | 'opening' | undefined
  serving: Set<Run>
}

interface Run {
  readonly stop: (error: Error) => void
  yielded: boolean
}

const servingMax = 2

/** Makes the runner of sessions. */
export function createSyncSessions(
  self: PeerName, options: SessionOptions, deps: SessionDeps
): SyncSessions {
  const slots = new Map<PeerName, Slot>()
  let running = 0
  let stopped = false

  const slotOf = (peer: PeerName): Slot => {
    const slot = slots.get(peer) ?? { initiated: undefined, serving: new Set<Run>() }
    slots.set(peer, slot)
    return slot
  }
  const tidy = (peer: PeerName, slot: Slot): void => {
    if (slot.initiated === undefined && slot.serving.size === 0) slots.delete(peer)
  }
  const drive = async (stream: FrameStream, initiator: boolean, hold: (run: Run) => void): Promise<SessionEnd> => {
    running++
    const run = runSession(stream, initiator, options, deps)
    hold(run)
    const end = await run.end
    running--
    return run.yielded ? { kind: 'yielded' } : end
  }
  return {
    async initiate(peer: PeerName): Promise<SessionEnd> {
      const slot = slotOf(peer)
      const taken = slot.initiated !== undefined || slot.serving.size > 0
      if (stopped || taken || running >= options.sessionsMax) return { kind: 'yielded' }
      slot.initiated = 'opening'
      try {
        const stream = await deps.network.open(peer)
        // While the stream was being opened the peer may have opened one that goes first.
        if (slot.serving.size > 0 && peer < self) {
          await stream.close()
          return { kind: 'yielded' }
        }
        return await drive(stream, true, (run) => { slot.initiated = run })
      } catch (error) {
        return { kind: 'failed', error }
      } finally {
        slot.initiated = undefined
        tidy(peer, slot)
      }
    },
    async serve(stream: FrameStream): Promise<SessionEnd> {
      const { peer } = stream
      const slot = slotOf(peer)
      const oursFirst = slot.initiated !== undefined && self < peer
      if (stopped || oursFirst || slot.serving.size >= servingMax || running >= 2 * options.sessionsMax) {
        tidy(peer, slot)
        return { kind: 'yielded' }
      }
      if (slot.initiated !== undefined && slot.initiated !== 'opening') yieldTo(slot.initiated, peer)
      let mine: Run | undefined
      try {
        return await drive(stream, false, (run) => {
          mine = run
          slot.serving.add(run)
        })
      } finally {
        if (mine !== undefined) slot.serving.delete(mine)
        tidy(peer, slot)
      }
    },
    busy: (peer) => slots.has(peer),
    get running(): number { return running },
    stop(): void {
      stopped = true
      for (const slot of slots.values()) {
        for (const run of slot.serving) run.stop(stoppedError())
        if (slot.initiated !== undefined && slot.initiated !== 'opening') slot.initiated.stop(stoppedError())
      }
    }
  }
}

function yieldTo(run: Run, peer: PeerName): void {
  run.yielded = true
  run.stop(new P2pError({ code: 'P2P_STREAM_CLOSED', peer }, 'the peer opened a session too'))
}

function runSession(
  stream: FrameStream, initiator: boolean, options: SessionOptions, deps: SessionDeps
): Run & { readonly end: Promise<SessionEnd> } {
  const { peer } = stream
  let heardMs = deps.clock.monotonicMs()
  let timer: Timer | undefined
  const session = deps.openSession({
    peer,
    initiator,
    admit: deps.admit,
    send(frame: Uint8Array): Promise<void> {
      heardMs = deps.clock.monotonicMs()
      deps.onBytes(peer, 0, frame.length)
      return stream.send(frame)
    }
  })
  const stop = (error: Error): void => {
    session.abort()
    stream.abort(error)
  }
  const watch = (): void => {
    const idleMs = deps.clock.monotonicMs() - heardMs
    if (idleMs < options.sessionIdleMsMax) {
      timer = deps.clock.setTimer(options.sessionIdleMsMax - idleMs, watch)
      return
    }
    stop(new P2pError({ code: 'P2P_STREAM_STALLED', peer }, 'no frame for too long'))
  }
  watch()
  const pump = async (): Promise<void> => {
    for await (const frame of stream.frames) {
      heardMs = deps.clock.monotonicMs()
      deps.onBytes(peer, frame.length, 0)
      await session.receive(frame)
    }
    // A no-op after a session that is done; else the peer has hung up in the middle.
    session.abort()
  }
  pump().catch((error: unknown) => {
    deps.log.debug({ peer, reason: reasonOf(error) }, 'sync stream ended')
    session.abort()
  })
  if (initiator) session.start().catch(() => session.abort())
  const end = session.done.then<SessionEnd, SessionEnd>(
    (result) => ({ kind: 'done', result }),
    (error: unknown) => ({ kind: 'failed', error })
  ).finally(async () => {
    timer?.cancel()
    await stream.close()
  })
  return { end, stop, yielded: false }
}

function stoppedError(): P2pError {
  return new P2pError({ code: 'P2P_STOPPED' }, 'the node is stopping')
}
