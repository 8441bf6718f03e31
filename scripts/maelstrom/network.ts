// The network port over Maelstrom messages: gossip to the neighbours of the topology, streams made sure by
// numbers, links that are up while the neighbour answers.
// Every message may be lost; nothing here relies on one that arrives.

import {
  blake3Hash, type Clock, type FrameStream, type PeerLink, type PeerName, type Timer, type Verdict
} from '../../src/base/index.js'
import { NETWORK_LIMITS, P2pError, type PeerNetwork } from '../../src/p2p/index.js'
import { createSureStream, type StreamItem, type SureStream } from './sure-stream.js'

/** What one node says to another, inside a Maelstrom body. */
export type PeerBody =
  | { readonly type: 'beat' }
  | { readonly type: 'gossip'; readonly data: string }
  | { readonly type: 'stream'; readonly stream: string; readonly item: StreamItem }

/** Names and wires of the port. */
export interface MaelstromWires {
  /** Node id of Maelstrom, and the peer name of each node id, our own included. */
  readonly id: string
  readonly names: ReadonlyMap<string, PeerName>
  send(to: string, body: PeerBody): void
  readonly clock: Clock
}

/** The port, fed by the process. */
export interface MaelstromNetwork extends PeerNetwork {
  receive(from: string, body: PeerBody): void
  /** Who gossips with us; all other nodes until it is told. */
  setNeighbours(ids: readonly string[]): void
}

const beatMs = 250
/** A neighbour that has said nothing for this long is gone until it speaks again. */
const silenceMsMax = 1_500
const seenMax = 65_536
const streamOptions = {
  frameBytesMax: NETWORK_LIMITS.frameBytesMax, windowMax: 16, repeatMs: 200, silenceMsMax: 5_000
} as const
const streamsMax = 64
const endedMax = 256

/** Makes the port, not started. */
export function createMaelstromNetwork(wires: MaelstromWires): MaelstromNetwork {
  return new MessageNetwork(wires)
}

class MessageNetwork implements MaelstromNetwork {
  readonly self: PeerName
  readonly #wires: MaelstromWires
  readonly #ids: ReadonlyMap<PeerName, string>
  readonly #heardMs = new Map<string, number>()
  readonly #up = new Set<string>()
  readonly #seen = new Set<string>()
  readonly #streams = new Map<string, SureStream>()
  /** Streams that are through: a late item of theirs must not begin a new one. */
  readonly #ended = new Set<string>()
  readonly #peerHandlers: ((event: { readonly kind: 'up' | 'down'; readonly peer: PeerName }) => void)[] = []
  #neighbours: readonly string[]
  #onMessage: (from: PeerName, payload: Uint8Array) => Promise<Verdict> =
    () => Promise.resolve({ kind: 'ignore', why: 'no handler' })
  #onStream: (stream: FrameStream) => Promise<void> = () => Promise.resolve()
  #timer: Timer | undefined
  #running = false
  #opened = 0

  constructor(wires: MaelstromWires) {
    this.#wires = wires
    this.self = nameOf(wires, wires.id)
    this.#ids = new Map([...wires.names].map(([id, name]) => [name, id]))
    this.#neighbours = [...wires.names.keys()].filter((id) => id !== wires.id)
  }

  start(): Promise<void> {
    this.#running = true
    this.#beat()
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#running = false
    this.#timer?.cancel()
    for (const id of [...this.#up]) this.#down(id)
    return Promise.resolve()
  }

  setNeighbours(ids: readonly string[]): void {
    this.#neighbours = ids.filter((id) => id !== this.#wires.id && this.#wires.names.has(id))
  }

  receive(from: string, body: PeerBody): void {
    if (!this.#running || !this.#wires.names.has(from) || from === this.#wires.id) return
    this.#heardMs.set(from, this.#wires.clock.monotonicMs())
    this.#comeUp(from)
    switch (body.type) {
      case 'beat': return
      case 'gossip': return this.#gossip(from, Buffer.from(body.data, 'base64'))
      default: return this.#item(from, body.stream, body.item)
    }
  }

  publish(payload: Uint8Array): Promise<void> {
    const { payloadBytesMax: limitBytes } = NETWORK_LIMITS
    if (payload.length > limitBytes) {
      const detail = { code: 'P2P_PAYLOAD_TOO_LARGE', sizeBytes: payload.length, limitBytes } as const
      return Promise.reject(new P2pError(detail, 'payload too large'))
    }
    if (this.#isNew(payload)) this.#spread(payload, undefined)
    return Promise.resolve()
  }

  onMessage(handler: (from: PeerName, payload: Uint8Array) => Promise<Verdict>): void {
    this.#onMessage = handler
  }

  onStream(handler: (stream: FrameStream) => Promise<void>): void {
    this.#onStream = handler
  }

  onPeer(handler: (event: { readonly kind: 'up' | 'down'; readonly peer: PeerName }) => void): void {
    this.#peerHandlers.push(handler)
  }

  open(peer: PeerName): Promise<FrameStream> {
    const id = this.#ids.get(peer)
    if (id === undefined || !this.#up.has(id)) {
      return Promise.reject(new P2pError({ code: 'P2P_NO_LINK', peer }, 'no link to this peer'))
    }
    return Promise.resolve(this.#begin(id, `${this.#wires.id}#${this.#opened++}`))
  }

  peers(): readonly PeerLink[] {
    return [...this.#up].map((id) => ({
      peer: nameOf(this.#wires, id), direction: this.#wires.id < id ? 'outbound' : 'inbound', address: id,
      gossip: true
    }))
  }

  dial(): Promise<void> {
    return Promise.resolve()
  }

  addresses(): readonly string[] {
    return [this.#wires.id]
  }

  counts(): ReturnType<PeerNetwork['counts']> {
    return { links: this.#up.size, refreshes: 0, redials: 0, silences: 0, gossipQueueBytes: 0 }
  }

  /** The harness named them all. */
  isChosen(): boolean {
    return true
  }

  disconnect(peer: PeerName): Promise<void> {
    const id = this.#ids.get(peer)
    if (id !== undefined) this.#down(id)
    return Promise.resolve()
  }

  #beat(): void {
    if (!this.#running) return
    const now = this.#wires.clock.monotonicMs()
    for (const id of this.#up) if (now - (this.#heardMs.get(id) ?? 0) > silenceMsMax) this.#down(id)
    for (const id of this.#neighbours) this.#wires.send(id, { type: 'beat' })
    this.#timer = this.#wires.clock.setTimer(beatMs, () => this.#beat())
  }

  #comeUp(id: string): void {
    if (this.#up.has(id)) return
    this.#up.add(id)
    this.#emit('up', id)
  }

  #down(id: string): void {
    if (!this.#up.delete(id)) return
    for (const [key, stream] of this.#streams) {
      if (key.startsWith(`${id} `)) stream.abort(new Error('the link is gone'))
    }
    this.#emit('down', id)
  }

  #emit(kind: 'up' | 'down', id: string): void {
    for (const handler of this.#peerHandlers) handler({ kind, peer: nameOf(this.#wires, id) })
  }

  #gossip(from: string, payload: Uint8Array): void {
    if (payload.length > NETWORK_LIMITS.payloadBytesMax || !this.#isNew(payload)) return
    void this.#onMessage(nameOf(this.#wires, from), payload).then((verdict) => {
      if (verdict.kind === 'accept') this.#spread(payload, from)
    })
  }

  #spread(payload: Uint8Array, except: string | undefined): void {
    const data = Buffer.from(payload).toString('base64')
    for (const id of this.#neighbours) if (id !== except) this.#wires.send(id, { type: 'gossip', data })
  }

  #isNew(payload: Uint8Array): boolean {
    const id = blake3Hash(payload)
    if (this.#seen.has(id)) return false
    remember(this.#seen, id, seenMax)
    return true
  }

  #item(from: string, name: string, item: StreamItem): void {
    const key = `${from} ${name}`
    const stream = this.#streams.get(key)
    if (stream !== undefined) return stream.receive(item)
    if (item.kind === 'ack' || item.kind === 'reset') return
    const isTheirs = name.startsWith(`${from}#`)
    if (this.#ended.has(key)) return this.#wires.send(from, answer(name, { kind: 'ack', next: item.number + 1 }))
    if (!isTheirs || this.#streams.size >= streamsMax) return this.#wires.send(from, answer(name, { kind: 'reset' }))
    const opened = this.#begin(from, name)
    void this.#onStream(opened).catch((error: Error) => opened.abort(error)).finally(() => opened.close())
    opened.receive(item)
  }

  #begin(id: string, name: string): SureStream {
    const key = `${id} ${name}`
    const stream = createSureStream({ ...streamOptions, peer: nameOf(this.#wires, id) }, {
      send: (item) => this.#wires.send(id, { type: 'stream', stream: name, item }),
      over: () => {
        this.#streams.delete(key)
        remember(this.#ended, key, endedMax)
      },
      clock: this.#wires.clock
    })
    this.#streams.set(key, stream)
    return stream
  }
}

function answer(stream: string, item: StreamItem): PeerBody {
  return { type: 'stream', stream, item }
}

function nameOf(wires: MaelstromWires, id: string): PeerName {
  return wires.names.get(id) ?? id
}

/** Adds to a set that forgets the oldest past its limit. */
function remember(set: Set<string>, value: string, max: number): void {
  const oldest = set.values().next()
  if (set.size >= max && oldest.done !== true) set.delete(oldest.value)
  set.add(value)
}
