// A peer that greets like ours and then does what a test wants: resets gossip streams, sends what no honest
// node sends, floods. Real libp2p; it stores nothing, never syncs and mends nothing.

import { RPC } from '@libp2p/gossipsub/message'
import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { encode } from 'it-length-prefixed'
import { blake3Hash, systemClock, type Hash, type NetworkId } from '../../src/base/index.js'
import { silentLog } from '../../src/node/index.js'
import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import { gossipStreams } from '../../src/p2p/gossip-links.js'
import { createGreeter } from '../../src/p2p/greeter.js'
import { blocksTopic, createStemeLibp2p, helloProtocol, type StemeLibp2p } from '../../src/p2p/libp2p-node.js'
import { libp2pKeyOf } from '../../src/p2p/peer-name.js'

/** Who the peer is. */
export interface RawPeerOptions {
  readonly networkId: NetworkId
  /** 32-byte seed of its node key. */
  readonly seed: Uint8Array
  readonly sharedKey?: Uint8Array
  /** Sent with its hello. */
  readonly certificate?: Uint8Array
}

/** The peer. */
export interface RawPeer {
  readonly node: StemeLibp2p
  readonly name: string
  /** Payloads that gossip brought, as text; of the last 1,000. */
  readonly got: readonly string[]
  /** True when gossip brought a payload of this hash, ever. */
  heard(payload: Hash): boolean
  /** Turns hellos off: it connects and says nothing. */
  greets: boolean
  dial(address: string): Promise<Connection>
  gossipStreams(direction: Stream['direction']): readonly Stream[]
  /** Writes one length-prefixed message on the outbound gossip stream. */
  sendRaw(bytes: Uint8Array): void
  /** Writes payloads as one gossip message, past every check of gossipsub, and waits until there is room. */
  push(payloads: readonly Uint8Array[]): Promise<void>
}

const gotMax = 1_000

/** Makes and starts the peer, listening on loopback. */
export async function createRawPeer(options: RawPeerOptions): Promise<RawPeer> {
  const { networkId, sharedKey, certificate } = options
  const node = await createStemeLibp2p({
    networkId, key: await libp2pKeyOf(options.seed), listen: ['/ip4/127.0.0.1/tcp/0'], announce: [],
    ...(sharedKey === undefined ? {} : { sharedKey }),
    sharedIps: ['127.0.0.1'], limits: NETWORK_LIMITS, clock: systemClock, heard: () => undefined,
    gater: {}
  })
  const times = { helloMsMax: 5_000, closeMsMax: 1_000 }
  const hello = { networkId, ...times, ...(certificate === undefined ? {} : { certificate }) }
  const greeter = createGreeter(hello, {
    gate: () => true, accepted: () => undefined, clock: systemClock, log: silentLog
  })
  const topic = blocksTopic(networkId)
  const peer = new GreetingPeer(node, topic)
  node.addEventListener('connection:open', (event) => {
    if (peer.greets) greeter.onConnection(event.detail)
  })
  await node.handle(helloProtocol, (stream, connection) => greeter.onStream(stream, connection))
  await node.start()
  node.services.gossip.addEventListener('message', (event) => peer.hear(event.detail.data))
  node.services.gossip.subscribe(topic)
  return peer
}

class GreetingPeer implements RawPeer {
  readonly node: StemeLibp2p
  readonly name: string
  readonly got: string[] = []
  greets = true
  readonly #topic: string
  readonly #heard = new Set<Hash>()

  constructor(node: StemeLibp2p, topic: string) {
    this.node = node
    this.name = node.peerId.toString()
    this.#topic = topic
  }

  hear(payload: Uint8Array): void {
    this.#heard.add(blake3Hash(payload))
    this.got.push(Buffer.from(payload).toString())
    if (this.got.length > gotMax) this.got.shift()
  }

  heard(payload: Hash): boolean {
    return this.#heard.has(payload)
  }

  dial(address: string): Promise<Connection> {
    return this.node.dial(multiaddr(address), { force: true })
  }

  gossipStreams(direction: Stream['direction']): readonly Stream[] {
    return this.node.getConnections().flatMap((one) => gossipStreams(one, direction))
  }

  sendRaw(bytes: Uint8Array): void {
    this.#outbound().send(encode.single(bytes, { maxDataLength: bytes.length }))
  }

  async push(payloads: readonly Uint8Array[]): Promise<void> {
    const stream = this.#outbound()
    const messages = payloads.map((data) => ({ topic: this.#topic, data }))
    this.sendRaw(RPC.encode({ subscriptions: [], messages }))
    while (stream.writableNeedsDrain && stream.writeStatus === 'writable') await drainOrClose(stream)
  }

  #outbound(): Stream {
    const stream = this.gossipStreams('outbound').find((one) => one.writeStatus === 'writable')
    if (stream === undefined) throw new Error('no gossip stream')
    return stream
  }
}

function drainOrClose(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeEventListener('drain', done)
      stream.removeEventListener('close', done)
      resolve()
    }
    stream.addEventListener('drain', done)
    stream.addEventListener('close', done)
  })
}
