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
  const { keys, values } = envelope
  const draft: AssertionDraft = { lineage: noLineage, confidence: RECORD_LIMITS.millionthsMax }
  for (let i = 0; i < keys.length; i += 1) {
    const broken = readAssertionField(draft, keys[i] ?? '', values[i] ?? null)
    if (broken !== undefined) return broken
  }
  const { subject, predicate, object, ...rest } = draft
  if (subject === undefined) return new Broken('missing-field', 'subject')
  if (predicate === undefined) return new Broken('missing-field', 'predicate')
  if (object === undefined || envelope.objectBytes === undefined) return new Broken('missing-field', 'object')
  return { kind: 'assertion', ...base, subject, predicate, object, objectBytes: envelope.objectBytes, ...rest }
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
  return { kind: 'vote', ...base, assertion, weight }
}

interface AssertionDraft {
  subject?: string
  predicate?: string
  object?: Value
  epoch?: Hash
  lineage: readonly Hash[]
  confidence: number
  source?: string
  vector?: Vector
}

const noLineage: readonly Hash[] = Object.freeze([])

function readAssertionField(draft: AssertionDraft, key: string, value: CborValue): Broken | undefined {
  switch (key) {
    case 'k': case 'a': case 't': case 'z': return undefined
    case 's': return keep(textField(value, 'subject', RECORD_LIMITS.subjectBytesMax), (it) => { draft.subject = it })
    case 'p': {
      return keep(textField(value, 'predicate', RECORD_LIMITS.predicateBytesMax), (it) => { draft.predicate = it })
    }
    case 'o': return keep(valueOf(value, 'object'), (it) => { draft.object = it })
    case 'e': return keep(linkField(value, 'epoch'), (it) => { draft.epoch = it })
    case 'l': return keep(readLineage(value), (it) => { draft.lineage = it })
    case 'c': return keep(millionthsField(value, 'confidence'), (it) => { draft.confidence = it })
    case 'u': return keep(textField(value, 'source', RECORD_LIMITS.sourceBytesMax, 0), (it) => { draft.source = it })
    case 'x': return keep(readVector(value), (it) => { draft.vector = it })
    default: return new Broken('unknown-field')
  }
}

function keep<T>(result: T | Broken, take: (value: T) => void): Broken | undefined {
  if (result instanceof Broken) return result
  take(result)
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
