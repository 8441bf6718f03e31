// Two sync sessions over a link in memory, or one session against frames made by hand.
// Round trips are counted by cause, not by time: a frame stands one deeper than the deepest frame that its
// sender had got.

import { hashOf } from '../../src/base/index.js'
import {
  createSyncSession, SyncError, type SyncDeps, type SyncOptions, type SyncResult, type SyncSession
} from '../../src/dag/index.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { FRAME_TYPES, type DecodedFrame, type Status, type SyncFrame } from '../../src/dag/sync-frames.js'
import { loopTurn, networkId, silent, type Peer } from './kit.js'

/** How two peers talk. */
export interface LinkOptions {
  readonly sync?: Partial<SyncOptions>
  readonly deps?: Partial<SyncDeps>
  /** Frames after which the link is lost. */
  readonly cutAfter?: number
  /** Changes what the opener sends. */
  readonly tamper?: (frame: Uint8Array) => Uint8Array
}

/** How the talk went; results are the opener's and the other's. */
export interface Talk {
  readonly opener: SyncResult | SyncError
  readonly other: SyncResult | SyncError
  /** Until the last block had arrived. */
  readonly roundTrips: number
  readonly controlBytes: number
  readonly frames: number
}

interface Side {
  readonly session: SyncSession
  readonly queue: { readonly frame: Uint8Array, readonly depth: number }[]
  depth: number
}

/** Runs one session between two peers to its end. */
export async function syncPeers(a: Peer, b: Peer, options: LinkOptions = {}): Promise<Talk> {
  let frames = 0
  let deepest = 1
  let lost = false
  const sideOf = (peer: Peer, other: () => Side, tamper?: (frame: Uint8Array) => Uint8Array): Side => {
    const side: Side = {
      queue: [], depth: 0,
      session: openSession(peer, peer === a ? b.name : a.name, options, async (frame) => {
        if (lost) throw new Error('the link is gone')
        other().queue.push({ frame: tamper?.(frame) ?? frame, depth: side.depth + 1 })
        while (other().queue.length > 4 && !lost) await loopTurn()
      })
    }
    return side
  }
  const opener: Side = sideOf(a, () => other, options.tamper)
  const other: Side = sideOf(b, () => opener)
  const settled = Promise.all([outcome(opener.session), outcome(other.session)])
  let over = false
  void settled.then(() => (over = true))
  await opener.session.start()
  while (!over) {
    for (const side of [opener, other]) {
      const next = side.queue.shift()
      if (next === undefined) continue
      frames += 1
      side.depth = Math.max(side.depth, next.depth)
      const type = next.frame[0]
      if (type === FRAME_TYPES.status || type === FRAME_TYPES.blocks) deepest = Math.max(deepest, next.depth)
      await side.session.receive(next.frame)
      if (frames === options.cutAfter) lost = true
    }
    if (lost) for (const side of [opener, other]) side.session.abort()
    await loopTurn()
  }
  const [first, second] = await settled
  const control = (end: SyncResult | SyncError): number => end instanceof SyncError ? 0 : end.controlBytesOut
  return {
    opener: first, other: second, frames, roundTrips: Math.ceil(deepest / 2),
    controlBytes: control(first) + control(second)
  }
}

/** The result that a session must have had. */
export function resultOf(outcome: SyncResult | SyncError): SyncResult {
  if (outcome instanceof SyncError) throw outcome
  return outcome
}

/** Code of the error that a session must have ended with. */
export function codeOf(outcome: SyncResult | SyncError): string {
  if (!(outcome instanceof SyncError)) throw new Error('the session ended well')
  return outcome.code
}

async function outcome(session: SyncSession): Promise<SyncResult | SyncError> {
  try {
    return await session.done
  } catch (error) {
    if (error instanceof SyncError) return error
    throw error
  }
}

function openSession(
  peer: Peer, remote: string, options: LinkOptions, send: (frame: Uint8Array) => Promise<void>
): SyncSession {
  return createSyncSession({ networkId, peer: remote, ...options.sync }, {
    dag: peer.dag, admit: (block, from) => peer.admit(block, from), send, clock: peer.clock, log: silent,
    recordCount: () => peer.store.totals.recordCount, ...options.deps
  })
}

/** One session against whatever a test says. */
export interface Victim {
  readonly session: SyncSession
  readonly sent: DecodedFrame[]
  /** Feeds frames, one after the other, with time for answers in between. */
  hear(...frames: readonly (SyncFrame | Uint8Array)[]): Promise<void>
  /** Code with which the session ended. */
  code(): Promise<string>
  result(): Promise<SyncResult>
}

/** A session that answers to the test. */
export function createVictim(peer: Peer, options: LinkOptions = {}): Victim {
  const sent: DecodedFrame[] = []
  const session = openSession(peer, 'liar', options, async (frame) => void sent.push(decodeFrame(frame)))
  const ended = outcome(session)
  return {
    session, sent,
    async hear(...frames) {
      for (const frame of frames) {
        await session.receive(frame instanceof Uint8Array ? frame : encodeFrame(frame))
        await quiet()
      }
    },
    code: async () => codeOf(await ended),
    result: async () => resultOf(await ended)
  }
}

/** Lets everything that was set off run. */
export async function quiet(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await loopTurn()
}

/** A STATUS of a peer that has something else than we have. */
export function statusFrame(change: Partial<Status> = {}): Status {
  return {
    kind: 'status', versions: [1, 1], networkId, frontierRoot: hashOf(Buffer.alloc(32, 171)), tipCount: 1,
    recordCount: 1, tipsFollow: true, heads: [], ...change
  }
}
