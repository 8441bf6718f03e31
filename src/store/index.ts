// The index of everything: one LevelDB database, derived from the ledger and checked against it.

export { BATCH_ROWS, type Entry, type RangeOptions, type Reader, type Snapshot } from './reader.js'
export { type Batch, isAccounted } from './batch.js'
export { type DirectoryLock, lockDirectory } from './directory-lock.js'
export { openLevel } from './disk-level.js'
export { StoreError, type OpenFailure, type RebuildReason, type StoreErrorDetail } from './errors.js'
export {
  gatherAll, type GatheredCandidate, gatherKey, type GatheredKey, type GatherOptions
} from './gather.js'
export { FAMILY, keys } from './keys.js'
export type {
  FilePrint, FileSize, LevelDatabase, LevelIterator, LevelIteratorOptions, LevelOperation, LevelReadOptions,
  LevelSnapshot, LevelSource, PrintVerdict
} from './level.js'
export { type Identity, type Marker, readMarker } from './marker.js'
export type { StoreDeps } from './open.js'
export {
  FORMAT_VERSION, LEVEL_DEFAULTS, type LevelOptions, STORE_DEFAULTS, type StoreOptions
} from './options.js'
export {
  candidateId, type KeyParts, type MarkParts, parseByAgent, parseByPredicate, parseCandidate, parseFeed,
  parseHolder, parseId, parseMark, parseQuarantined, parseReference, parseTip, parseView, parseVote,
  parseWaiting
} from './parse.js'
export { behind, type KeyRange, ranges, under } from './ranges.js'
export {
  type BlockRow, type CandidateFields, type CandidateRow, decodeAgentRow, decodeBlockRow, decodeCandidateRow,
  decodeEpochRow, decodeForkRow, decodeMarkRow, decodeNumberRow, decodeVoteRow, EMPTY, encodeAgentRow,
  encodeBlockRow, encodeCandidateRow, encodeEpochRow, encodeForkRow, encodeMarkRow, encodeNumberRow,
  encodeVoteRow, type EpochRow, headerOfBlockRow, MARK_IDS_MAX, type MarkRow, OBJECT_INLINE_BYTES_MAX,
  type RowKind, SOURCE_INLINE_BYTES_MAX, totalOfMarkRow
} from './rows.js'
export { openStore, type Store } from './store.js'
export { decodeTotals, encodeTotals, NO_TOTALS, sameRows, type Totals } from './totals.js'
export type { ScanOptions, Verification } from './verify.js'
export { type GatheredVote, votesOn } from './votes.js'
