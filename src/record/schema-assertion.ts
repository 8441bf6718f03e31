// Assertions and votes: their fields on the wire and the rules of each.
// Source: docs/formats/record.md#assertion, docs/formats/record.md#vote

import { RECORD_LIMITS, type Hash } from '../base/index.js'
import type { CborValue } from './cbor-reader.js'
import type { Envelope } from './envelope.js'
import { Broken, isCborList, linkField, millionthsField, textField } from './field.js'
import type { Assertion, RecordBase, Value, Vector, Vote } from './types.js'
import { valueOf } from './value.js'

/** The assertion in an envelope of kind `a`, or the rule it breaks. */
export function readAssertion(envelope: Envelope, base: RecordBase): Assertion | Broken {
  const { keys, values, objectBytes } = envelope
  const draft: AssertionDraft = { ...emptyDraft }
  for (let i = 0; i < keys.length; i += 1) {
    const broken = readAssertionField(draft, keys[i] ?? '', values[i] ?? null)
    if (broken !== undefined) return broken
  }
  const { subject, predicate, object, epoch, lineage, confidence, source, vector } = draft
  if (subject === undefined) return new Broken('missing-field', 'subject')
  if (predicate === undefined) return new Broken('missing-field', 'predicate')
  if (object === undefined || objectBytes === undefined) return new Broken('missing-field', 'object')
  const { id, agentId, timestampMs, bytes } = base
  return {
    kind: 'assertion', id, agentId, timestampMs, bytes,
    subject, predicate, object, objectBytes, epoch, lineage, confidence, source, vector
  }
}

/** The vote in an envelope of kind `v`, or the rule it breaks. */
export function readVote(envelope: Envelope, base: RecordBase): Vote | Broken {
  const { keys, values } = envelope
  let assertion: Hash | undefined
  let weight: number | undefined
  for (let i = 0; i < keys.length; i += 1) {
    const value = values[i] ?? null
    switch (keys[i]) {
      case 'k': case 'a': case 't': case 'z': break
      case 'h': {
        const link = linkField(value, 'assertion_hash')
        if (link instanceof Broken) return link
        assertion = link
        break
      }
      case 'w': {
        const millionths = millionthsField(value, 'weight')
        if (millionths instanceof Broken) return millionths
        weight = millionths
        break
      }
      default: return new Broken('unknown-field')
    }
  }
  if (assertion === undefined) return new Broken('missing-field', 'assertion_hash')
  if (weight === undefined) return new Broken('missing-field', 'weight')
  const { id, agentId, timestampMs, bytes } = base
  return { kind: 'vote', id, agentId, timestampMs, bytes, assertion, weight }
}

interface AssertionDraft {
  subject: string | undefined
  predicate: string | undefined
  object: Value | undefined
  epoch: Hash | undefined
  lineage: readonly Hash[]
  confidence: number
  source: string | undefined
  vector: Vector | undefined
}

const emptyDraft: Readonly<AssertionDraft> = {
  subject: undefined,
  predicate: undefined,
  object: undefined,
  epoch: undefined,
  lineage: Object.freeze([]),
  confidence: RECORD_LIMITS.millionthsMax,
  source: undefined,
  vector: undefined
}

function readAssertionField(draft: AssertionDraft, key: string, value: CborValue): Broken | undefined {
  switch (key) {
    case 'k': case 'a': case 't': case 'z': return undefined
    case 's': return keep(draft, 'subject', textField(value, 'subject', RECORD_LIMITS.subjectBytesMax))
    case 'p': return keep(draft, 'predicate', textField(value, 'predicate', RECORD_LIMITS.predicateBytesMax))
    case 'o': return keep(draft, 'object', valueOf(value, 'object'))
    case 'e': return keep(draft, 'epoch', linkField(value, 'epoch'))
    case 'l': return keep(draft, 'lineage', readLineage(value))
    case 'c': return keep(draft, 'confidence', millionthsField(value, 'confidence'))
    case 'u': return keep(draft, 'source', textField(value, 'source', RECORD_LIMITS.sourceBytesMax, 0))
    case 'x': return keep(draft, 'vector', readVector(value))
    default: return new Broken('unknown-field')
  }
}

function keep<K extends keyof AssertionDraft>(
  draft: AssertionDraft, field: K, result: AssertionDraft[K] | Broken
): Broken | undefined {
  if (result instanceof Broken) return result
  draft[field] = result
  return undefined
}

function readLineage(value: CborValue): readonly Hash[] | Broken {
  if (!isCborList(value)) return new Broken('field-type', 'lineage')
  if (value.length > RECORD_LIMITS.lineageMax) return new Broken('field-size', 'lineage')
  const lineage = new Set<Hash>()
  for (const item of value) {
    const link = linkField(item, 'lineage')
    if (link instanceof Broken) return link
    if (lineage.has(link)) return new Broken('field-twice', 'lineage')
    lineage.add(link)
  }
  return [...lineage]
}

function readVector(value: CborValue): Vector | Broken {
  if (!(value instanceof Map) || value.size !== 2) return new Broken('field-type', 'vector')
  const model = textField(value.get('m') ?? null, 'vector', RECORD_LIMITS.vectorModelBytesMax)
  if (model instanceof Broken) return model
  const bytes: unknown = value.get('v')
  if (!(bytes instanceof Uint8Array) || bytes.length % 4 !== 0) return new Broken('field-type', 'vector')
  const fits = bytes.length > 0 && bytes.length <= 4 * RECORD_LIMITS.vectorDimensionsMax
  if (!fits) return new Broken('field-size', 'vector')
  return allFinite(bytes) ? { model, bytes } : new Broken('field-range', 'vector')
}

/** A float32 is infinite or no number iff its 8 exponent bits are all set. */
function allFinite(bytes: Uint8Array): boolean {
  for (let i = 3; i < bytes.length; i += 4) {
    if (((bytes[i] ?? 0) & 0x7f) === 0x7f && (bytes[i - 1] ?? 0) >= 0x80) return false
  }
  return true
}
