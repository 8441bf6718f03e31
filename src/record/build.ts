// Building records: fields -> payload (the bytes to sign) -> signed record.
// Rule: what a builder returns opens as effective; anything else is refused before it leaves.

import { idBytes, RECORD_LIMITS, type Hash, type NetworkId, type PublicKey } from '../base/index.js'
import { encodeCanonical } from './canonical.js'
import type { CborInput } from './cbor-writer.js'
import { RecordError } from './errors.js'
import type { Signer } from './keys.js'
import { linkTo } from './link.js'
import { attachSignature, signingInput } from './message.js'
import { openRecord } from './open.js'
import type { PredicateSettings, Value, Vector } from './types.js'
import { scalarInput, valueInput } from './value.js'

/** What an assertion says, without its agent. */
export interface AssertionFields {
  readonly timestampMs: number
  readonly subject: string
  readonly predicate: string
  readonly object: Value
  readonly epoch?: Hash | undefined
  readonly lineage?: readonly Hash[] | undefined
  /** Millionths. @default 1,000,000 */
  readonly confidence?: number | undefined
  readonly source?: string | undefined
  readonly vector?: Vector | undefined
}

/** What a vote says, without its agent. */
export interface VoteFields {
  readonly timestampMs: number
  readonly assertion: Hash
  /** Millionths; 0 withdraws. */
  readonly weight: number
}

/** What an epoch record says, without its agent. */
export interface EpochFields {
  readonly timestampMs: number
  readonly name: string
  /** @default none */
  readonly settings?: ReadonlyMap<string, PredicateSettings> | undefined
  readonly supersedes?: Hash | undefined
}

/** A signed assertion. @throws RecordError RECORD_NOT_EFFECTIVE, RECORD_NOT_ENCODABLE */
export function buildAssertion(fields: AssertionFields, signer: Signer, networkId: NetworkId): Uint8Array {
  return signed(assertionPayload(fields, signer.publicKey), signer, networkId)
}

/** A signed vote. @throws RecordError RECORD_NOT_EFFECTIVE, RECORD_NOT_ENCODABLE */
export function buildVote(fields: VoteFields, signer: Signer, networkId: NetworkId): Uint8Array {
  return signed(votePayload(fields, signer.publicKey), signer, networkId)
}

/** A signed epoch record. @throws RecordError RECORD_NOT_EFFECTIVE, RECORD_NOT_ENCODABLE */
export function buildEpoch(fields: EpochFields, signer: Signer, networkId: NetworkId): Uint8Array {
  return signed(epochPayload(fields, signer.publicKey), signer, networkId)
}

/** The bytes of an assertion without its signature; limits are checked once it is signed and opened. */
export function assertionPayload(fields: AssertionFields, agentId: PublicKey): Uint8Array {
  const { lineage, confidence, vector } = fields
  return encodeCanonical({
    k: 'a', a: idBytes(agentId), t: fields.timestampMs,
    s: fields.subject, p: fields.predicate, o: valueInput(fields.object),
    e: fields.epoch && linkTo(fields.epoch),
    l: lineage === undefined || lineage.length === 0 ? undefined : lineage.map(linkTo),
    c: confidence === RECORD_LIMITS.millionthsMax ? undefined : confidence,
    u: fields.source,
    x: vector && { m: vector.model, v: vector.bytes }
  })
}

/** The bytes of a vote without its signature. */
export function votePayload(fields: VoteFields, agentId: PublicKey): Uint8Array {
  const { timestampMs, assertion, weight } = fields
  return encodeCanonical({ k: 'v', a: idBytes(agentId), t: timestampMs, h: linkTo(assertion), w: weight })
}

/** The bytes of an epoch record without its signature. */
export function epochPayload(fields: EpochFields, agentId: PublicKey): Uint8Array {
  const settings = new Map<string, CborInput>()
  for (const [predicate, of] of fields.settings ?? []) settings.set(predicate, settingsInput(of))
  return encodeCanonical({
    k: 'e', a: idBytes(agentId), t: fields.timestampMs, n: fields.name, q: settings,
    u: fields.supersedes && linkTo(fields.supersedes)
  })
}

/** The rule that a payload breaks, undefined when its record will be effective. */
export function payloadFailure(payload: Uint8Array): RecordError | undefined {
  return recordFailure(attachSignature(payload, new Uint8Array(64)))
}

function settingsInput(settings: PredicateSettings): CborInput {
  return {
    c: settings.cardinality === 'one' ? undefined : settings.cardinality,
    t: settings.tolerance,
    v: settings.vocabulary?.map(scalarInput),
    h: settings.halfLifeMs
  }
}

function signed(payload: Uint8Array, signer: Signer, networkId: NetworkId): Uint8Array {
  const record = attachSignature(payload, signer.sign(signingInput('record', networkId, payload)))
  const failure = recordFailure(record)
  if (failure !== undefined) throw failure
  return record
}

function recordFailure(bytes: Uint8Array): RecordError | undefined {
  const opened = openRecord(bytes)
  if (opened.grade === 'effective') return undefined
  const field = opened.grade === 'inert' ? opened.field : undefined
  const message = field === undefined ? opened.rule : `${field}: ${opened.rule}`
  return new RecordError({ code: 'RECORD_NOT_EFFECTIVE', rule: opened.rule, field }, message)
}
