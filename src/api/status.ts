// HTTP status of each stable error code, those of the folders below included.
// A code that stands in no row is our own fault: 500.

/** What a problem document says besides its code. */
export interface CodeFacts {
  readonly status: number
  readonly title: string
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number
}

const facts = new Map<string, CodeFacts>([
  ['URL_MALFORMED', { status: 400, title: 'The URL cannot be read' }],
  ['REQUEST_MALFORMED', { status: 400, title: 'The request is not HTTP' }],
  ['INPUT_INVALID', { status: 400, title: 'A field of the request breaks its rule' }],
  ['JSON_MALFORMED', { status: 400, title: 'The body is not acceptable JSON' }],
  ['CBOR_MALFORMED', { status: 400, title: 'The body is not well-formed CBOR' }],
  ['BATCH_EMPTY', { status: 400, title: 'The batch is empty' }],
  ['LENS_UNKNOWN', { status: 400, title: 'There is no such lens' }],
  ['QUERY_RANGE', { status: 400, title: 'A field of the query is out of its range' }],
  ['QUERY_CURSOR', { status: 400, title: 'The cursor is not one of this route' }],
  ['NODE_CURSOR', { status: 400, title: 'The cursor is not one of this list' }],
  ['TOKEN_MISSING', { status: 401, title: 'Writes need the bearer token' }],
  ['TOKEN_WRONG', { status: 401, title: 'The bearer token is not the one of this node' }],
  ['HOST_NOT_ALLOWED', { status: 403, title: 'The Host header names no host of this node' }],
  ['ROUTE_NOT_FOUND', { status: 404, title: 'There is no such route' }],
  ['RECORD_NOT_FOUND', { status: 404, title: 'No such record is here' }],
  ['SUBJECT_NOT_FOUND', { status: 404, title: 'Nothing is said of this subject' }],
  ['AGENT_NOT_FOUND', { status: 404, title: 'Nothing was ever heard of this agent' }],
  ['LENS_NO_CANDIDATES', { status: 404, title: 'The lens finds nothing to choose from' }],
  ['MEDIA_TYPE_NOT_ACCEPTABLE', { status: 406, title: 'None of the accepted media types is offered' }],
  ['REQUEST_TIMEOUT', { status: 408, title: 'The request did not arrive in time' }],
  ['QUERY_CHANGED', { status: 409, title: 'What is said has changed since the page before' }],
  ['NETWORK_OTHER', { status: 409, title: 'This node belongs to another network' }],
  ['BODY_TOO_LARGE', { status: 413, title: 'The body is over the limit of this route' }],
  ['QUERY_TOO_MANY', { status: 413, title: 'The batch is over its limit' }],
  ['BATCH_TOO_LARGE', { status: 413, title: 'The batch is over its limit' }],
  ['RECORD_TOO_LARGE', { status: 413, title: 'The record is over its limit' }],
  ['MEDIA_TYPE_UNSUPPORTED', { status: 415, title: 'The body has a media type that this route does not take' }],
  ['RECORD_FIELD', { status: 422, title: 'A field makes no record' }],
  ['RECORD_INVALID', { status: 422, title: 'The bytes are no record' }],
  ['RECORD_SIGNATURE', { status: 422, title: 'The signature does not hold in this network' }],
  ['RECORD_INERT', { status: 422, title: 'The record would have no effect' }],
  ['RECORD_TOO_FAR_AHEAD', { status: 422, title: 'The timestamp is too far ahead' }],
  ['QUARANTINE_FULL', { status: 429, title: 'The agent has too many records in quarantine', retryAfter: 60 }],
  ['HEADERS_TOO_LARGE', { status: 431, title: 'The headers are over the limit' }],
  ['INGEST_BUSY', { status: 503, title: 'The log is behind', retryAfter: 1 }],
  ['NODE_ACK_BUSY', { status: 503, title: 'Too many records wait for acknowledgements', retryAfter: 1 }],
  ['QUERY_BUSY', { status: 503, title: 'Too many slow queries run', retryAfter: 1 }],
  ['QUERY_ABORTED', { status: 503, title: 'Whoever asked has gone' }],
  ['QUERY_TIMEOUT', { status: 503, title: 'The query took too long', retryAfter: 5 }],
  ['ANSWER_TIMEOUT', { status: 503, title: 'The answer took too long', retryAfter: 5 }],
  ['EVENT_STREAMS_FULL', { status: 503, title: 'Too many event streams are open', retryAfter: 30 }],
  ['NODE_NO_SPACE', { status: 503, title: 'The disk is full: reads alone until there is room', retryAfter: 60 }],
  ['NODE_READ_ONLY', { status: 503, title: 'The log has failed: reads alone until a restart', retryAfter: 60 }],
  ['NODE_NOT_READY', { status: 503, title: 'The node is starting', retryAfter: 2 }],
  ['NODE_STOPPED', { status: 503, title: 'The node has stopped', retryAfter: 10 }],
  ['NODE_TRUST_BUSY', { status: 503, title: 'Too many questions about trust wait', retryAfter: 1 }],
  ['NODE_TRUST_WORKER', { status: 503, title: 'Trust is being computed anew', retryAfter: 5 }],
  ['NODE_STOPPING', { status: 503, title: 'The node is stopping', retryAfter: 10 }]
])

const internal: CodeFacts = { status: 500, title: 'The node failed' }

/** Status, title and retry time of a code. */
export function factsOf(code: string): CodeFacts {
  return facts.get(code) ?? internal
}

/** True when a code is part of the interface. */
export function isPublicCode(code: string): boolean {
  return facts.has(code)
}
