// Networking: the libp2p adapter, replication, genesis and invites.

export type { AuditRun, AuditWire } from './audits.js'
export { type CanonicalJson, canonicalJson } from './canonical-json.js'
export {
  type GenesisErrorDetail, type InviteErrorDetail, type P2pErrorDetail, GenesisError, InviteError, P2pError
} from './errors.js'
export {
  type Genesis, type GenesisFields, type OpenedGenesis, type TrustParameters,
  DEFAULT_TRUST, GENESIS_LIMITS, createGenesis, genesisBytes, parseGenesis
} from './genesis.js'
export { type Invite, type InviteFields, type Membership, INVITE_LIMITS, decodeInvite, encodeInvite } from './invite.js'
export type { JoinProgress } from './join-progress.js'
export { createLibp2pNetwork } from './libp2p.js'
export type { NetworkCounts, NetworkDeps, PeerNetwork } from './network.js'
export {
  type Greeting, type NetworkLimits, type NetworkOptions, type ReplicationLimits,
  NETWORK_LIMITS, REPLICATION_LIMITS
} from './options.js'
export type { PeerStats } from './peer-book.js'
export { peerNameOf, publicKeyOfPeer } from './peer-name.js'
export {
  type ReplicationStats, type Replicator, type ReplicatorDeps, type ReplicatorOptions, createReplicator
} from './replicator.js'
export type { SessionWire } from './session-run.js'
