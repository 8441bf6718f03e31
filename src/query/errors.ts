// Expected failures of queries. Codes are API. An unknown lens and a key without candidates are LensErrors.

import { CodedError } from '../base/index.js'

/** Every expected failure of this folder. */
export type QueryErrorDetail =
  /** The slots and the queue of the slow path are taken: ask again after `retryAfterMs`. */
  | { readonly code: 'QUERY_BUSY'; readonly retryAfterMs: number }
  /** The slow path, waiting for what a fresh answer follows from, or a call took longer than `limitMs`. */
  | { readonly code: 'QUERY_TIMEOUT'; readonly limitMs: number; readonly waitsFor?: 'trust' | 'records' }
  /** Whoever asked has gone: the rest of the call was not computed. */
  | { readonly code: 'QUERY_ABORTED' }
  /** More requests in one call than `max`. */
  | { readonly code: 'QUERY_TOO_MANY'; readonly max: number }
  /** The cursor of a page is not one that this node gave. */
  | { readonly code: 'QUERY_CURSOR' }
  /** What a page follows from has changed since the page before: begin anew. */
  | { readonly code: 'QUERY_CHANGED' }
  /** A field of the request is out of its range. */
  | { readonly code: 'QUERY_RANGE'; readonly field: string }

/** An expected failure of a query. */
export class QueryError extends CodedError<QueryErrorDetail> {}

/** A field of a request that is out of its range. */
export function outOfRange(field: string, text: string = `${field} is out of its range`): QueryError {
  return new QueryError({ code: 'QUERY_RANGE', field }, text)
}
