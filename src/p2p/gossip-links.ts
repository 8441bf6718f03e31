// Gossip streams of a connection: whether they work, and how full they are.
// A link gossips when both streams are open in both directions and the peer has our topic. A stream of which
// the other end has closed its half is dead: gossipsub closes the half it never uses when it gives a peer up.

import type { Connection, Stream } from '@libp2p/interface'
import type { Clock, Log } from '../base/index.js'
import { P2pError } from './errors.js'

const protocolPrefix = '/meshsub/'

/** True when some gossip stream of the given direction is usable on one of the connections. */
export function hasGossipStream(connections: readonly Connection[], direction: Stream['direction']): boolean {
  return connections.some((connection) => gossipStreams(connection, direction).some(isUsable))
}

/** Open gossip streams of a connection in one direction. */
export function gossipStreams(connection: Connection, direction: Stream['direction']): readonly Stream[] {
  return connection.streams.filter(
    (stream) => stream.direction === direction && stream.protocol.startsWith(protocolPrefix)
  )
}

function isUsable(stream: Stream): boolean {
  return stream.status === 'open' && stream.writeStatus === 'writable' && stream.remoteWriteStatus === 'writable'
}

/**
 * The connection as gossipsub gets it: a stream that was closed while it was opened is an error. gossipsub
 * keeps a stream until it sees it close, and looks only from then on; it would hold a dead one for as long as
 * the peer is there.
 */
export function openingLive(connection: Connection): Connection {
  const newStream: Connection['newStream'] = async (protocols, options) => {
    const stream = await connection.newStream(protocols, options)
    if (isUsable(stream)) return stream
    stream.abort(new Error('closed while it was opened'))
    throw new Error('the stream was closed while it was opened')
  }
  return new Proxy(connection, {
    get(target, name): unknown {
      if (name === 'newStream') return newStream
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}

/** Bytes that wait on the outbound gossip streams of the connections for peers to take them. */
export function queuedGossipBytes(connections: readonly Connection[]): number {
  const streams = connections.flatMap((connection) => gossipStreams(connection, 'outbound'))
  return streams.reduce((sum, { writeBufferLength }) => sum + writeBufferLength, 0)
}

/** Refuses a gossip payload over the limit before any byte of it is sent. */
export function checkPayload(payload: Uint8Array, payloadBytesMax: number): void {
  if (payload.length <= payloadBytesMax) return
  throw new P2pError(
    { code: 'P2P_PAYLOAD_TOO_LARGE', sizeBytes: payload.length, limitBytes: payloadBytesMax },
    `a gossip payload of ${payload.length} bytes is over the limit of ${payloadBytesMax}`
  )
}

/** Bounds of waiting for slow peers. */
export interface RoomOptions {
  readonly gossipQueueBytesMax: number
  readonly slowPeerMsMax: number
}

/**
 * Waits until no gossip stream has more than the limit queued: gossipsub itself never waits for a peer.
 * A stream that stays full is cut; the watchdog mends the link and sync delivers what was missed.
 * @param sinceMs since when the message waits, monotonic
 */
export async function waitForRoom(
  connections: readonly Connection[], options: RoomOptions, deps: { clock: Clock; log: Log }, sinceMs: number
): Promise<void> {
  const full = connections
    .flatMap((connection) => gossipStreams(connection, 'outbound'))
    .filter((stream) => stream.writeBufferLength > options.gossipQueueBytesMax)
  const leftMs = Math.max(0, sinceMs + options.slowPeerMsMax - deps.clock.monotonicMs())
  if (full.length > 0) await Promise.all(full.map((stream) => roomOn(stream, options, leftMs, deps)))
}

function roomOn(
  stream: Stream, options: RoomOptions, leftMs: number, deps: { clock: Clock; log: Log }
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel()
      stream.removeEventListener('drain', check)
      stream.removeEventListener('idle', check)
      stream.removeEventListener('close', done)
      resolve()
    }
    const check = (): void => {
      if (stream.writeBufferLength <= options.gossipQueueBytesMax) done()
    }
    const timer = deps.clock.setTimer(leftMs, () => {
      deps.log.warn({ queuedBytes: stream.writeBufferLength }, 'cutting the gossip stream of a slow peer')
      stream.abort(new Error('gossip stream is full'))
      done()
    })
    stream.addEventListener('drain', check)
    stream.addEventListener('idle', check)
    stream.addEventListener('close', done)
  })
}
