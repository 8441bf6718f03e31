// Reading the fields of a record from parsed JSON, by name and form.
// Rule: the first broken field is kept and a stand-in returned, so that a record's fields read as one
// expression; the caller asks for the failure at the end. Own properties only: nothing is read through a
// prototype.

import {
  hashOf, parseHash, parsePublicKey, publicKeyOf, RECORD_LIMITS, type Hash, type PublicKey
} from '../base/index.js'
import { isPlainText, millionthsFromJson, scalarFromJson, valueFromJson } from './json-value.js'
import type { PredicateSettings, Scalar, SchemaRule, Value, Vector } from './types.js'
import { vectorBytes } from './vector.js'

/** A parsed JSON object. */
export type ParsedObject = Readonly<Record<string, unknown>>

/** True for a JSON object: not null, no array. */
export function isObject(json: unknown): json is ParsedObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** The fields of one JSON object. */
export class JsonFields {
  readonly #json: ParsedObject
  readonly #asked: Set<string>
  #failure: { readonly rule: SchemaRule; readonly field: string } | undefined

  constructor(json: ParsedObject, alsoAllowed: readonly string[] = ['kind', 'id', 'signature']) {
    this.#json = json
    this.#asked = new Set(alsoAllowed)
  }

  /** What broke first; a field that nobody asked for is a failure too. */
  failure(kind?: string): { readonly rule: SchemaRule; readonly field: string } | undefined {
    if (kind !== undefined && Object.hasOwn(this.#json, 'kind') && this.#json['kind'] !== kind) {
      return { rule: 'field-range', field: 'kind' }
    }
    if (this.#failure !== undefined) return this.#failure
    const unknown = Object.keys(this.#json).find((name) => !this.#asked.has(name))
    return unknown === undefined ? undefined : { rule: 'unknown-field', field: unknown.slice(0, fieldNameMax) }
  }

  text(field: string): string {
    return this.#required(field, this.optionalText(field)) ?? ''
  }

  optionalText(field: string): string | undefined {
    const json = this.#take(field)
    if (json === undefined) return undefined
    if (typeof json !== 'string') return this.#fail('field-type', field)
    return isPlainText(json) ? json : this.#fail('field-text', field)
  }

  timestamp(field: string): number {
    const json = this.#required(field, this.#take(field))
    if (typeof json !== 'number' || !Number.isInteger(json)) return this.#fail('field-type', field) ?? 0
    if (json < 0 || json > RECORD_LIMITS.timestampMax) return this.#fail('field-range', field) ?? 0
    return json
  }

  publicKey(field: string): PublicKey {
    const json = this.#required(field, this.#take(field))
    const key = typeof json === 'string' ? parsePublicKey(json) : undefined
    return key ?? this.#fail('field-type', field) ?? publicKeyOf(new Uint8Array(32))
  }

  hash(field: string): Hash {
    return this.#required(field, this.optionalHash(field)) ?? noHash
  }

  optionalHash(field: string): Hash | undefined {
    const json = this.#take(field)
    return json === undefined ? undefined : this.#hash(json, field)
  }

  hashes(field: string, countMax: number): readonly Hash[] {
    const json = this.#take(field) ?? []
    if (!Array.isArray(json)) return this.#fail('field-type', field) ?? []
    if (json.length > countMax) return this.#fail('field-size', field) ?? []
    return json.map((item: unknown) => this.#hash(item, field) ?? noHash)
  }

  millionths(field: string): number {
    return this.#required(field, this.optionalMillionths(field)) ?? 0
  }

  optionalMillionths(field: string): number | undefined {
    const json = this.#take(field)
    if (json === undefined) return undefined
    const result = millionthsFromJson(json)
    return typeof result === 'number' ? result : this.#fail(result, field)
  }

  value(field: string): Value {
    const json = this.#required(field, this.#take(field))
    if (Array.isArray(json) && json.length > RECORD_LIMITS.listMax) return this.#fail('field-size', field) ?? ''
    return valueFromJson(json) ?? this.#fail('field-type', field) ?? ''
  }

  vector(field: string): Vector | undefined {
    const json = this.#take(field)
    if (json === undefined) return undefined
    if (!isObject(json)) return this.#fail('field-type', field)
    const fields = new JsonFields(json, [])
    const model = fields.text('model')
    const values: unknown = fields.#take('values')
    if (fields.failure() !== undefined || !Array.isArray(values)) return this.#fail('field-type', field)
    if (values.length > RECORD_LIMITS.vectorDimensionsMax) return this.#fail('field-size', field)
    const bytes = vectorBytes(values)
    return bytes === undefined ? this.#fail('field-range', field) : { model, bytes }
  }

  settings(field: string): ReadonlyMap<string, PredicateSettings> {
    const settings = new Map<string, PredicateSettings>()
    const json = this.#take(field) ?? {}
    if (!isObject(json)) return this.#fail('field-type', field) ?? settings
    for (const [predicate, item] of Object.entries(json)) {
      if (!isPlainText(predicate)) return this.#fail('field-text', field) ?? settings
      if (settings.size === RECORD_LIMITS.settingsMax) return this.#fail('field-size', field) ?? settings
      settings.set(predicate, this.#predicateSettings(item, field))
    }
    return settings
  }

  #predicateSettings(json: unknown, field: string): PredicateSettings {
    if (!isObject(json)) return this.#fail('field-type', field) ?? { cardinality: 'one' }
    const fields = new JsonFields(json, [])
    const settings: PredicateSettings = {
      cardinality: fields.#take('cardinality') === 'many' ? 'many' : 'one',
      tolerance: fields.#number('tolerance'),
      vocabulary: fields.#vocabulary('vocabulary'),
      halfLifeMs: fields.#number('halfLife')
    }
    const cardinality = json['cardinality']
    if (cardinality !== undefined && cardinality !== settings.cardinality) this.#fail('field-range', 'cardinality')
    const failure = fields.failure()
    if (failure !== undefined) this.#fail(failure.rule, failure.field)
    return settings
  }

  #number(field: string): number | undefined {
    const json = this.#take(field)
    if (json === undefined) return undefined
    return typeof json === 'number' && Number.isFinite(json) ? json : this.#fail('field-type', field)
  }

  #vocabulary(field: string): readonly Scalar[] | undefined {
    const json = this.#take(field)
    if (json === undefined) return undefined
    if (!Array.isArray(json)) return this.#fail('field-type', field)
    if (json.length > RECORD_LIMITS.vocabularyMax) return this.#fail('field-size', field)
    return json.map((item: unknown) => scalarFromJson(item) ?? this.#fail('field-type', field) ?? '')
  }

  #hash(json: unknown, field: string): Hash | undefined {
    return (typeof json === 'string' ? parseHash(json) : undefined) ?? this.#fail('field-type', field)
  }

  /** The own property of that name; null counts as absent. */
  #take(field: string): unknown {
    this.#asked.add(field)
    return Object.hasOwn(this.#json, field) ? this.#json[field] ?? undefined : undefined
  }

  #required<T>(field: string, value: T | undefined): T | undefined {
    return value === undefined ? this.#fail('missing-field', field) : value
  }

  #fail(rule: SchemaRule, field: string): undefined {
    this.#failure ??= { rule, field }
    return undefined
  }
}

const fieldNameMax = 64
const noHash: Hash = hashOf(new Uint8Array(32))
