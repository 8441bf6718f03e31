// The simulated network: the Network port over virtual time, with what was measured of the real one. Gossip
// arrives at most once, unordered, or is lost in silence; publishing to nobody is no error; a link that dies
// is noticed late; streams keep their order and are reset with their link.

import { blake3Hash, type FrameStream, type Hash, type PeerLink, type PeerName, type Verdict } from '../../src/base/index.js'
import { NETWORK_LIMITS, P2pError, type PeerNetwork } from '../../src/p2p/index.js'
import { fateOf, sumOf, type Prng } from './prng.js'
import { createSlots, type Slots } from './slots.js'
import { createSimStream, type SimStream } from './stream.js'
import type { Weather } from './weather.js'
import type { Owner, World } from './world.js'

/** Who joins. */
export interface Seat {
  readonly name: PeerName
  readonly index: number
  readonly owner: Owner
  readonly networkId: string
  /** Addresses that are dialled at the start and redialled for ever. */
  readonly dial: readonly string[]
  readonly prng: Prng
  /** Its streams pass any bytes: a liar's. */
  readonly raw?: boolean
  /** The handler threw: foreign input must never do that. */
  readonly onThrow: (error: unknown) => void
  /** A message was held against the peer that brought it. */
  readonly onReject?: (from: PeerName, why: string) => void
}

/** A node's place in the network, and what a liar may do there. */
export interface SimEndpoint extends PeerNetwork {
  /** One payload to one peer, any bytes. */
  whisper(peer: PeerName, payload: Uint8Array): void
  readonly openStreams: number
}

/** The network of a simulation. */
export interface SimHub {
  join(seat: Seat): SimEndpoint
  /** The machine is gone: others notice soon (its system closes the sockets) or late (its power failed). */
  vanish(name: PeerName, soon: boolean): void
  /** Breaks the link between two machines, if there is one. */
  breakLink(a: number, b: number): void
}

const PREFIX = 'sim:'
const SEEN_MS = 120_000
const SEEN_MAX = 4_096
const REDIAL_MS_MIN = 500
const REDIAL_MS_MAX = 15_000
const REDIAL_MS_LINKED = 3_000
const DIAL_MS_MAX = 10_000
/** A lost segment of a stream comes again after this long, doubled for each further loss. */
const RESEND_MS = 200

/** The address of a machine. */
export function addressOf(name: PeerName): string {
  return PREFIX + name
}

/** A network without nodes. @param seed the fates of messages */
export function createHub(world: World, weather: Weather, seed: number): SimHub {
  return new Hub(world, weather, seed)
}

class Hub implements SimHub {
  readonly world: World
  readonly weather: Weather
  readonly seed: number
  readonly endpoints = new Map<PeerName, Endpoint>()
  readonly #indexes = new Map<string, number>()

  constructor(world: World, weather: Weather, seed: number) {
    this.world = world
    this.weather = weather
    this.seed = seed
  }

  join(seat: Seat): SimEndpoint {
    const endpoint = new Endpoint(this, seat)
    this.endpoints.set(seat.name, endpoint)
    return endpoint
  }

  vanish(name: PeerName, soon: boolean): void {
    const gone = this.endpoints.get(name)
    if (gone === undefined) return
    this.endpoints.delete(name)
    for (const peer of gone.links.keys()) {
      const other = this.endpoints.get(peer)
      const theirs = other?.links.get(name)
      if (other === undefined || theirs === undefined) continue
      const draw = this.fate(gone.seat.index, other.seat.index)
      const waitMs = soon ? 1 + draw() * 200 : 5_000 + draw() * 25_000
      this.world.plan(waitMs, 'hang-up', other.seat.owner, () => other.forget(name, theirs))
    }
    gone.die()
  }

  breakLink(a: number, b: number): void {
    for (const endpoint of this.endpoints.values()) {
      if (endpoint.seat.index !== a) continue
      for (const peer of [...endpoint.links.keys()]) {
        if (this.endpoints.get(peer)?.seat.index === b) endpoint.unlink(peer)
      }
    }
  }

  /** The draws of the next message of a direction. */
  fate(from: number, to: number): () => number {
    const key = `${from} ${to}`
    const index = this.#indexes.get(key) ?? 0
    this.#indexes.set(key, index + 1)
    return fateOf(this.seed, from, to, index)
  }

  delayMs(from: number, to: number, draw: () => number): number {
    const { lowMs, highMs } = this.weather.path(from, to)
    return Math.round(lowMs + draw() * (highMs - lowMs))
  }

  /** @param id BLAKE3 of the payload */
  carry(from: Endpoint, to: Endpoint, payload: Uint8Array, id: Hash): void {
    const [a, b] = [from.seat.index, to.seat.index]
    const draw = this.fate(a, b)
    const { world } = this
    const path = this.weather.path(a, b)
    world.note(sumOf(payload))
    const waitMs = this.delayMs(a, b, draw)
    const lost = draw() * 1_000 < path.lossPerMille
    if (path.blocked || path.muted || lost) return world.count(lost ? 'gossip lost' : 'gossip blocked')
    const copies = draw() * 1_000 < path.duplicatePerMille ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      const bytes = Buffer.from(payload)
      world.plan(copy === 0 ? waitMs : waitMs + draw() * 1_000, 'gossip', to.seat.owner, () => {
        const { blocked } = this.weather.path(a, b)
        if (blocked || !to.links.has(from.self)) return world.count('gossip blocked')
        world.count(copy === 0 ? 'gossip delivered' : 'gossip duplicated')
        to.receive(from.self, bytes, id, copy > 0)
      })
    }
  }
}

interface Link { readonly streams: Set<SimStream>; readonly slots: Slots }

class Endpoint implements SimEndpoint {
  readonly self: PeerName
  readonly seat: Seat
  readonly links = new Map<PeerName, Link>()
  readonly #directions = new Map<PeerName, 'inbound' | 'outbound'>()
  readonly #hub: Hub
  readonly #seen = new Map<Hash, number>()
  readonly #chosen = new Set<PeerName>()
  readonly #expelled = new Map<PeerName, number>()
  readonly #peerHandlers: Parameters<PeerNetwork['onPeer']>[0][] = []
  #onMessage: Parameters<PeerNetwork['onMessage']>[0] = () => Promise.resolve({ kind: 'ignore', why: 'no handler' })
  #onStream: Parameters<PeerNetwork['onStream']>[0] = () => Promise.resolve()
  running = false

  constructor(hub: Hub, seat: Seat) {
    this.#hub = hub
    this.seat = seat
    this.self = seat.name
  }

  start(): Promise<void> {
    this.running = true
    for (const address of this.seat.dial) this.#redial(address, REDIAL_MS_MIN)
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.running = false
    for (const peer of [...this.links.keys()]) this.unlink(peer)
    return Promise.resolve()
  }

  publish(payload: Uint8Array): Promise<void> {
    if (!this.running) return Promise.reject(new P2pError({ code: 'P2P_NOT_STARTED' }, 'not running'))
    const limitBytes = NETWORK_LIMITS.payloadBytesMax
    if (payload.length > limitBytes) {
      const detail = { code: 'P2P_PAYLOAD_TOO_LARGE', sizeBytes: payload.length, limitBytes } as const
      return Promise.reject(new P2pError(detail, 'payload too large'))
    }
    const id = blake3Hash(payload)
    if (this.#isNew(id)) this.#spread(payload, id, undefined)
    return Promise.resolve()
  }

  whisper(peer: PeerName, payload: Uint8Array): void {
    const other = this.#hub.endpoints.get(peer)
    if (other === undefined || !this.links.has(peer)) return
    // What is too large dies in the adapter of the receiver, with the gossip of the link.
    if (payload.length > NETWORK_LIMITS.payloadBytesMax) return this.#hub.world.count('oversized payloads')
    this.#hub.carry(this, other, payload, blake3Hash(payload))
  }

  onMessage(handler: Parameters<PeerNetwork['onMessage']>[0]): void {
    this.#onMessage = handler
  }

  onStream(handler: Parameters<PeerNetwork['onStream']>[0]): void {
    this.#onStream = handler
  }

  onPeer(handler: Parameters<PeerNetwork['onPeer']>[0]): void {
    this.#peerHandlers.push(handler)
  }

  peers(): readonly PeerLink[] {
    return [...this.links.keys()].map((peer) => {
      const direction = this.#directions.get(peer) ?? 'inbound'
      return { peer, direction, address: addressOf(peer), gossip: true }
    })
  }

  addresses(): readonly string[] {
    return [addressOf(this.self)]
  }

  counts(): ReturnType<PeerNetwork['counts']> {
    return { links: this.links.size, refreshes: 0, redials: 0, silences: 0, gossipQueueBytes: 0 }
  }

  get openStreams(): number {
    let open = 0
    for (const { streams } of this.links.values()) {
      for (const stream of streams) if (stream.over) streams.delete(stream)
      open += streams.size
    }
    return open
  }

  async open(peer: PeerName): Promise<FrameStream> {
    const other = this.#hub.endpoints.get(peer)
    const link = this.links.get(peer)
    if (!this.running || link === undefined) throw new P2pError({ code: 'P2P_NO_LINK', peer }, 'no link')
    const { world } = this.#hub
    const target = other ?? this
    const [near, far] = createSimStream(this.self, peer, this.#way(this, target), this.#way(target, this))
    link.streams.add(near)
    const reach = (): void => {
      if (other === undefined || this.#blocked(this, other)) return void world.plan(500, 'stream', other?.seat.owner, reach)
      other.#serve(far)
    }
    if (other !== undefined) world.plan(this.#delay(this, other), 'stream', other.seat.owner, reach)
    return near
  }

  async dial(address: string): Promise<void> {
    if (!address.startsWith(PREFIX)) {
      throw new P2pError({ code: 'P2P_BAD_ADDRESS', address }, 'not an address of the simulation')
    }
    const peer = address.slice(PREFIX.length)
    const { world, endpoints } = this.#hub
    const failed = async (waitMs: number): Promise<never> => {
      await world.sleep(waitMs, 'dial', this.seat.owner)
      throw new P2pError({ code: 'P2P_DIAL_FAILED', address }, 'nobody answers')
    }
    const target = endpoints.get(peer)
    if (target === undefined) return failed(5)
    if (this.#blocked(this, target) || this.#blocked(target, this)) return failed(DIAL_MS_MAX)
    await world.sleep(2 * this.#delay(this, target) + this.#delay(target, this), 'dial', this.seat.owner)
    const other = endpoints.get(peer)
    const live = this.running && other?.running === true && other.seat.owner.heldUntilMs <= world.nowMs
    if (other === undefined || !live || this.#isOut(peer) || other.#isOut(this.self)) return failed(5)
    if (other.seat.networkId !== this.seat.networkId) {
      throw new P2pError({ code: 'P2P_WRONG_NETWORK', peer }, 'another network')
    }
    this.#chosen.add(peer)
    if (this.links.has(peer) && other.links.has(this.self)) return
    // What is left of a link that only one side still believes in gives way.
    this.forget(peer)
    other.forget(this.self)
    this.#link(peer, 'outbound')
    other.#link(this.self, 'inbound')
  }

  isChosen(peer: PeerName): boolean {
    return this.#chosen.has(peer) || this.seat.dial.some((address) => address.endsWith(peer))
  }

  disconnect(peer: PeerName, forMs: number): Promise<void> {
    if (forMs > 0) this.#expelled.set(peer, this.#hub.world.nowMs + forMs)
    this.unlink(peer)
    return Promise.resolve()
  }

  receive(from: PeerName, payload: Uint8Array, id: Hash, again: boolean): void {
    if (!this.running || (!this.#isNew(id) && !again)) return
    this.#onMessage(from, payload).then(
      (verdict: Verdict) => {
        if (verdict.kind === 'accept') this.#spread(payload, id, from)
        if (verdict.kind === 'reject') this.seat.onReject?.(from, verdict.why)
      },
      (error: unknown) => this.seat.onThrow(error)
    )
  }

  /**
   * Nothing is said from here any more. A stream that ends at its peer wakes what waited for it in the dead
   * node: that must reach nobody, least of all under the name of its next life.
   */
  die(): void {
    this.running = false
    this.links.clear()
  }

  unlink(peer: PeerName): void {
    const other = this.#hub.endpoints.get(peer)
    const theirs = other?.links.get(this.self)
    this.forget(peer)
    if (other === undefined || theirs === undefined) return
    this.#hub.world.plan(this.#delay(this, other), 'hang-up', other.seat.owner, () => other.forget(this.self, theirs))
  }

  /** Gives up a link. @param which only this one, not one made since */
  forget(peer: PeerName, which?: Link): void {
    const link = this.links.get(peer)
    if (link === undefined || (which !== undefined && which !== link)) return
    this.links.delete(peer)
    for (const stream of link.streams) stream.fail(new Error('the link is gone'))
    for (const handler of this.#peerHandlers) handler({ kind: 'down', peer })
  }

  #spread(payload: Uint8Array, id: Hash, except: PeerName | undefined): void {
    for (const peer of this.links.keys()) {
      const other = this.#hub.endpoints.get(peer)
      if (peer !== except && other !== undefined) this.#hub.carry(this, other, payload, id)
    }
  }

  #serve(stream: SimStream): void {
    const link = this.links.get(stream.peer)
    if (!this.running || link === undefined) return stream.abort(new Error('no link'))
    const raw = this.#hub.endpoints.get(stream.peer)?.seat.raw === true
    if (raw && !link.slots.take(stream)) return stream.abort(new Error('too many streams'))
    link.streams.add(stream)
    void this.#onStream(stream)
      .catch((error: Error) => stream.abort(error))
      .finally(() => stream.close())
  }

  #way(from: Endpoint, to: Endpoint): Parameters<typeof createSimStream>[2] {
    const hub = this.#hub
    return {
      world: hub.world,
      reader: to.seat.owner,
      blocked: () => this.#blocked(from, to),
      delayMs: (bytes) => {
        hub.world.note(sumOf(bytes))
        return this.#delay(from, to)
      },
      broken: () => from.unlink(to.self),
      raw: from.seat.raw === true
    }
  }

  #blocked(from: Endpoint, to: Endpoint): boolean {
    return this.#hub.weather.path(from.seat.index, to.seat.index).blocked
  }

  /** Of something that is sent again until it arrives. */
  #delay(from: Endpoint, to: Endpoint): number {
    const [a, b] = [from.seat.index, to.seat.index]
    const draw = this.#hub.fate(a, b)
    const { lossPerMille } = this.#hub.weather.path(a, b)
    let waitMs = this.#hub.delayMs(a, b, draw)
    for (let again = RESEND_MS; draw() * 1_000 < lossPerMille && again < 10_000; again *= 2) waitMs += again
    return waitMs
  }

  #isNew(id: Hash): boolean {
    const { nowMs } = this.#hub.world
    const known = this.#seen.get(id)
    if (known !== undefined && nowMs - known < SEEN_MS) return false
    this.#seen.delete(id)
    this.#seen.set(id, nowMs)
    for (const [oldest] of this.#seen) {
      if (this.#seen.size <= SEEN_MAX) break
      this.#seen.delete(oldest)
    }
    return true
  }

  #isOut(peer: PeerName): boolean {
    return (this.#expelled.get(peer) ?? 0) > this.#hub.world.nowMs
  }

  #link(peer: PeerName, direction: 'inbound' | 'outbound'): void {
    this.links.set(peer, { streams: new Set(), slots: createSlots() })
    this.#directions.set(peer, direction)
    for (const handler of this.#peerHandlers) handler({ kind: 'up', peer })
  }

  #redial(address: string, waitMs: number): void {
    const { world } = this.#hub
    const peer = address.slice(PREFIX.length)
    const next = (nextMs: number): void => {
      const jitterMs = nextMs / 2 + this.seat.prng.integer(nextMs)
      world.plan(jitterMs, 'redial', this.seat.owner, () => this.#redial(address, nextMs))
    }
    if (!this.running) return
    if (this.links.has(peer)) return next(REDIAL_MS_LINKED)
    this.dial(address).then(
      () => next(REDIAL_MS_MIN),
      () => next(Math.min(REDIAL_MS_MAX, waitMs * 2))
    )
  }
}
