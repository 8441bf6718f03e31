// Options of the HTTP server. Limits are local choices, no protocol constants.

/** Where the server listens, whom it answers, and how much it takes. */
export interface ApiOptions {
  /** Address to bind. @default '127.0.0.1' */
  readonly host: string
  /** TCP port; 0 = any free one. @default 8470 */
  readonly port: number
  /** Allows a bind that other machines reach. @default false */
  readonly publicBind: boolean
  /** Host names answered besides loopback's, without port, lower case. @default none */
  readonly allowedHosts: readonly string[]
  /** Bearer token of writes, 16 characters at least. */
  readonly token: string
  /** Body of a JSON request, bytes. @default 1 MiB: a record in JSON is far below it */
  readonly jsonBodyBytesMax: number
  /** Body of a query for many pairs, bytes. @default 4 MiB: 1,000 longest pairs, escaped */
  readonly queryBodyBytesMax: number
  /** Body of signed records, bytes. @default 1,000 records of 32 KiB */
  readonly recordsBodyBytesMax: number
  /** All headers of a request, bytes. @default 16 KiB: a longest subject, percent-encoded, fits thrice */
  readonly headerBytesMax: number
  /** Until the headers of a request are here, ms. @default 10,000 */
  readonly headersTimeoutMs: number
  /** Until a whole request is here, ms. @default 30,000: 32 MiB over a slow link */
  readonly requestTimeoutMs: number
  /** Until an answer must have begun, ms; not for event streams and single queries. @default 30,000 */
  readonly handlerTimeoutMs: number
  /** Open connections. @default 1,024 */
  readonly connectionsMax: number
  /** Open event streams. @default 64 */
  readonly eventStreamsMax: number
  /** Unsent bytes at which a slow event stream is closed; it resumes by Last-Event-ID. @default 256 KiB */
  readonly eventBytesMax: number
  /** Silence after which an event stream gets a comment line, ms. @default 15,000: below proxies' 30 s */
  readonly heartbeatMs: number
  /** Until open requests are cut off when the server stops, ms. @default 5,000: half of a node's stop time */
  readonly stopMsMax: number
}

/** Values for whatever is not given; a token has none. */
export const API_DEFAULTS: Omit<ApiOptions, 'token'> = Object.freeze({
  host: '127.0.0.1',
  port: 8470,
  publicBind: false,
  allowedHosts: [],
  jsonBodyBytesMax: 1_048_576,
  queryBodyBytesMax: 4_194_304,
  recordsBodyBytesMax: 32_768_000,
  headerBytesMax: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  handlerTimeoutMs: 30_000,
  connectionsMax: 1_024,
  eventStreamsMax: 64,
  eventBytesMax: 262_144,
  heartbeatMs: 15_000,
  stopMsMax: 5_000
})

/** Limits of single requests: part of the interface, since clients page and batch by them. */
export const API_LIMITS = {
  /** Records of one POST /v1/records, pairs of one POST /v1/query. */
  batchMax: 1_000,
  /** Blocks of one POST /v1/blocks: the longest of them fit into the body. */
  blocksMax: 100,
  /** Rows of one page, and how many come unasked. */
  /** Peers of `ack=peers:n`, and how long it may wait, in ms: below the server's own limit of an answer. */
  ackPeersMax: 64,
  ackTimeoutMsDefault: 5_000,
  ackTimeoutMsMax: 20_000,
  pageMax: 1_000,
  pageDefault: 100,
  tokenLengthMin: 16
} as const
