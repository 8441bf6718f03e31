// Epoch records: a named paradigm with the settings of its predicates.
// Source: docs/formats/record.md#epoch

import { RECORD_LIMITS, type Hash } from '../base/index.js'
import type { CborMap, CborValue } from './cbor-reader.js'
import type { Envelope } from './envelope.js'
import { Broken, integerField, isCborList, linkField, textField } from './field.js'
import type { EpochRecord, PredicateSettings, RecordBase, Scalar } from './types.js'
import { scalarOf } from './value.js'

/** The epoch record in an envelope of kind `e`, or the rule it breaks. */
export function readEpoch(envelope: Envelope, base: RecordBase): EpochRecord | Broken {
  const { keys, values } = envelope
  let name: string | Broken = new Broken('missing-field', 'name')
  let settings: ReadonlyMap<string, PredicateSettings> | Broken = new Broken('missing-field', 'predicates')
  let supersedes: Hash | Broken | undefined
  for (let i = 0; i < keys.length; i += 1) {
    const value = values[i] ?? null
    switch (keys[i]) {
      case 'k': case 'a': case 't': case 'z': break
      case 'n': name = textField(value, 'name', RECORD_LIMITS.epochNameBytesMax); break
      case 'q': settings = readPredicates(value); break
      case 'u': supersedes = linkField(value, 'supersedes'); break
      default: return new Broken('unknown-field')
    }
  }
  if (name instanceof Broken) return name
  if (settings instanceof Broken) return settings
  if (supersedes instanceof Broken) return supersedes
  return { kind: 'epoch', ...base, name, settings, ...(supersedes !== undefined && { supersedes }) }
}

function readPredicates(value: CborValue): ReadonlyMap<string, PredicateSettings> | Broken {
  if (!(value instanceof Map)) return new Broken('field-type', 'predicates')
  const predicates: CborMap = value
  if (predicates.size > RECORD_LIMITS.settingsMax) return new Broken('field-size', 'predicates')
  const all = new Map<string, PredicateSettings>()
  for (const [predicate, item] of predicates) {
    const text = textField(predicate, 'predicates', RECORD_LIMITS.predicateBytesMax)
    if (text instanceof Broken) return text
    const settings = item instanceof Map ? readSettings(item) : new Broken('field-type', 'predicates')
    if (settings instanceof Broken) return settings
    all.set(predicate, settings)
  }
  return all
}

function readSettings(map: CborMap): PredicateSettings | Broken {
  const settings: { -readonly [K in keyof PredicateSettings]: PredicateSettings[K] } = { cardinality: 'one' }
  for (const [key, value] of map) {
    const broken = readSetting(settings, key, value)
    if (broken !== undefined) return broken
  }
  return settings
}

function readSetting(
  settings: { -readonly [K in keyof PredicateSettings]: PredicateSettings[K] }, key: string, value: CborValue
): Broken | undefined {
  switch (key) {
    case 'c': {
      if (value !== 'one' && value !== 'many') return new Broken('field-range', 'cardinality')
      settings.cardinality = value
      return undefined
    }
    case 't': {
      if (typeof value !== 'number') return new Broken('field-type', 'tolerance')
      if (value < 0) return new Broken('field-range', 'tolerance')
      settings.tolerance = value
      return undefined
    }
    case 'v': {
      const vocabulary = readVocabulary(value)
      if (vocabulary instanceof Broken) return vocabulary
      settings.vocabulary = vocabulary
      return undefined
    }
    case 'h': {
      const halfLifeMs = integerField(value, 'halfLife', 1, Number.MAX_SAFE_INTEGER)
      if (halfLifeMs instanceof Broken) return halfLifeMs
      settings.halfLifeMs = halfLifeMs
      return undefined
    }
    default: return new Broken('unknown-field', 'predicates')
  }
}

function readVocabulary(value: CborValue): readonly Scalar[] | Broken {
  if (!isCborList(value)) return new Broken('field-type', 'vocabulary')
  if (value.length === 0 || value.length > RECORD_LIMITS.vocabularyMax) return new Broken('field-size', 'vocabulary')
  const vocabulary: Scalar[] = []
  for (const item of value) {
    const scalar = scalarOf(item, 'vocabulary')
    if (scalar instanceof Broken) return scalar
    vocabulary.push(scalar)
  }
  return vocabulary
}
