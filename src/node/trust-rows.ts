// Published trust in the index: the snapshot under its generation, and which one is current.
// Rule: a snapshot is stored before it is made current; of two only the current one is believed, and only
// when its bytes have the digest that was noted. Rows: docs/formats/keyspace.md.

import { blake3Hash, type Hash, hashOf, idBytes } from '../base/index.js'
import { type Batch, decodeNumberRow, encodeNumberRow, keys, type Reader } from '../store/index.js'
import {
  computeTrust, createBallotBook, decodePublished, snapshotOf, type TrustPolicy, type TrustSnapshot
} from '../trustrank/index.js'

/** meta: generation 8, WAL sequence 8, trust digest 32, then the frontier 32 if it is known. */
const CURRENT_ROW = keys.meta('trust')
const NUMBER_BYTES = 8
const HASH_BYTES = 32
const DIGEST_AT = 2 * NUMBER_BYTES
const FRONTIER_AT = DIGEST_AT + HASH_BYTES

/** A state of the node that a snapshot covers: it was computed from all that this held, and maybe more. */
export interface CoveredState {
  readonly frontierRoot?: Hash | undefined
  /** WAL sequence. */
  readonly cursor: number
}

/** Trust of a network in which nothing was said yet: what genesis says of its seeds. */
export function firstTrust(policy: TrustPolicy): TrustSnapshot {
  return computeTrust(createBallotBook(policy.roundMs, policy.seeds).columns(), policy).snapshot
}

/** What the index says of published trust. */
export interface StoredTrust {
  /** The snapshot that is current; the first one when there is none, or none that is whole. */
  readonly snapshot: TrustSnapshot
  /** Views were computed under a snapshot that cannot be read any more. */
  readonly lost: boolean
}

/** Reads the snapshot that is current. */
export function readTrust(reader: Reader, policy: TrustPolicy): StoredTrust {
  const row = reader.get(CURRENT_ROW)
  if (row === undefined) return { snapshot: firstTrust(policy), lost: false }
  const generation = decodeNumberRow(row.subarray(0, NUMBER_BYTES))
  const frontier = row.subarray(FRONTIER_AT)
  const place = { generation, frontierRoot: frontier.length === HASH_BYTES ? hashOf(frontier) : undefined }
  const bytes = reader.get(snapshotKey(generation))
  const digest = hashOf(row.subarray(DIGEST_AT, FRONTIER_AT))
  const isWhole = bytes !== undefined && blake3Hash(bytes) === digest
  const published = isWhole ? decodePublished(bytes) : undefined
  if (published !== undefined) return { snapshot: snapshotOf(published, place, digest), lost: false }
  return { snapshot: { ...firstTrust(policy), generation }, lost: true }
}

/** Stores a snapshot that is to become current. */
export function stageNext(batch: Batch, generation: number, bytes: Uint8Array): void {
  batch.put(snapshotKey(generation), bytes)
}

/** Makes a stored snapshot current and removes the one before. */
export function stageCurrent(
  batch: Batch, next: TrustSnapshot, before: number, { cursor }: CoveredState
): void {
  const { generation, digest, frontierRoot } = next
  batch.put(CURRENT_ROW, Buffer.concat([
    encodeNumberRow(generation), encodeNumberRow(cursor), idBytes(digest),
    ...(frontierRoot === undefined ? [] : [idBytes(frontierRoot)])
  ]))
  if (before !== generation) batch.delete(snapshotKey(before))
}

function snapshotKey(generation: number): Uint8Array {
  return keys.trust(generation.toString(16).padStart(16, '0'))
}
