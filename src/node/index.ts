// A running node: configuration, data directory, the parts list, and the face that the API uses.

import '../base/index.js'

export type { AdmitRefusal, AdmitResult, QuarantineRow } from '../ingest/index.js'
export type {
  AuthorityThresholds, Candidate, Density, Judging, KeyRecords, Lens, LensFunction, LensInput, LensResult,
  Standing, Steps, TrustView, VoteInput
} from '../lenses/index.js'
export type {
  AgentExplanation, AgentPage, AgentReport, AgentStep, PredicateAccuracy, PredicateReport, TrustReport
} from './agents.js'
export {
  type Claim, type ClaimLine, type ClaimValue, type GoldFact, type GoldLine, type LineError,
  CLAIMS_LIMITS, readClaims, readGold, splitItem
} from './claims.js'
export { type ClaimRecord, createClaimSigner } from './claim-records.js'
export {
  type ConfigFlags, type Environment, type NodeConfig, dataDirectory, environment, loadConfig
} from './config.js'
export {
  type CreatedDirectory, type DirectoryPaths, type InitFields, type NodeDirectory,
  createKeys, directoryPaths, initDirectory, joinDirectory, readDirectory
} from './directory.js'
export { lockDataDirectory, whileLocked } from './directory-lock.js'
export { type NodeFailure, NodeError } from './errors.js'
export { EVENTS_KEPT } from './events.js'
export { type LoadedKey, readKeyFile, readOwnFile, writeKeyFile } from './key-file.js'
export { createLog, silentLog } from './log.js'
export { ADMIT_RECORDS_MAX, createNode } from './node.js'
export type { NetworkAccess } from './network-file.js'
export { type NodeMode, type OpenedNode, openNode } from './open.js'
export type { NodeParts, NodeSetup } from './setup.js'
export { tagFingerprint } from './state.js'
export { ACK_RECORDS_MAX } from './acks.js'
export type {
  AcknowledgedResult, AckRequest, AuditReport, ChangedAgent, EventPlace, FoundRecord, NodeEvent, NodeStats,
  PeerReport,
  ReadyProgress, ReadyReport, StateReport, StateTagReport, StemeNode, TagAlarmReport, TrustCause, VoteRow
} from './types.js'
export { syncDirectory } from './whole-file.js'
