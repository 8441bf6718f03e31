// A peer that greets like ours and then does what a test wants with its gossip streams: resets them, or sends
// what no honest node sends. Real libp2p on loopback.

import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { encode } from 'it-length-prefixed'
import { blake3, networkIdOf, systemClock, utf8Bytes } from '../../src/base/index.js'
import { gossipStreams } from '../../src/p2p/gossip-links.js'
import { createGreeter } from '../../src/p2p/greeter.js'
import { blocksTopic, createStemeLibp2p, helloProtocol, type StemeLibp2p } from '../../src/p2p/libp2p-node.js'
import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import { libp2pKeyOf } from '../../src/p2p/peer-name.js'
import { quietLog } from '../fakes/until.js'
import { nextSeed } from './loopback.js'

/** The peer. */
export interface RawPeer {
  readonly node: StemeLibp2p
  readonly name: string
  /** Payloads that gossip brought. */
  readonly got: string[]
  /** Turns hellos off: it connects and says nothing. */
  greets: boolean
  dial(address: string): Promise<Connection>
  gossipStreams(direction: Stream['direction']): readonly Stream[]
  /** Writes one length-prefixed message on the outbound gossip stream. */
  sendRaw(bytes: Uint8Array): void
}

/** Makes and starts the peer. */
export async function makeRawPeer(federation: string): Promise<RawPeer> {
  const networkId = networkIdOf(blake3(utf8Bytes(federation)))
  const node = await createStemeLibp2p({
    networkId, key: await libp2pKeyOf(nextSeed()), listen: ['/ip4/127.0.0.1/tcp/0'], announce: [],
    sharedIps: ['127.0.0.1'], limits: NETWORK_LIMITS, gater: {}
  })
  const greeter = createGreeter({ networkId, helloMsMax: 5_000 }, {
    gate: () => true, accepted: () => undefined, clock: systemClock, log: quietLog
  })
  const peer: RawPeer = {
    node,
    name: node.peerId.toString(),
    got: [],
    greets: true,
    dial: (address) => node.dial(multiaddr(address)),
    gossipStreams: (direction) => node.getConnections().flatMap((one) => gossipStreams(one, direction)),
    sendRaw(bytes: Uint8Array): void {
      const stream = peer.gossipStreams('outbound').find((one) => one.status === 'open')
      if (stream === undefined) throw new Error('no gossip stream')
      stream.send(encode.single(bytes, { maxDataLength: bytes.length }))
    }
  }
  node.addEventListener('connection:open', (event) => {
    if (peer.greets) greeter.onConnection(event.detail)
  })
  await node.handle(helloProtocol, (stream, connection) => greeter.onStream(stream, connection))
  await node.start()
  const topic = blocksTopic(networkId)
  node.services.gossip.addEventListener('message', (event) => {
    peer.got.push(Buffer.from(event.detail.data).toString())
  })
  node.services.gossip.subscribe(topic)
  return peer
}
