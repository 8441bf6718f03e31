// Records in JSON, under the names that the interfaces use.
// Rule: `payloadFromJson` gives a payload only if its record will be effective; what recordToJson made, it
// takes back.
// Source: docs/formats/record.md#json

import { RECORD_LIMITS, toHex } from '../base/index.js'
import { assertionPayload, epochPayload, payloadFailure, votePayload } from './build.js'
import { isObject, JsonFields } from './json-fields.js'
import { millionthsToJson, scalarToJson, valueToJson, type Json, type JsonObject } from './json-value.js'
import { signatureOf } from './message.js'
import type {
  Assertion, EpochRecord, InvalidRule, PredicateSettings, SchemaRule, StemeRecord, Vote
} from './types.js'
import { vectorValues } from './vector.js'

/** The kinds of records, as the interfaces name them. */
export type RecordKind = StemeRecord['kind']

/** Why some JSON makes no effective record. `field` is the name in the JSON. */
export interface JsonFailure {
  readonly rule: InvalidRule | SchemaRule
  readonly field?: string | undefined
}

/** A record in JSON, its id and signature included. */
export function recordToJson(record: StemeRecord): JsonObject {
  const { kind, id, agentId, timestampMs } = record
  return {
    kind, id, agent_id: agentId, timestamp: timestampMs,
    ...fieldsToJson(record), signature: toHex(signatureOf(record.bytes))
  }
}

/**
 * The bytes to sign for the fields of a record in parsed JSON.
 *
 * `agent_id` and `timestamp` are fields like any other. `kind`, `id` and `signature` may stand beside them;
 * a `kind` must
 * match, the other two are left to the caller.
 */
export function payloadFromJson(
  kind: RecordKind, json: unknown
): { readonly payload: Uint8Array } | JsonFailure {
  if (!isObject(json)) return { rule: 'field-type' }
  const fields = new JsonFields(json)
  const payload = payloadOf(kind, fields)
  const failure = fields.failure(kind)
  if (failure !== undefined) return failure
  const refused = payloadFailure(payload)
  if (refused?.detail.code !== 'RECORD_NOT_EFFECTIVE') return { payload }
  const { rule, field } = refused.detail
  return { rule, field }
}

function fieldsToJson(record: StemeRecord): JsonObject {
  switch (record.kind) {
    case 'assertion': return assertionToJson(record)
    case 'vote': return voteToJson(record)
    case 'epoch': return epochToJson(record)
  }
}

function assertionToJson(record: Assertion): JsonObject {
  const { subject, predicate, object, epoch, lineage, confidence, source, vector } = record
  return {
    subject, predicate, object: valueToJson(object),
    ...(epoch !== undefined && { epoch }),
    lineage,
    confidence: millionthsToJson(confidence),
    ...(source !== undefined && { source }),
    ...(vector !== undefined && { vector: { model: vector.model, values: [...vectorValues(vector)] } })
  }
}

function voteToJson(record: Vote): JsonObject {
  return { assertion_hash: record.assertion, weight: millionthsToJson(record.weight) }
}

function epochToJson(record: EpochRecord): JsonObject {
  const predicates: [string, Json][] = []
  for (const [predicate, settings] of record.settings) predicates.push([predicate, settingsToJson(settings)])
  return {
    name: record.name,
    predicates: Object.fromEntries(predicates),
    ...(record.supersedes !== undefined && { supersedes: record.supersedes })
  }
}

function settingsToJson(settings: PredicateSettings): JsonObject {
  const { cardinality, tolerance, vocabulary, halfLifeMs } = settings
  return {
    cardinality,
    ...(tolerance !== undefined && { tolerance }),
    ...(vocabulary !== undefined && { vocabulary: vocabulary.map(scalarToJson) }),
    ...(halfLifeMs !== undefined && { halfLife: halfLifeMs })
  }
}

/** The payload; of no worth once `fields` has a failure. */
function payloadOf(kind: RecordKind, fields: JsonFields): Uint8Array {
  const agentId = fields.publicKey('agent_id')
  const timestampMs = fields.timestamp('timestamp')
  switch (kind) {
    case 'assertion': return assertionPayload({
      timestampMs,
      subject: fields.text('subject'),
      predicate: fields.text('predicate'),
      object: fields.value('object'),
      epoch: fields.optionalHash('epoch'),
      lineage: fields.hashes('lineage', RECORD_LIMITS.lineageMax),
      confidence: fields.optionalMillionths('confidence'),
      source: fields.optionalText('source'),
      vector: fields.vector('vector')
    }, agentId)
    case 'vote': return votePayload({
      timestampMs, assertion: fields.hash('assertion_hash'), weight: fields.millionths('weight')
    }, agentId)
    case 'epoch': return epochPayload({
      timestampMs,
      name: fields.text('name'),
      settings: fields.settings('predicates'),
      supersedes: fields.optionalHash('supersedes')
    }, agentId)
  }
}
