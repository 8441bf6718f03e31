// Options of networking and of replication: units, ranges and why each number.

import type { NetworkId, PublicKey } from '../base/index.js'

/** Numbers of the libp2p adapter. */
export interface NetworkLimits {
  /** Largest gossip payload in bytes. A larger message kills the gossip stream for good, so it is refused. */
  readonly payloadBytesMax: number
  /** Largest frame of a stream in bytes, as docs/formats/network.md fixes it. */
  readonly frameBytesMax: number
  /** A hello must be exchanged within this time, or the connection is closed. */
  readonly helloMsMax: number
  /**
   * One dial, its security handshake included; also the opening of a stream. Where every third packet is
   * lost, the five round trips of a dial take 10 s and more.
   */
  readonly dialMsMax: number
  /** The first answer to a dial of one address; TCP has asked six times by then. */
  readonly connectMsMax: number
  /** How long a link may stay without working gossip before it is mended. */
  readonly graceMs: number
  /** The same for a link that has just come up: identify and two streams must be negotiated first. */
  readonly firstGraceMs: number
  /** How long the larger id waits before it redials, so that both do not dial at once. */
  readonly redialYieldMs: number
  /** Longest time that a slow link may stay mute after a mending in place; see watchdog.ts. */
  readonly patienceMsMax: number
  /** First and longest pause between dials of a configured address; doubled each time, +-50 %. */
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
  /**
   * A link over which nothing came for this long is asked for a sign, and dialled anew when none comes within
   * `answerMsMax`: TCP alone waits after a partition for as long as the partition lasted.
   */
  readonly pulseMs: number
  readonly answerMsMax: number
  /** How long a connection may take to close in good order, and a superseded one may stay. */
  readonly closeMsMax: number
  /** How often the watchdog looks. */
  readonly watchMs: number
  /** Bytes queued on one gossip stream past which publishing waits. */
  readonly gossipQueueBytesMax: number
  /** How long publishing waits for a slow peer before its gossip stream is cut: sync serves it then. */
  readonly slowPeerMsMax: number
  /** Largest gossipsub message read, in bytes: an answer to a request may hold many payloads. */
  readonly gossipRpcBytesMax: number
  /**
   * What a peer may gossip a second, known messages and control included, before reading it waits. A node
   * seals at most 20 blocks a second; each message read is remembered for two minutes.
   */
  readonly gossipMessagesPerSecondMax: number
  readonly gossipBytesPerSecondMax: number
  /** Unread bytes of one stream past which reading pauses. */
  readonly unreadBytesMax: number
  /** How long a stream closed here waits for the other end: it may still be admitting what it got. */
  readonly lingerMs: number
  readonly connectionsMax: number
  /** Connections a second that one host may open. libp2p's 5 refuses the sixth node of one machine. */
  readonly inboundPerSecondMax: number
  /** Streams of the sync protocol a peer may hold open towards us on one connection. */
  readonly inboundStreamsMax: number
  /** Configured and learned addresses that are redialled. */
  readonly addressesMax: number
}

/** Defaults of NetworkLimits. */
export const NETWORK_LIMITS: NetworkLimits = Object.freeze({
  payloadBytesMax: 65_536,
  frameBytesMax: 1_048_576,
  helloMsMax: 20_000,
  dialMsMax: 20_000,
  connectMsMax: 6_000,
  graceMs: 1_000,
  firstGraceMs: 2_000,
  redialYieldMs: 5_000,
  patienceMsMax: 60_000,
  backoffMinMs: 500,
  backoffMaxMs: 60_000,
  pulseMs: 4_000,
  answerMsMax: 4_000,
  closeMsMax: 2_000,
  watchMs: 500,
  gossipQueueBytesMax: 1_048_576,
  slowPeerMsMax: 2_000,
  gossipRpcBytesMax: 4_194_304,
  gossipMessagesPerSecondMax: 512,
  gossipBytesPerSecondMax: 8_388_608,
  unreadBytesMax: 1_048_576,
  lingerMs: 30_000,
  connectionsMax: 128,
  inboundPerSecondMax: 64,
  // Two sessions, one stream of HAVE, one audit, and as many that linger.
  inboundStreamsMax: 8,
  addressesMax: 256
})

/** What a connection gate is asked: who, and with which certificate it greeted. */
export interface Greeting {
  readonly peer: string
  readonly publicKey: PublicKey
  /** Present when the peer sent one: docs/formats/genesis-and-invite.md. */
  readonly certificate?: Uint8Array
}

/** Options of `createLibp2pNetwork`. */
export interface NetworkOptions {
  readonly networkId: NetworkId
  /** 32-byte Ed25519 seed of the node key, the one that signs its blocks. Never logged. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on, such as `/ip4/127.0.0.1/tcp/0`; none = dial only. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others in place of those listened on (behind a NAT). */
  readonly announce?: readonly string[]
  /** Configured, bootstrap and invite addresses: dialled at the start and redialled for ever. */
  readonly dial?: readonly string[]
  /** 32-byte pre-shared key: peers without it cannot even start the handshake. */
  readonly sharedKey?: Uint8Array
  /** Own node certificate, sent with the hello in a closed federation. */
  readonly certificate?: Uint8Array
  /** IP addresses that several nodes may share without losing score, loopback by default. */
  readonly sharedIps?: readonly string[]
  readonly limits?: Partial<NetworkLimits>
}

/** Numbers of the replicator. */
export interface ReplicationLimits {
  /** A sync with a random peer every this many ms, +-50 %. */
  readonly syncEveryMs: number
  /** Least pause between two sessions with one peer: gaps in gossip ask often. */
  readonly syncGapMs: number
  /** A session without a frame for this long ends. */
  readonly sessionIdleMsMax: number
  /** Of this many ms a session must make use: it ends when it moved fewer useful bytes in them. */
  readonly sessionWindowMs: number
  readonly sessionWindowBytesMin: number
  /** Sessions opened here at once, over all peers. */
  readonly sessionsMax: number
  /** Sessions served at once, over all peers. */
  readonly servedMax: number
  /** How long a session keeps its place though another one wants it, in ms. */
  readonly sessionGraceMs: number
  /** Score at which a peer is disconnected. */
  readonly scoreMax: number
  /** Points that are forgiven each minute. */
  readonly scoreDecayPerMinute: number
  /** How long a peer that misbehaved stays out. */
  readonly expelMs: number
  /** Peers whose counters are kept, connected or not. */
  readonly peersMax: number
  /** Least pause between two HAVE frames to a peer. */
  readonly haveEveryMs: number
  /** Blocks that wait to be told to one peer. */
  readonly haveQueueMax: number
  /** A HAVE stream that carried nothing for this long is closed. */
  readonly haveIdleMs: number
  /** Audits with a random peer, +-10 %: regular, the first after a start, and that after an unclean stop. */
  readonly auditEveryMs: number
  readonly auditFirstMs: number
  readonly auditSoonMs: number
  /** Until the next one after an audit that failed, or that found nobody. */
  readonly auditRetryMs: number
  /** Until the next one after an audit that left damage. */
  readonly auditOpenMs: number
  /** Least time between two audits that one peer is answered. */
  readonly auditServeMsMin: number
  /** An audit that takes longer is given up, on both sides: a peer that dawdles keeps others from theirs. */
  readonly auditMsMax: number
  /** A stream without a first frame for this long is closed. */
  readonly firstFrameMsMax: number
}

/** Defaults of ReplicationLimits. */
export const REPLICATION_LIMITS: ReplicationLimits = Object.freeze({
  syncEveryMs: 10_000,
  syncGapMs: 100,
  sessionIdleMsMax: 60_000,
  // 136 bytes a second: less than any link carries that gossip lives on.
  sessionWindowMs: 120_000,
  sessionWindowBytesMin: 16_384,
  // Each may have 4 MiB of blocks under way.
  sessionsMax: 8,
  servedMax: 16,
  // Over a link of 200 ms that loses a third, STATUS and TIPS take 10 s; a session that finds all claimed
  // ends after 15 s.
  sessionGraceMs: 20_000,
  scoreMax: 100,
  scoreDecayPerMinute: 10,
  expelMs: 600_000,
  peersMax: 1_024,
  // A batch holds what one peer admits in that time: one frame for a thousand blocks in a join.
  haveEveryMs: 50,
  haveQueueMax: 4_096,
  haveIdleMs: 10_000,
  // Damage is rare and a pass over a million block keys takes seconds.
  auditEveryMs: 3_600_000,
  auditFirstMs: 300_000,
  auditSoonMs: 10_000,
  auditRetryMs: 60_000,
  // Another peer may have what the last one had not; each costs a pass on both sides.
  auditOpenMs: 600_000,
  auditServeMsMin: 30_000,
  // The most that one fetches, 1,024 blocks of 64 KiB twice, at 0.2 MB/s.
  auditMsMax: 600_000,
  firstFrameMsMax: 10_000
})
