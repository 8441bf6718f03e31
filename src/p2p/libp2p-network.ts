// The network port over libp2p: greeted links, gossip of one topic, frame streams of the sync protocol.
// Rule: a peer exists for the rest of the node from its hello on, and until its last link closes.
// Settings: libp2p-node.ts. Dial rule: links.ts. Mending: watchdog.ts. Bytes: docs/formats/network.md.

import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { FrameStream, PeerName, Timer, Verdict } from '../base/index.js'
import { parseAddress, peerOfAddress } from './addresses.js'
import { connectTo } from './connect.js'
import { createDialer } from './dialer.js'
import { listenFailure, P2pError, reasonOf } from './errors.js'
import { createExpulsions } from './expulsions.js'
import { createFrameStream } from './frame-stream.js'
import { checkPayload, hasGossipStream, queuedGossipBytes, waitForRoom } from './gossip-links.js'
import { closeConnection, createGreeter } from './greeter.js'
import { blocksTopic, createStemeLibp2p, helloProtocol, syncProtocol, type StemeLibp2p } from './libp2p-node.js'
import { createLinkTable, type Link } from './links.js'
import type { NetworkCounts, NetworkDeps, PeerNetwork } from './network.js'
import { NETWORK_LIMITS, type NetworkLimits, type NetworkOptions } from './options.js'
import { libp2pKeyOf } from './peer-name.js'
import { createPulse } from './pulse.js'
import { createWatchdog } from './watchdog.js'

type MessageHandler = (from: PeerName, payload: Uint8Array) => Promise<Verdict>
type StreamHandler = (stream: FrameStream) => Promise<void>
type PeerHandler = Parameters<PeerNetwork['onPeer']>[0]

const expelledMax = 1_024

/**
 * Makes the libp2p network port, not started.
 * @throws P2pError P2P_BAD_KEY for a seed or shared key that has not 32 bytes
 */
export async function openLibp2pNetwork(options: NetworkOptions, deps: NetworkDeps): Promise<PeerNetwork> {
  const limits: NetworkLimits = { ...NETWORK_LIMITS, ...options.limits }
  const { sharedKey } = options
  if (sharedKey !== undefined && sharedKey.length !== 32) {
    throw new P2pError({ code: 'P2P_BAD_KEY', lengthBytes: sharedKey.length }, 'a shared key has 32 bytes')
  }
  const expulsions = createExpulsions(expelledMax, deps.clock)
  const denied = (peer: PeerId): boolean => expulsions.has(peer.toString())
  let network: Libp2pNetwork | undefined = undefined
  const node = await createStemeLibp2p({
    networkId: options.networkId,
    key: await libp2pKeyOf(options.seed),
    listen: options.listen,
    announce: options.announce ?? [],
    ...(sharedKey === undefined ? {} : { sharedKey }),
    sharedIps: options.sharedIps ?? ['127.0.0.1', '::1'],
    limits,
    clock: deps.clock,
    heard: (peer) => network?.heard(peer),
    gater: { denyDialPeer: denied, denyInboundEncryptedConnection: denied }
  })
  const made = new Libp2pNetwork(node, options, limits, deps, expulsions.add)
  network = made
  for (const address of options.dial ?? []) made.keep(address)
  return made
}

class Libp2pNetwork implements PeerNetwork {
  readonly self: PeerName
  readonly #node: StemeLibp2p
  readonly #limits: NetworkLimits
  readonly #deps: NetworkDeps
  readonly #topic: string
  readonly #protocol: string
  readonly #expel: (peer: PeerName, forMs: number) => void
  readonly #table
  readonly #greeter
  readonly #watchdog
  readonly #dialer
  readonly #pulse
  readonly #sweeps = new Set<Timer>()
  readonly #connections = new Map<string, Connection>()
  /** Peers that were dialled by hand. */
  readonly #dialled = new Set<PeerName>()
  readonly #peerHandlers: PeerHandler[] = []
  /** Ends with the last message. One at a time: what waited together would fill the queues together. */
  #publishing: Promise<void> = Promise.resolve()
  #onMessage: MessageHandler = () => Promise.resolve({ kind: 'ignore', why: 'no handler' })
  #onStream: StreamHandler = () => Promise.resolve()
  #state: 'new' | 'started' | 'stopped' = 'new'

  constructor(
    node: StemeLibp2p, options: NetworkOptions, limits: NetworkLimits, deps: NetworkDeps,
    expel: (peer: PeerName, forMs: number) => void
  ) {
    this.self = node.peerId.toString()
    this.#node = node
    this.#limits = limits
    this.#deps = deps
    this.#expel = expel
    this.#topic = blocksTopic(options.networkId)
    this.#protocol = syncProtocol(options.networkId)
    this.#table = createLinkTable(this.self)
    const { clock, random, log } = deps
    this.#greeter = createGreeter({ ...options, ...limits }, {
      gate: (greeting) => deps.gate?.(greeting) ?? true,
      accepted: (connection) => this.#accepted(connection),
      clock,
      log
    })
    const connected = (peer: PeerName): boolean => this.#table.has(peer)
    this.#watchdog = createWatchdog({ ...limits, self: this.self }, {
      links: () => this.peers(),
      refresh: (peer) => this.#refresh(peer),
      drop: (peer) => this.disconnect(peer, 0),
      connected,
      redial: async (peer) => void await this.#dial(peerIdFromString(peer), peer),
      clock,
      log
    })
    this.#pulse = createPulse(limits, {
      peers: () => this.#dialledPeers(),
      ask: async (peer, signal) => void await node.services.ping.ping(peerIdFromString(peer), { signal }),
      dialAnew: (peer, signal) => this.#dialAnew(peer, signal),
      clock,
      log
    })
    this.#dialer = createDialer({ ...limits, self: this.self }, {
      dial: (address) => this.#dialAddress(address),
      peerOf: (address) => peerOfAddress(address),
      connected,
      clock,
      random,
      log
    })
  }

  async #listen(): Promise<void> {
    try {
      await this.#node.start()
    } catch (cause) {
      const text = `cannot listen for peers: ${listenFailure(reasonOf(cause))}`
      throw new P2pError({ code: 'P2P_LISTEN_FAILED' }, text, { cause })
    }
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return
    this.#state = 'started'
    const { gossip } = this.#node.services
    gossip.topicValidators.set(this.#topic, (peer, message) => this.#validate(peer, message))
    this.#node.addEventListener('connection:open', (event) => this.#greeter.onConnection(event.detail))
    await this.#node.handle(
      helloProtocol, (stream, connection) => this.#greeter.onStream(stream, connection),
      { maxInboundStreams: 2 }
    )
    await this.#node.handle(
      this.#protocol, (stream, connection) => this.#serve(stream, connection),
      { maxInboundStreams: this.#limits.inboundStreamsMax }
    )
    await this.#listen()
    gossip.subscribe(this.#topic)
    this.#watchdog.start()
    this.#pulse.start()
    this.#dialer.start()
  }

  async stop(): Promise<void> {
    if (this.#state !== 'started') {
      this.#state = 'stopped'
      return
    }
    this.#state = 'stopped'
    this.#dialer.stop()
    this.#watchdog.stop()
    this.#pulse.stop()
    for (const sweep of this.#sweeps) sweep.cancel()
    await this.#node.stop()
    for (const peer of this.#table.clear()) this.#emit('down', peer)
    this.#connections.clear()
  }

  async publish(payload: Uint8Array): Promise<void> {
    this.#mustRun()
    checkPayload(payload, this.#limits.payloadBytesMax)
    const sinceMs = this.#deps.clock.monotonicMs()
    const sent = this.#publishing.then(async () => {
      await this.#room(sinceMs)
      await this.#node.services.gossip.publish(this.#topic, payload)
    })
    this.#publishing = sent.catch(() => undefined)
    await sent
  }

  onMessage(handler: MessageHandler): void {
    this.#onMessage = handler
  }

  onStream(handler: StreamHandler): void {
    this.#onStream = handler
  }

  onPeer(handler: PeerHandler): void {
    this.#peerHandlers.push(handler)
  }

  async open(peer: PeerName): Promise<FrameStream> {
    this.#mustRun()
    const link = this.#table.best(peer)
    const connection = link && this.#connections.get(link.id)
    if (connection === undefined) throw new P2pError({ code: 'P2P_NO_LINK', peer }, 'no link to this peer')
    try {
      return this.#wrap(await connection.newStream(this.#protocol), connection)
    } catch (cause) {
      throw new P2pError({ code: 'P2P_STREAM_CLOSED', peer }, `no stream: ${reasonOf(cause)}`, { cause })
    }
  }

  peers(): ReturnType<PeerNetwork['peers']> {
    return this.#table.peers((peer) => this.#gossips(peer))
  }

  async dial(address: string): Promise<void> {
    this.#mustRun()
    const peer = await this.#dialAddress(address)
    if (this.#dialled.size < this.#limits.addressesMax) this.#dialled.add(peer)
  }

  isChosen(peer: PeerName): boolean {
    return this.#dialled.has(peer) || this.#dialer.keeps(peer)
  }

  counts(): NetworkCounts {
    const { refreshes, redials } = this.#watchdog
    const gossipQueueBytes = queuedGossipBytes(this.#node.getConnections())
    const [links, silences] = [this.#connections.size, this.#pulse.dials]
    return { links, refreshes, redials, silences, gossipQueueBytes }
  }

  addresses(): readonly string[] {
    return this.#node.getMultiaddrs().map(String)
  }

  async disconnect(peer: PeerName, forMs: number): Promise<void> {
    this.#expel(peer, forMs)
    const id = peerIdFromString(peer)
    await Promise.all(this.#node.getConnections(id).map((one) => this.#close(one)))
  }

  /** Keeps a link to an address for as long as the network runs. */
  keep(address: string): void {
    this.#dialer.keep(address)
  }

  /** To be told of everything that comes from a peer. */
  heard(peer: PeerName): void {
    this.#pulse.heard(peer)
  }

  // Whoever dialled a link can dial again, and by the dial rule replace it; the other side asks the rest.
  #dialledPeers(): readonly PeerName[] {
    const links = this.#table.peers(() => false)
    return links.filter(({ direction }) => direction === 'outbound').map(({ peer }) => peer)
  }

  async #dialAnew(peer: PeerName, signal: AbortSignal): Promise<void> {
    const link = this.#table.best(peer)
    if (link === undefined) throw new P2pError({ code: 'P2P_NO_LINK', peer }, 'no link to this peer')
    await this.#dial(parseAddress(link.address), peer, signal)
    this.#emit('renewed', peer)
  }

  async #dialAddress(address: string): Promise<PeerName> {
    return this.#dial(parseAddress(address), address)
  }

  // With a signal: a connection beside the one that is there, unless the signal aborts before its hello.
  async #dial(target: Multiaddr | PeerId, shown: string, beside?: AbortSignal): Promise<PeerName> {
    const options = { ...this.#limits, target, shown, beside }
    const connection = await connectTo(this.#node, options, this.#deps.clock)
    const cancel = (): void => void this.#close(connection)
    beside?.addEventListener('abort', cancel)
    if (beside?.aborted === true) cancel()
    try {
      await this.#greeter.greeted(connection)
    } finally {
      beside?.removeEventListener('abort', cancel)
    }
    return connection.remotePeer.toString()
  }

  #accepted(connection: Connection): void {
    const link: Link = {
      id: connection.id,
      peer: connection.remotePeer.toString(),
      direction: connection.direction,
      address: connection.remoteAddr.toString()
    }
    if (connection.status !== 'open') return
    this.#connections.set(link.id, connection)
    connection.addEventListener('close', () => this.#closed(link))
    const change = this.#table.add(link)
    this.#watchdog.renewed(link.peer)
    if (change.event !== undefined) this.#emit(change.event, link.peer)
    for (const surplus of change.surplus) this.#giveUp(surplus)
    if (this.#table.linksOf(link.peer).length > 1) this.#sweepLater(link.peer)
  }

  // Whoever dialled both closes the older one; its word may be lost with the connection.
  #sweepLater(peer: PeerName): void {
    const { clock } = this.#deps
    const sweep = clock.setTimer(2 * this.#limits.closeMsMax, () => {
      this.#sweeps.delete(sweep)
      const best = this.#table.best(peer)
      for (const link of this.#table.linksOf(peer)) if (link !== best) this.#giveUp(link)
    })
    this.#sweeps.add(sweep)
  }

  #close(connection: Connection): Promise<void> {
    return closeConnection(connection, this.#limits, this.#deps.clock)
  }

  #closed(link: Link): void {
    this.#connections.delete(link.id)
    const change = this.#table.remove(link.id)
    if (change.event !== undefined) {
      this.#emit(change.event, link.peer)
      this.#dialer.onDown(link.peer)
    }
  }

  // The gossip streams may have been on the link that goes: ask for new ones on the link that stays.
  #giveUp(link: Link): void {
    const connection = this.#connections.get(link.id)
    if (connection === undefined) return
    void this.#close(connection).then(() => this.#refresh(link.peer)).catch((error: unknown) => {
      this.#deps.log.debug({ peer: link.peer, reason: reasonOf(error) }, 'gossip refresh failed')
    })
  }

  // A new identify makes libp2p tell gossipsub of the peer again, which then opens the stream it lacks.
  async #refresh(peer: PeerName): Promise<void> {
    const connections = this.#table.linksOf(peer).map(({ id }) => this.#connections.get(id))
    const { identify } = this.#node.services
    // One of two connections may be dead.
    await Promise.any(connections.filter((one) => one !== undefined).map((one) => identify.identify(one)))
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const frames = this.#wrap(stream, connection)
    try {
      await this.#greeter.greeted(connection)
      await this.#onStream(frames)
    } catch (error) {
      this.#deps.log.debug({ peer: frames.peer, reason: reasonOf(error) }, 'stream ended early')
    } finally {
      await frames.close()
    }
  }

  async #validate(peer: PeerId, message: Message): Promise<TopicValidatorResult> {
    const from = peer.toString()
    if (!this.#table.has(from)) await this.#anyGreeting(peer)
    if (!this.#table.has(from)) return TopicValidatorResult.Ignore
    const verdict = await this.#onMessage(from, message.data)
    if (verdict.kind === 'reject') return TopicValidatorResult.Reject
    if (verdict.kind === 'ignore') return TopicValidatorResult.Ignore
    await this.#room(this.#deps.clock.monotonicMs())
    return TopicValidatorResult.Accept
  }

  async #anyGreeting(peer: PeerId): Promise<void> {
    await Promise.allSettled(this.#node.getConnections(peer).map((one) => this.#greeter.greeted(one)))
  }

  #room(sinceMs: number): Promise<void> {
    return waitForRoom(this.#node.getConnections(), this.#limits, this.#deps, sinceMs)
  }

  #gossips(peer: PeerName): boolean {
    const id = peerIdFromString(peer)
    const connections = this.#node.getConnections(id)
    return hasGossipStream(connections, 'outbound') && hasGossipStream(connections, 'inbound') &&
      this.#node.services.gossip.getSubscribers(this.#topic).some((subscriber) => subscriber.equals(id))
  }

  #wrap(stream: Stream, connection: Connection): FrameStream {
    const peer = connection.remotePeer.toString()
    const frames = createFrameStream(stream, { ...this.#limits, peer }, this.#deps)
    stream.addEventListener('message', () => this.heard(peer))
    return frames
  }

  #emit(kind: Parameters<PeerHandler>[0]['kind'], peer: PeerName): void {
    for (const handler of this.#peerHandlers) handler({ kind, peer })
  }

  #mustRun(): void {
    if (this.#state === 'started') return
    throw new P2pError({ code: 'P2P_NOT_STARTED' }, 'the network is not running')
  }
}
