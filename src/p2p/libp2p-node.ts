// The libp2p node with the settings that were measured to matter. Each line that is not a default says why.
// Rule: topic and protocols carry the network id, so nodes of other networks share no topic and no stream.
// Protocols and topic: docs/formats/network.md.

import { gossipsub, StrictNoSign, type GossipSub } from '@libp2p/gossipsub'
import { createTopicScoreParams, type TopicScoreParams } from '@libp2p/gossipsub/score'
import { identify, type Identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping, type Ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { blake3, toHex, utf8Bytes, type Clock, type NetworkId, type PeerName } from '../base/index.js'
import { createIntakeRegistrar } from './gossip-intake.js'
import type { NetworkLimits } from './options.js'

/** What the adapter asks of a node. */
export interface NodeSettings {
  readonly networkId: NetworkId
  readonly key: PrivateKey
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly sharedKey?: Uint8Array
  readonly sharedIps: readonly string[]
  readonly limits: NetworkLimits
  readonly gater: ConnectionGater
  readonly clock: Clock
  /** Told of each gossip message that comes. */
  heard(peer: PeerName): void
}

/** The services of the node. */
export interface NodeServices extends Record<string, unknown> {
  readonly gossip: GossipSub
  readonly identify: Identify
  readonly ping: Ping
}

/** A libp2p node as this project configures it. */
export type StemeLibp2p = Libp2p<NodeServices>

// A stream's receive window stays under libp2p's 4 MiB of unread bytes, at which it aborts the stream:
// a paused reader then holds the sender back instead of losing the stream.
const windowBytesMax = 2 * 1_048_576

/** Gossip topic of a network's blocks. */
export function blocksTopic(networkId: NetworkId): string {
  return `/stemedb/1/${networkId.slice(0, 16)}/blocks`
}

/** Protocol of sync streams. */
export function syncProtocol(networkId: NetworkId): string {
  return `/stemedb/1/${networkId}/sync`
}

/** Protocol of the hello: without the network id, so that a node of another network can be told so. */
export const helloProtocol = '/stemedb/1/hello'

/** Message id of gossip: the hash of the whole payload, so a corrupt copy never hides the true block. */
export function messageIdOf(payload: Uint8Array): Uint8Array {
  return blake3(payload)
}

/** Builds the node, not started. */
export async function createStemeLibp2p(settings: NodeSettings): Promise<StemeLibp2p> {
  const { limits, sharedKey } = settings
  return createLibp2p<NodeServices>({
    start: false,
    privateKey: settings.key,
    addresses: { listen: [...settings.listen], announce: [...settings.announce] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: windowBytesMax } })],
    connectionGater: settings.gater,
    connectionManager: {
      maxConnections: limits.connectionsMax,
      // The defaults, 5 a second and 10 pending, refuse the sixth node of one machine.
      inboundConnectionThreshold: limits.inboundPerSecondMax,
      maxIncomingPendingConnections: limits.inboundPerSecondMax,
      dialTimeout: limits.dialMsMax,
      addressDialTimeout: limits.dialMsMax,
      inboundUpgradeTimeout: limits.dialMsMax,
      inboundStreamProtocolNegotiationTimeout: limits.dialMsMax,
      outboundStreamProtocolNegotiationTimeout: limits.dialMsMax
    },
    // A busy event loop answers pings late; dropping the link then makes it busier. The pulse asks instead.
    connectionMonitor: { enabled: false, abortConnectionOnPingFailure: false },
    ...(sharedKey === undefined ? {} : { connectionProtector: preSharedKey({ psk: swarmKey(sharedKey) }) }),
    services: {
      identify: identify({ timeout: limits.helloMsMax }),
      ping: ping(),
      gossip: gossipOf(settings)
    }
  })
}

function gossipOf(settings: NodeSettings): ReturnType<typeof gossipsub> {
  const topic = blocksTopic(settings.networkId)
  const make = gossipsub({
    // The block is signed; a second signature costs 40-65 % more CPU and proves nothing further.
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => messageIdOf(message.data),
    msgIdToStrFn: toHex,
    // A network of one publishes to nobody, and the same block may be published again after a restart.
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // One message of a peer at a time, else hundreds of validators run at once without back-pressure.
    awaitRpcHandler: true,
    awaitRpcMessageHandler: true,
    fallbackToFloodsub: false,
    doPX: false,
    emitSelf: false,
    allowedTopics: [topic],
    maxInboundDataLength: settings.limits.gossipRpcBytesMax,
    decodeRpcLimits: rpcLimits,
    // maxOutboundBufferSize stays unset: past it gossipsub aborts the stream for good.
    scoreParams: {
      IPColocationFactorWhitelist: new Set(settings.sharedIps),
      topics: { [topic]: topicScore() }
    }
  })
  return ({ privateKey, peerId, peerStore, registrar, connectionManager, logger }) => make({
    privateKey, peerId, peerStore, connectionManager, logger,
    registrar: createIntakeRegistrar(registrar, settings.limits, settings)
  })
}

// Parts of one gossipsub message, beyond which it is dropped whole. Our own hold at most as many payloads as
// the cache of five seconds, and the ids of three.
const rpcLimits = Object.freeze({
  maxSubscriptions: 16,
  maxMessages: 1_024,
  maxIhaveMessageIDs: 5_000,
  maxIwantMessageIDs: 5_000,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 64,
  maxPeerInfos: 16
})

// Silence is no offence (a quiet network delivers nothing), invalid messages are: three of them in a few
// seconds outweigh the little that lasting membership and first deliveries earn, and reach the graylist.
function topicScore(): TopicScoreParams {
  return createTopicScoreParams({
    topicWeight: 1,
    timeInMeshQuantum: 1_000,
    timeInMeshWeight: 0.01,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 0.1,
    firstMessageDeliveriesCap: 50,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: -10,
    invalidMessageDeliveriesDecay: 0.98
  })
}

// The text form that the private-network protector reads.
function swarmKey(key: Uint8Array): Uint8Array {
  return utf8Bytes(`/key/swarm/psk/1.0.0/\n/base16/\n${toHex(key)}`)
}
