// Records as the rest of the program sees them, their grades and the names of the rules that decide a grade.
// Wire form and limits: docs/formats/record.md.

import type { Hash, PublicKey } from '../base/index.js'

/**
 * One value: text, boolean, integer, float, bytes, reference to an entity, point in time (ms since 1970).
 * A number is a safe integer or a float that is no whole number up to 2^53; a bigint is an integer from
 * 2^53 on.
 */
export type Scalar = string | boolean | number | bigint | Uint8Array | Reference | TimePoint

/** Reference to an entity by its subject text. */
export interface Reference {
  readonly ref: string
}

/** Point in time in ms since 1970, negative before. */
export interface TimePoint {
  readonly time: number
}

/** What an assertion says: one scalar or a list of up to 64. */
export type Value = Scalar | readonly Scalar[]

/** Embedding that an assertion carries: little-endian float32 `bytes`, 4 per dimension. */
export interface Vector {
  readonly model: string
  readonly bytes: Uint8Array
}

/** How one predicate is judged under an epoch. */
export interface PredicateSettings {
  readonly cardinality: 'one' | 'many'
  /** Numbers and times at most this far apart are the same answer; absent = exact. */
  readonly tolerance?: number | undefined
  /** Closed predicate: the values it may take. */
  readonly vocabulary?: readonly Scalar[] | undefined
  readonly halfLifeMs?: number | undefined
}

/**
 * What every kind of record holds. `bytes` are the original ones: keep and forward them, never a
 * re-encoding.
 */
export interface RecordBase {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly bytes: Uint8Array
}

/** "Subject predicate object", said by an agent. */
export interface Assertion extends RecordBase {
  readonly kind: 'assertion'
  readonly subject: string
  readonly predicate: string
  readonly object: Value
  /** Canonical DAG-CBOR of the object, a part of `bytes`. */
  readonly objectBytes: Uint8Array
  /** Absent = timeless. */
  readonly epoch?: Hash | undefined
  readonly lineage: readonly Hash[]
  /** Millionths, 0..1,000,000. */
  readonly confidence: number
  readonly source?: string | undefined
  readonly vector?: Vector | undefined
}

/** An agent's weight for an assertion. */
export interface Vote extends RecordBase {
  readonly kind: 'vote'
  readonly assertion: Hash
  /** Millionths, 0..1,000,000; 0 withdraws. */
  readonly weight: number
}

/** A paradigm: how predicates are judged. Counts only from a governor of the genesis. */
export interface EpochRecord extends RecordBase {
  readonly kind: 'epoch'
  readonly name: string
  readonly settings: ReadonlyMap<string, PredicateSettings>
  readonly supersedes?: Hash | undefined
}

/** An effective record. */
export type StemeRecord = Assertion | Vote | EpochRecord

/** Rules of canonical DAG-CBOR. */
export type CborRule =
  | 'cbor-cut' | 'cbor-trailing' | 'cbor-head' | 'cbor-shortest' | 'cbor-depth' | 'cbor-key' | 'cbor-order'
  | 'cbor-utf8' | 'cbor-bom' | 'cbor-tag' | 'cbor-cid' | 'cbor-simple' | 'cbor-float' | 'cbor-reencode'

/** Rules of the envelope: a record that breaks one is invalid for everyone, in every version. */
export type InvalidRule =
  | CborRule | 'record-size' | 'record-map' | 'envelope-kind' | 'envelope-agent' | 'envelope-timestamp'
  | 'envelope-signature' | 'signature'

/**
 * Rules of the schema: a record that breaks one is admitted and has no effect. `field-text` (a text no
 * record can hold)
 * and `field-decimal` (more than 6 places) are broken by JSON only, before there is a record.
 */
export type SchemaRule =
  | 'unknown-kind' | 'unknown-field' | 'missing-field' | 'field-type' | 'field-size' | 'field-range' | 'field-twice'
  | 'field-text' | 'field-decimal'

/** A broken envelope. */
export interface Invalid {
  readonly grade: 'invalid'
  readonly rule: InvalidRule
}

/** A valid envelope around something this version gives no effect. `field` is the name the interfaces use. */
export interface Inert {
  readonly grade: 'inert'
  readonly rule: SchemaRule
  readonly field?: string | undefined
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly bytes: Uint8Array
  /** 64 bytes, a part of `bytes`. */
  readonly signature: Uint8Array
}

/** A record for which all rules hold. */
export interface Effective {
  readonly grade: 'effective'
  readonly record: StemeRecord
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly bytes: Uint8Array
  /** 64 bytes, a part of `bytes`. */
  readonly signature: Uint8Array
}

/** The grade of some bytes. */
export type Opened = Invalid | Inert | Effective

/** One signature with its verdict under the rule STRICT; hex. */
export interface EdgeVector {
  readonly name: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}
