// What lenses read: records, trust, epochs.
// Rule: whole numbers only; weights are Q16 (65,536 = one).

import type { Hash, PublicKey } from '../base/index.js'
import type { Value } from '../record/index.js'
import type { EpochView } from './epochs.js'

/** An effective assertion as lenses see it; an `Assertion` is one. */
export interface Candidate {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly epoch?: Hash | undefined
  readonly object: Value
  /** Canonical DAG-CBOR of the object: equal bytes are the same value. */
  readonly objectBytes: Uint8Array
  /** Millionths. */
  readonly confidence: number
  readonly source?: string | undefined
}

/** An effective vote as lenses see it; a `Vote` is one. */
export interface VoteInput {
  readonly id: Hash
  readonly assertion: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  /** Millionths; 0 withdraws. */
  readonly weight: number
}

/** All effective assertions of one (subject, predicate) and all effective votes on them, in any order. */
export interface KeyRecords {
  readonly subject: string
  readonly predicate: string
  readonly candidates: readonly Candidate[]
  readonly votes: readonly VoteInput[]
}

/** What ballots for the values of a closed predicate are worth. */
export interface ClosedView {
  /** Class of a value, -1 = none. */
  classOf(objectBytes: Uint8Array): number
  /** Q16 bits by class that its base rate gives it, at least 0. */
  readonly baseBits: Int32Array
  /** Q16 bits by class that a ballot of the agent for class `said` gives it, at least 0, without its gate. */
  support(agent: PublicKey, said: number): Int32Array
}

/** Published trust, as far as lenses read it. A snapshot of src/trustrank is one. */
export interface TrustView {
  /** Counts the published snapshots of this node; local, in nothing that is hashed. */
  readonly generation: number
  /** Frontier that the snapshot was computed from; absent = it holds for any. Local as well. */
  readonly frontierRoot?: Hash | undefined
  /** Weight of an agent's ballot on an item with that many clusters: Q16 bits, 0..6 * 65,536. */
  weightQ(agent: PublicKey, clusters: number, predicate?: string): number
  /** Q16: share of its weight that an agent's ballot of that time keeps. */
  gateQ(agent: PublicKey, timestampMs: number): number
  /** Undefined where answers are weighed by `weightQ` alone. */
  closedWorth(predicate: string): ClosedView | undefined
  /** Agents of one clone group are one voice per cluster; undefined = the agent stands alone. */
  groupOf(agent: PublicKey): number | undefined
  /** Accuracy in steps of 1/1024; under a predicate, or over all. */
  accuracy(agent: PublicKey, predicate?: string): number
  /** Standing in steps of 1/1024. */
  standing(agent: PublicKey): number
}

/** Whom the lens Authority hears: steps of 1/1024, both at least. */
export interface AuthorityThresholds {
  readonly standing: number
  readonly accuracy: number
}

/** Under what the records are judged. */
export interface Judgement {
  readonly epochs: EpochView
  readonly trust: TrustView
  /** Absent = DEFAULT_AUTHORITY. */
  readonly authority?: AuthorityThresholds | undefined
  /** Only records up to this time count; absent = all. */
  readonly asOfMs?: number | undefined
  /** True = the answer lists the records that back its winner. */
  readonly explain?: boolean | undefined
}
