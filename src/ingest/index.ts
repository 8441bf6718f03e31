// From bytes to index: gates, ledger frames, ingestor, sealer, quarantine.

export { IngestError, type IngestFailure } from './errors.js'
export { decodeOwnBlock, encodeOwnBlock, FRAME, type OwnBlockFrame } from './frames.js'
export { createIngest, type Ingest, type IngestCounts, type IngestDeps } from './ingest.js'
export { DEFAULTS, type IngestOptions } from './options.js'
export type { QuarantineRow } from './quarantine-rows.js'
export type { FeedIdentity } from './own-block.js'
export { isBehindTip } from './sealer.js'
export type { AdmitRefusal, AdmitResult, AppliedStep } from './types.js'
export type { VerifyJob } from './verify-job.js'
export { createVerifyPool, type VerifyPool } from './verify-pool.js'
