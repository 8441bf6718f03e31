// Computing trust: from ballot columns to a snapshot and the reasons of each agent's values.

import { type Explanation, explain } from './explain.js'
import { fieldOf } from './field.js'
import { findFixedPoint } from './fixed-point.js'
import type { BallotColumns } from './columns.js'
import { blake3Hash, type PublicKey } from '../base/index.js'
import { TRUST_CONSTANTS, type TrustPolicy } from './parameters.js'
import { publish } from './publish.js'
import { encodePublished } from './published.js'
import { wholeRecord } from './record.js'
import { type SnapshotPlace, snapshotOf } from './snapshot.js'
import type { TrustSnapshot } from './types.js'

/** A snapshot with what stands behind it. */
export interface ComputedTrust {
  readonly snapshot: TrustSnapshot
  /** Its published values, as `encodePublished` writes them. */
  readonly bytes: Uint8Array
  /** Rounds until no winner changed. */
  readonly rounds: number
  /** Why an agent's values are what they are; undefined for one outside the columns. Cost: O(rows). */
  explain(agent: PublicKey): Explanation | undefined
  /** Hits and ballots of an agent's track record, Q16; undefined for one outside the columns. */
  record(agent: PublicKey): { readonly ballots: number; readonly hits: number } | undefined
}

/**
 * Trust over all ballots of a network.
 *
 * Deterministic: equal columns and policies give equal published bytes, on every engine.
 * @param columns made by a ballot book, at most 2^26 rows
 * Cost: about 1 s and 60 MB for 200,000 ballots; no I/O. Source: docs/trust.md, docs/formats/trust.md
 */
export function computeTrust(
  columns: BallotColumns, policy: TrustPolicy, place: SnapshotPlace = { generation: 0 }
): ComputedTrust {
  const field = fieldOf(columns, policy, TRUST_CONSTANTS)
  const point = findFixedPoint(field)
  const published = publish(field, point)
  const bytes = encodePublished(published)
  let indices: ReadonlyMap<PublicKey, number> | undefined
  return {
    snapshot: snapshotOf(published, place, blake3Hash(bytes)),
    bytes,
    rounds: point.rounds,
    explain: (agent) => explain(field, point, agent),
    record(agent) {
      indices ??= new Map(columns.agents.map((key, at) => [key, at]))
      const at = indices.get(agent)
      if (at === undefined) return undefined
      return wholeRecord(point.records, at)
    }
  }
}
