// What gossip takes in from one peer: no more than is being worked on, no faster than a peer can mean well.
// gossipsub reads its streams through libp2p's iterator, which never pauses: what the validator has not come
// to piles up without end, and each message it has read is remembered for two minutes. Here a stream is read
// a message at a time, pauses while nobody reads, and waits for the peer's share. The muxer then stops
// opening the sender's window, so an honest sender is held back and loses nothing.

import type { gossipsub } from '@libp2p/gossipsub'
import type { Connection, Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { wait, type Clock, type PeerName } from '../base/index.js'
import { readPausing } from './frame-stream.js'
import { openingLive } from './gossip-links.js'

/** Share of one peer; see options.ts. */
export interface IntakeOptions {
  readonly unreadBytesMax: number
  readonly gossipRpcBytesMax: number
  readonly gossipMessagesPerSecondMax: number
  readonly gossipBytesPerSecondMax: number
}

/** What the intake needs. */
export interface IntakeDeps {
  readonly clock: Clock
  /** Called for each message before it is judged. */
  heard(peer: PeerName): void
}

type Registrar = Parameters<ReturnType<typeof gossipsub>>[0]['registrar']

// Peers may be ahead of their share by this much: a burst after a pause is no flood.
const burstMs = 2_000
const pacesMax = 1_024

/**
 * The registrar for gossipsub: it hands out inbound streams that keep to the share of their peer, and
 * connections that open live streams or none.
 */
export function createIntakeRegistrar(
  registrar: Registrar, options: IntakeOptions, deps: IntakeDeps
): Registrar {
  const paces = createPaces(deps.clock)
  return {
    handle: (protocol, handler, handlerOptions) => registrar.handle(
      protocol,
      (stream, connection) =>
        handler(measured(stream, connection, options, paces, deps), openingLive(connection)),
      handlerOptions
    ),
    unhandle: (protocol, abort) => registrar.unhandle(protocol, abort),
    register: (protocol, topology, abort) => registrar.register(protocol, {
      ...topology, onConnect: (peer, connection) => topology.onConnect?.(peer, openingLive(connection))
    }, abort),
    unregister: (id) => registrar.unregister(id),
    use: (protocol, middleware) => registrar.use(protocol, middleware),
    unuse: (protocol) => registrar.unuse(protocol),
    getProtocols: () => registrar.getProtocols(),
    getHandler: (protocol) => registrar.getHandler(protocol),
    getMiddleware: (protocol) => registrar.getMiddleware(protocol),
    getTopologies: (protocol) => registrar.getTopologies(protocol)
  }
}

type Chunk = ReturnType<typeof encode.single>

// A stand-in that can only be iterated: of a stream with events libp2p would take all that comes at once.
function measured(
  stream: Stream, connection: Connection, options: IntakeOptions, paces: Paces, deps: IntakeDeps
): Stream {
  const peer = connection.remotePeer.toString()
  const chunks = readPausing(stream, options.unreadBytesMax)
  const maxDataLength = options.gossipRpcBytesMax
  const gone = new AbortController()
  stream.addEventListener('close', () => gone.abort(), { once: true })
  async function* messages(): AsyncGenerator<Chunk> {
    for await (const frame of decode(chunks, { maxDataLength })) {
      deps.heard(peer)
      const delayMs = paces.charge(peer, costMs(frame.subarray(), options))
      if (delayMs > 0) await wait(deps.clock, delayMs, gone.signal)
      yield encode.single(frame, { maxDataLength })
    }
  }
  return new Proxy(stream, {
    get(target, name): unknown {
      if (name === Symbol.asyncIterator) return messages
      if (name === 'addEventListener') return undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}

function costMs(frame: Uint8Array, options: IntakeOptions): number {
  const bytes = (frame.length * 1_000) / options.gossipBytesPerSecondMax
  return Math.max(bytes, (countParts(frame) * 1_000) / options.gossipMessagesPerSecondMax)
}

/**
 * Messages, subscriptions and control parts of an encoded gossipsub RPC: its length-delimited fields. At
 * least 1; bytes that are no protobuf count as far as they can be read.
 */
export function countParts(rpc: Uint8Array): number {
  let parts = 0
  for (let at = 0; at < rpc.length; parts++) {
    const [tag, afterTag] = varint(rpc, at)
    if ((tag & 7) !== 2) break
    const [length, body] = varint(rpc, afterTag)
    at = body + length
  }
  return Math.max(1, parts)
}

/** An unsigned LEB128 number of at most four bytes, and where it ends; longer ones end behind the bytes. */
function varint(bytes: Uint8Array, at: number): readonly [value: number, end: number] {
  let value = 0
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i] ?? 0
    value |= (byte & 0x7f) << (7 * i)
    if (byte < 0x80) return [value, at + i + 1]
  }
  return [value, bytes.length]
}

/** How far each peer is ahead of its share. */
interface Paces {
  /** Takes a share of `costMs`. @returns ms to wait before the next is read */
  charge(peer: PeerName, costMs: number): number
}

/** Shares begin full; a peer whose share is full again is forgotten when there are many. */
function createPaces(clock: Clock): Paces {
  const paidUntilMs = new Map<PeerName, number>()
  return {
    charge(peer: PeerName, costMs: number): number {
      const now = clock.monotonicMs()
      if (paidUntilMs.size >= pacesMax) {
        for (const [other, until] of paidUntilMs) if (until <= now) paidUntilMs.delete(other)
      }
      const until = Math.max(paidUntilMs.get(peer) ?? now, now) + costMs
      paidUntilMs.set(peer, until)
      return Math.max(0, until - now - burstMs)
    }
  }
}
