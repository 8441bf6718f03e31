// Protocol constants of version 1. They decide what is valid or effective on every peer, so they are never
// configuration.
// Each has a test at the limit and at limit + 1.

/** Limits of records: what is over an envelope limit is invalid, over a schema limit inert. */
export const RECORD_LIMITS = {
  /** Envelope: whole record in bytes. */
  recordBytesMax: 32_768,
  /** Envelope: nesting of maps, lists and tags; the record's own map is depth 1. */
  depthMax: 8,
  /** Envelope: UTF-8 bytes of the kind `k`, at least 1. */
  kindBytesMax: 16,
  /** Envelope: ms since 1970. */
  timestampMax: 9_007_199_254_740_991,
  subjectBytesMax: 512,
  predicateBytesMax: 128,
  epochNameBytesMax: 128,
  lineageMax: 16,
  /** Confidence and weight are millionths. */
  millionthsMax: 1_000_000,
  sourceBytesMax: 1_024,
  vectorDimensionsMax: 4_096,
  vectorModelBytesMax: 128,
  textBytesMax: 16_384,
  bytesMax: 4_096,
  referenceBytesMax: 512,
  listMax: 64,
  /** Predicates that one epoch record may settle. */
  settingsMax: 256,
  /** Values of one closed vocabulary. */
  vocabularyMax: 256
} as const

/** Limits of blocks: what is over one of them is an invalid block. */
export const BLOCK_LIMITS = {
  parentsMax: 8,
  recordsMax: 1_024,
  bodyBytesMax: 262_144,
  extBytesMax: 256,
  /** A record's timestamp may be this far past its block's sealedAt. */
  recordAheadMsMax: 300_000
} as const

/** Limits of trust: constants of its result, as those of src/trustrank are. */
export const TRUST_LIMITS = {
  /** A longer value is no class of a closed predicate unless a vocabulary lists it. */
  classBytesMax: 256
} as const

/** Time rules of a node: they only defer. */
export const TIME_LIMITS = {
  /** A local record up to this far ahead of the clock is admitted at once. */
  gatewayAheadMsMax: 30_000,
  /** A local record further ahead than this is refused. */
  quarantineAheadMsMax: 2_592_000_000,
  quarantinePerAgentMax: 10_000,
  /** A feed whose last block was sealed further ahead of the own clock than this is continued no more. */
  behindTipMsMax: 30_000,
  /** A block sealed further ahead of the clock than this waits. */
  blockAheadMsMax: 300_000
} as const
