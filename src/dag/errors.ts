// Failures of the block graph and of sync. What a peer did wrong ends its session with a code; what is wrong
// with a single block is a rule name in a result, never an exception.

import { CodedError } from '../base/index.js'

/** Why the block graph could not go on: the index contradicts itself and must be rebuilt. */
export type DagFailure =
  | { readonly code: 'DAG_ROW_DAMAGED', readonly family: string, readonly key: string }

/** A failure of the local block graph. */
export class DagError extends CodedError<DagFailure> {}

/** Why a sync session ended early. */
export type SyncFailure =
  | { readonly code: 'SYNC_FRAME', readonly what: string }
  | { readonly code: 'SYNC_OVERSIZED', readonly bytes: number }
  | { readonly code: 'SYNC_UNEXPECTED', readonly what: string }
  | { readonly code: 'SYNC_LIMIT', readonly what: string }
  | { readonly code: 'SYNC_CREDIT', readonly bytes: number }
  | { readonly code: 'SYNC_UNREQUESTED' }
  | { readonly code: 'SYNC_BAD_BLOCK', readonly why: string }
  | { readonly code: 'SYNC_NETWORK' }
  | { readonly code: 'SYNC_VERSION' }
  | { readonly code: 'SYNC_TIMEOUT' }
  | { readonly code: 'SYNC_LINK' }
  | { readonly code: 'SYNC_ABORTED' }

const honest: ReadonlySet<string> = new Set(['SYNC_VERSION', 'SYNC_TIMEOUT', 'SYNC_LINK', 'SYNC_ABORTED'])

/** A sync session that ended early. */
export class SyncError extends CodedError<SyncFailure> {
  /** True when an honest peer of this version never causes it: it costs the peer score. */
  get misbehaviour(): boolean {
    return !honest.has(this.code)
  }
}
