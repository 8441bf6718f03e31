// What can fail in this folder. Foreign records are graded, not thrown: see types.ts.

import { CodedError } from '../base/index.js'
import type { CborRule, InvalidRule, SchemaRule } from './types.js'

/** The closed set of failures of src/record. */
export type RecordErrorDetail =
  | { readonly code: 'RECORD_NOT_CANONICAL'; readonly rule: CborRule; readonly offsetBytes: number }
  | { readonly code: 'RECORD_NOT_ENCODABLE'; readonly why: string }
  | { readonly code: 'RECORD_NOT_EFFECTIVE'; readonly rule: InvalidRule | SchemaRule; readonly field?: string | undefined }
  | { readonly code: 'RECORD_KEY_UNREADABLE' }
  | { readonly code: 'RECORD_SELF_TEST'; readonly backend: string; readonly vector: string }

/** A failure of src/record; `code` is stable. */
export class RecordError extends CodedError<RecordErrorDetail> {}

/** The failure that canonical decoding throws. */
export function notCanonical(rule: CborRule, offsetBytes: number): RecordError {
  return new RecordError({ code: 'RECORD_NOT_CANONICAL', rule, offsetBytes }, `${rule} at byte ${offsetBytes}`)
}

/** The failure of values that have no canonical form. */
export function notEncodable(why: string): RecordError {
  return new RecordError({ code: 'RECORD_NOT_ENCODABLE', why }, why)
}
