// What admission answers, what it hands to the ingestor, and what ingest tells those who listen.

import type { Hash } from '../base/index.js'
import type { BlockHeader, OpenedRecord } from '../dag/index.js'

/** What became of one submitted record. A `quarantined` record is durable and admitted at `releaseMs`. */
export type AdmitResult =
  | { readonly kind: 'admitted'; readonly id: Hash }
  | { readonly kind: 'known'; readonly id: Hash }
  | { readonly kind: 'quarantined'; readonly id: Hash; readonly releaseMs: number }
  | { readonly kind: 'refused'; readonly code: AdmitRefusal; readonly rule: string }

/** Why a local record is refused. Nothing of it is kept. */
export type AdmitRefusal =
  | 'RECORD_INVALID'
  | 'RECORD_SIGNATURE'
  | 'RECORD_INERT'
  | 'RECORD_TOO_LARGE'
  | 'RECORD_TOO_FAR_AHEAD'
  | 'QUARANTINE_FULL'
  | 'INGEST_BUSY'
  | 'NODE_READ_ONLY'
  | 'NODE_NO_SPACE'
  | 'NODE_STOPPING'

/** A checked block of another node with its opened records. */
export interface PreparedBlock {
  readonly header: BlockHeader
  readonly records: readonly OpenedRecord[]
}

/** One ingest step that is in the store: what it added. */
export interface AppliedStep {
  /** Last WAL sequence that the step covers. */
  readonly cursor: number
  readonly blocks: readonly Hash[]
  /** Records that were not here before, with their kind: assertion, vote, epoch or inert. */
  readonly records: readonly { readonly id: Hash; readonly kind: string }[]
  /** Keys that the step left marks for. */
  readonly keys: readonly { readonly subject: string; readonly predicate: string }[]
  /** True when the step wrote a dirty mark or asked for a sweep. */
  readonly dirty: boolean
}
