// Failures of ingest that end a start or a call. What a stranger sends is a Verdict, never one of these.

import { CodedError, type Hash } from '../base/index.js'

/**
 * Expected failures. INGEST_LEDGER_GAP: a block of ours names a record frame that the ledger does not hold.
 */
export type IngestFailure =
  | { readonly code: 'INGEST_FRAME_INVALID'; readonly sequence: number; readonly rule: string }
  | { readonly code: 'INGEST_LEDGER_GAP'; readonly block: Hash; readonly sequence: number }
  | { readonly code: 'INGEST_STOPPED' }

/** Carries an IngestFailure. */
export class IngestError extends CodedError<IngestFailure> {}
