// Expected failures of the store.

import { CodedError } from '../base/index.js'

/** Why an index cannot be used and must be rebuilt from the ledger. */
export type RebuildReason =
  | 'format' | 'schema' | 'missing' | 'emptied' | 'behind' | 'damaged' | 'marker' | 'condemned'

/** What can fail in the store, closed. */
export type StoreErrorDetail =
  | { readonly code: 'STORE_LOCKED'; readonly directory: string; readonly holder?: string }
  /** The lock of the directory is damaged, or the platform refuses it. */
  | { readonly code: 'STORE_LOCK_UNUSABLE'; readonly directory: string }
  | { readonly code: 'STORE_FOREIGN_NETWORK'; readonly expected: string; readonly found: string }
  | { readonly code: 'STORE_OPEN_FAILED'; readonly directory: string; readonly kind: OpenFailure }
  | { readonly code: 'STORE_NEEDS_REBUILD'; readonly reason: RebuildReason }
  | { readonly code: 'STORE_READ_FAILED' }
  /** The disk is full. Writing goes on once there is room, unless LevelDB refuses: then after a restart. */
  | { readonly code: 'STORE_NO_SPACE' }
  | { readonly code: 'STORE_WRITE_FAILED' }
  /** Nothing is lost and the last checkpoint stands: try again later. */
  | { readonly code: 'STORE_CHECKPOINT_FAILED'; readonly reason: 'no-space' | 'failed' }
  | { readonly code: 'STORE_BAD_ROW'; readonly family: string }
  | { readonly code: 'STORE_CLOSED' }

/** Why a database did not open: missing, damaged, or refused by the platform (rights, space, open files). */
export type OpenFailure = 'missing' | 'damaged' | 'platform'

/** An expected failure of the store. */
export class StoreError extends CodedError<StoreErrorDetail> {}

/** True when a cause says that the disk, or a quota, is full. LevelDB tells it in its message alone. */
export function saysNoSpace(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  const code: unknown = Reflect.get(cause, 'code')
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'STORE_NO_SPACE') return true
  return /No space left on device|Disk quota exceeded/.test(cause.message) || saysNoSpace(cause.cause)
}

/** The error of a row or key that does not have its family's form: damage, or another format. */
export function badRow(family: string): StoreError {
  const detail = { code: 'STORE_BAD_ROW', family } as const
  return new StoreError(detail, `the index holds a malformed row of ${family}`)
}
