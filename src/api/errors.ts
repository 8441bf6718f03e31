// Failures of the HTTP layer. Codes are stable interface; the status of each, and of the codes that come from
// below, stands in status.ts.

import { CodedError } from '../base/index.js'
import type { AdmitRefusal } from '../node/index.js'

/** What can be wrong with a request or with starting the server. */
export type ApiErrorDetail =
  | { readonly code: 'URL_MALFORMED' }
  | { readonly code: 'REQUEST_MALFORMED' }
  | { readonly code: 'REQUEST_TIMEOUT' }
  | { readonly code: 'HEADERS_TOO_LARGE' }
  | { readonly code: 'INPUT_INVALID'; readonly field: string }
  | { readonly code: 'JSON_MALFORMED' }
  | { readonly code: 'CBOR_MALFORMED'; readonly offset: number }
  | { readonly code: 'TOKEN_MISSING' }
  | { readonly code: 'TOKEN_WRONG' }
  | { readonly code: 'HOST_NOT_ALLOWED' }
  | { readonly code: 'ROUTE_NOT_FOUND' }
  | { readonly code: 'RECORD_NOT_FOUND' }
  | { readonly code: 'SUBJECT_NOT_FOUND' }
  | { readonly code: 'AGENT_NOT_FOUND' }
  | { readonly code: 'NETWORK_OTHER'; readonly networkId: string }
  | { readonly code: 'BODY_TOO_LARGE' }
  | { readonly code: 'BATCH_TOO_LARGE'; readonly max: number }
  | { readonly code: 'BATCH_EMPTY' }
  | { readonly code: 'MEDIA_TYPE_UNSUPPORTED' }
  | { readonly code: 'MEDIA_TYPE_NOT_ACCEPTABLE' }
  | { readonly code: 'RECORD_FIELD'; readonly rule: string; readonly field: string }
  | { readonly code: AdmitRefusal; readonly rule: string }
  | { readonly code: 'EVENT_STREAMS_FULL' }
  | { readonly code: 'ANSWER_TIMEOUT' }
  | { readonly code: 'API_PUBLIC_BIND'; readonly host: string }
  | { readonly code: 'API_TOKEN_SHORT'; readonly min: number }
  | { readonly code: 'API_ADDRESS'; readonly address: string; readonly reason: string }

/** A failure of the HTTP layer. */
export class ApiError extends CodedError<ApiErrorDetail> {}
