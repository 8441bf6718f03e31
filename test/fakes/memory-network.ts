// A network in memory: nodes that share a hub. It models what was measured of the real one: gossip at most
// once, unordered, lost in silence when a link is muted, published to nobody without an error; streams in
// order, with back-pressure, reset when the link goes. Faults are switched by the test.

import {
  blake3Hash, type Clock, type FrameStream, type Hash, type PeerLink, type PeerName, type Random, type Verdict
} from '../../src/base/index.js'
import { NETWORK_LIMITS, P2pError, type PeerNetwork } from '../../src/p2p/index.js'
import { createStreamPair, type MemoryStream } from './memory-stream.js'

/** How a hub behaves. Without a clock everything arrives in the next turn of the event loop. */
export interface HubOptions {
  readonly clock?: Clock
  readonly random?: Random
  /** Delay of each gossip message in [min, max) ms; needs clock and random, and reorders. */
  readonly delayMs?: readonly [number, number]
  /** Gossip messages lost out of 1,000; needs random. */
  readonly lossPerMille?: number
  readonly payloadBytesMax?: number
  readonly frameBytesMax?: number
}

/** The hub, and the switches of its faults. */
export interface MemoryHub {
  /** A node of the hub. Networks of different ids never link. */
  join(name: PeerName, networkId?: string): PeerNetwork
  /** Gossip from one node to another dies in silence; streams go on. */
  mute(from: PeerName, to: PeerName, muted?: boolean): void
  /** Closes the link of two nodes and refuses new ones until healed. */
  cut(a: PeerName, b: PeerName, cut?: boolean): void
  /** A node has a new connection to another that fell silent: the streams of the old one are reset. */
  renew(from: PeerName, to: PeerName): void
  /** Gossip messages that arrived, per receiver: for counting. */
  readonly delivered: ReadonlyMap<PeerName, number>
}

type Handlers = {
  message: (from: PeerName, payload: Uint8Array) => Promise<Verdict>
  stream: (stream: FrameStream) => Promise<void>
  readonly peer: Parameters<PeerNetwork['onPeer']>[0][]
}

const addressPrefix = 'memory:'

export function createMemoryHub(options: HubOptions = {}): MemoryHub {
  return new Hub(options)
}

class Hub implements MemoryHub {
  readonly options: HubOptions
  readonly nodes = new Map<PeerName, Node>()
  readonly muted = new Set<string>()
  readonly cuts = new Set<string>()
  readonly delivered = new Map<PeerName, number>()

  constructor(options: HubOptions) {
    this.options = options
  }

  join(name: PeerName, networkId = 'network'): PeerNetwork {
    const node = new Node(this, name, networkId)
    this.nodes.set(name, node)
    return node
  }

  mute(from: PeerName, to: PeerName, muted = true): void {
    if (muted) this.muted.add(`${from} ${to}`)
    else this.muted.delete(`${from} ${to}`)
  }

  cut(a: PeerName, b: PeerName, cut = true): void {
    for (const pair of [`${a} ${b}`, `${b} ${a}`]) {
      if (cut) this.cuts.add(pair)
      else this.cuts.delete(pair)
    }
    if (cut) this.nodes.get(a)?.unlink(b)
  }

  renew(from: PeerName, to: PeerName): void {
    this.nodes.get(from)?.renew(to)
  }

  carry(from: Node, to: Node, payload: Uint8Array): void {
    const { random, lossPerMille = 0, clock, delayMs } = this.options
    if (this.muted.has(`${from.self} ${to.self}`)) return
    if (random !== undefined && lossPerMille > 0 && random.integer(1_000) < lossPerMille) return
    const copy = Uint8Array.from(payload)
    const arrive = (): void => {
      if (!to.links.has(from.self)) return
      this.delivered.set(to.self, (this.delivered.get(to.self) ?? 0) + 1)
      to.receive(from.self, copy)
    }
    if (clock === undefined || random === undefined || delayMs === undefined) setImmediate(arrive)
    else clock.setTimer(delayMs[0] + random.integer(Math.max(1, delayMs[1] - delayMs[0])), arrive)
  }
}

class Node implements PeerNetwork {
  readonly self: PeerName
  readonly networkId: string
  readonly links = new Map<PeerName, { readonly direction: 'inbound' | 'outbound' }>()
  readonly #hub: Hub
  readonly #handlers: Handlers = {
    message: () => Promise.resolve({ kind: 'ignore', why: 'no handler' }),
    stream: () => Promise.resolve(),
    peer: []
  }
  readonly #seen = new Set<Hash>()
  readonly #streams = new Map<PeerName, Set<MemoryStream>>()
  readonly #expelled = new Map<PeerName, number>()
  readonly #chosen = new Set<PeerName>()
  running = false

  constructor(hub: Hub, self: PeerName, networkId: string) {
    this.#hub = hub
    this.self = self
    this.networkId = networkId
  }

  start(): Promise<void> {
    this.running = true
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.running = false
    for (const peer of [...this.links.keys()]) this.unlink(peer)
    return Promise.resolve()
  }

  publish(payload: Uint8Array): Promise<void> {
    if (!this.running) return Promise.reject(new P2pError({ code: 'P2P_NOT_STARTED' }, 'not running'))
    const limitBytes = this.#hub.options.payloadBytesMax ?? NETWORK_LIMITS.payloadBytesMax
    if (payload.length > limitBytes) {
      const detail = { code: 'P2P_PAYLOAD_TOO_LARGE', sizeBytes: payload.length, limitBytes } as const
      return Promise.reject(new P2pError(detail, 'payload too large'))
    }
    if (this.#isNew(payload)) this.#spread(payload, undefined)
    return Promise.resolve()
  }

  onMessage(handler: Handlers['message']): void {
    this.#handlers.message = handler
  }

  onStream(handler: Handlers['stream']): void {
    this.#handlers.stream = handler
  }

  onPeer(handler: Handlers['peer'][number]): void {
    this.#handlers.peer.push(handler)
  }

  open(peer: PeerName): Promise<FrameStream> {
    const other = this.#hub.nodes.get(peer)
    if (!this.running || other === undefined || !this.links.has(peer)) {
      return Promise.reject(new P2pError({ code: 'P2P_NO_LINK', peer }, 'no link'))
    }
    const frameBytesMax = this.#hub.options.frameBytesMax ?? NETWORK_LIMITS.frameBytesMax
    const [near, far] = createStreamPair(this.self, peer, frameBytesMax)
    this.#keep(peer, near)
    setImmediate(() => other.#serve(far))
    return Promise.resolve(near)
  }

  peers(): readonly PeerLink[] {
    return [...this.links].map(([peer, { direction }]) => ({
      peer,
      direction,
      address: addressPrefix + peer,
      gossip: !this.#hub.muted.has(`${peer} ${this.self}`) && !this.#hub.muted.has(`${this.self} ${peer}`)
    }))
  }

  async dial(address: string): Promise<void> {
    if (!address.startsWith(addressPrefix)) {
      throw new P2pError({ code: 'P2P_BAD_ADDRESS', address }, 'not an address of the hub')
    }
    const peer = address.slice(addressPrefix.length)
    await new Promise((resolve) => setImmediate(resolve))
    const other = this.#hub.nodes.get(peer)
    const reachable = this.running && other?.running === true && !this.#hub.cuts.has(`${this.self} ${peer}`)
    if (other === undefined || !reachable || this.#isOut(peer) || other.#isOut(this.self)) {
      throw new P2pError({ code: 'P2P_DIAL_FAILED', address }, 'nobody answers')
    }
    if (other.networkId !== this.networkId) {
      throw new P2pError({ code: 'P2P_WRONG_NETWORK', peer }, 'another network')
    }
    this.#chosen.add(peer)
    if (this.links.has(peer)) return
    this.#link(peer, 'outbound')
    other.#link(this.self, 'inbound')
  }

  isChosen(peer: PeerName): boolean {
    return this.#chosen.has(peer)
  }

  counts(): ReturnType<PeerNetwork['counts']> {
    return { links: this.links.size, refreshes: 0, redials: 0, silences: 0, gossipQueueBytes: 0 }
  }

  addresses(): readonly string[] {
    return [addressPrefix + this.self]
  }

  disconnect(peer: PeerName, forMs: number): Promise<void> {
    if (forMs > 0) this.#expelled.set(peer, (this.#hub.options.clock?.monotonicMs() ?? 0) + forMs)
    this.unlink(peer)
    return Promise.resolve()
  }

  receive(from: PeerName, payload: Uint8Array): void {
    if (!this.running || !this.#isNew(payload)) return
    void this.#handlers.message(from, payload).then((verdict) => {
      if (verdict.kind === 'accept') this.#spread(payload, from)
    })
  }

  unlink(peer: PeerName): void {
    this.forget(peer)
    this.#hub.nodes.get(peer)?.forget(this.self)
  }

  forget(peer: PeerName): void {
    if (!this.links.delete(peer)) return
    this.#reset(peer)
    for (const handler of this.#handlers.peer) handler({ kind: 'down', peer })
  }

  renew(peer: PeerName): void {
    this.#reset(peer)
    for (const handler of this.#handlers.peer) handler({ kind: 'renewed', peer })
  }

  #reset(peer: PeerName): void {
    for (const stream of this.#streams.get(peer) ?? []) stream.abort(new Error('link is gone'))
  }

  #spread(payload: Uint8Array, except: PeerName | undefined): void {
    for (const peer of this.links.keys()) {
      const other = this.#hub.nodes.get(peer)
      if (peer !== except && other !== undefined) this.#hub.carry(this, other, payload)
    }
  }

  #serve(stream: MemoryStream): void {
    if (!this.running || !this.links.has(stream.peer)) return stream.abort(new Error('no link'))
    this.#keep(stream.peer, stream)
    void this.#handlers.stream(stream)
      .catch((error: Error) => stream.abort(error))
      .finally(() => stream.close())
  }

  #keep(peer: PeerName, stream: MemoryStream): void {
    const streams = this.#streams.get(peer) ?? new Set()
    this.#streams.set(peer, streams)
    streams.add(stream)
    stream.onOver(() => streams.delete(stream))
  }

  #isNew(payload: Uint8Array): boolean {
    const id = blake3Hash(payload)
    if (this.#seen.has(id)) return false
    this.#seen.add(id)
    return true
  }

  #isOut(peer: PeerName): boolean {
    return (this.#expelled.get(peer) ?? 0) > (this.#hub.options.clock?.monotonicMs() ?? 0)
  }

  #link(peer: PeerName, direction: 'inbound' | 'outbound'): void {
    if (this.links.has(peer)) return
    this.links.set(peer, { direction })
    for (const handler of this.#handlers.peer) handler({ kind: 'up', peer })
  }
}
