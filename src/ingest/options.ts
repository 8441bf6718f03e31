// What may be tuned in ingest. None of it decides content: peers with other settings converge all the same.

/** Options of ingest; see DEFAULTS for the reasons. */
export interface IngestOptions {
  /** Worker threads that check signatures, 0..64. 0 = inline on the main thread. */
  readonly verifyWorkers: number
  /** Signatures under way, 64..1,048,576. */
  readonly verifyQueueMax: number
  /** Local records accepted and not yet in an admitted block, 1..1,048,576. */
  readonly backlogRecordsMax: number
  /** The same in bytes. */
  readonly backlogBytesMax: number
  /** Foreign blocks in the log that the index does not hold yet, 1..65,536. */
  readonly unappliedBlocksMax: number
  /** Seal before header and records would pass this, so that a block fits one gossip message. */
  readonly blockBytesTarget: number
  /** Seal at this many records, 1..1,024. */
  readonly blockRecordsTarget: number
  /** Shortest and longest pause between two blocks that are not full, ms; it grows with others' blocks. */
  readonly sealDelayMs: number
  readonly sealDelayMsMax: number
  /** Free space below which blocks of others wait: the larger of bytes and percent of the disk, 0..100. */
  readonly freeBytesMin: number
  readonly freePercentMin: number
  /** Checkpoint at the latest after this many ms or WAL bytes. */
  readonly checkpointMs: number
  readonly checkpointBytes: number
}

/** Defaults of IngestOptions. */
export const DEFAULTS: IngestOptions = Object.freeze({
  // The reference machine has two cores; a second worker takes turns with the main thread.
  verifyWorkers: 2,
  verifyQueueMax: 65_536,
  // About four seconds of writes at the rate that one node verifies.
  backlogRecordsMax: 16_384,
  backlogBytesMax: 67_108_864,
  unappliedBlocksMax: 256,
  // Gossip carries at most 64 KiB; 4 KiB are left for the message's own frame.
  blockBytesTarget: 61_440,
  blockRecordsTarget: 256,
  sealDelayMs: 50,
  // As long as a reader may wait for what is not asked for with `fresh`.
  sealDelayMsMax: 1_000,
  // Room for what is accepted here, and for LevelDB to merge its tables.
  freeBytesMin: 2_147_483_648,
  freePercentMin: 5,
  checkpointMs: 10_000,
  checkpointBytes: 67_108_864
})
