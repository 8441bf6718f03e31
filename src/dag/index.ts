// Block graph: block format, validity, admission, heads, frontier, and the sync session. No sockets.
// Bytes: docs/formats/block.md, docs/formats/sync.md.

export { isAudit } from './audit-frames.js'
export { type AuditSample, isWholeBlock, sampleBodies } from './audit-sample.js'
export { type AuditServer, createAuditServer } from './audit-serve.js'
export {
  type Audit, type AuditResult, type AuditSession, type RepairOutcome, auditFetchMax, createAudit
} from './audit-session.js'
export {
  type Block, type BlockRule, type DecodedAnnouncement, type DecodedBlock, type SealFields,
  blockBytesMax, blockIdOf, decodeAnnouncement, decodeBlock, encodeAnnouncement, encodeBlock, sealBlock
} from './block.js'
export {
  type Certificate, decodeCertificate, encodeCertificate, issueCertificate, verifyCertificate
} from './certificate.js'
export { type Claims } from './claims.js'
export { openDag } from './dag.js'
export { type Deferred } from './deferred.js'
export { type DagFailure, type SyncFailure, DagError, SyncError } from './errors.js'
export { type BlockPlace } from './block-rows.js'
export { type NodeTip } from './feeds.js'
export { type FrontierView, type Tip, frontierRootOf } from './frontier.js'
export {
  type BlockHeader, type DecodedHeader, type HeaderFields, type HeaderRule,
  decodeHeader, feedOf, headerBytesMax, sealHeader
} from './header.js'
export { type Holdings, createHoldings } from './holdings.js'
export { type DagOptions, type SyncTuning, DAG_DEFAULTS, SYNC_DEFAULTS } from './options.js'
export { type Pending, type PendingBlock, type PendingLimits, type PendingRun } from './pending.js'
export { recordsRoot } from './root.js'
export { decodeHave, encodeHave, haveIdsMax, isHave } from './sync-have.js'
export { type Status, syncFrameBytesMax } from './sync-frames.js'
export { createSyncSession } from './sync-session.js'
export type {
  SyncDeps, SyncOptions, SyncProgress, SyncRemote, SyncResult, SyncSession
} from './sync-types.js'
export {
  type DecodedTag, type StateTag, type TagBook, type TagFields,
  comparable, createTagBook, decodeTag, sameAnswers, signTag, tagVersion, verifyTag, viewDigestAlgorithm
} from './tag.js'
export { type Dag, type DagCounts, type Fork, type Placement } from './types.js'
export {
  type AdmissionRules, type OpenedBody, type OpenedRecord, type ValidityRule, type Verify,
  isAhead, openBody, trailingZeroBits, verifyBody, verifyHeader, verifyLink, verifyTimes
} from './validity.js'
