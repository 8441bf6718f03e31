// Checks of single fields of a schema. A broken field makes a record inert.

import { RECORD_LIMITS, utf8Length, type Hash } from '../base/index.js'
import type { CborValue } from './cbor-reader.js'
import { Link, linkedHash } from './link.js'
import type { SchemaRule } from './types.js'

/**
 * What a schema check gives instead of a value when a rule is broken. `field` is the name the interfaces
 * use.
 */
export class Broken {
  readonly rule: SchemaRule
  readonly field: string | undefined

  constructor(rule: SchemaRule, field?: string) {
    this.rule = rule
    this.field = field
  }
}

/** Text of 1 to `bytesMax` UTF-8 bytes; `bytesMin` 0 allows the empty one. */
export function textField(
  value: CborValue, field: string, bytesMax: number, bytesMin: 0 | 1 = 1
): string | Broken {
  if (typeof value !== 'string') return new Broken('field-type', field)
  return value.length >= bytesMin && fitsUtf8(value, bytesMax) ? value : new Broken('field-size', field)
}

/** Whole number in a range of safe integers. */
export function integerField(value: CborValue, field: string, min: number, max: number): number | Broken {
  if (typeof value === 'bigint') return new Broken('field-range', field)
  if (typeof value !== 'number' || !Number.isInteger(value)) return new Broken('field-type', field)
  return value >= min && value <= max ? value : new Broken('field-range', field)
}

/** Millionths: 0..1,000,000. */
export function millionthsField(value: CborValue, field: string): number | Broken {
  return integerField(value, field, 0, RECORD_LIMITS.millionthsMax)
}

/** Link to a record. */
export function linkField(value: CborValue, field: string): Hash | Broken {
  return (value instanceof Link ? linkedHash(value) : undefined) ?? new Broken('field-type', field)
}

/** True when a text has at most that many UTF-8 bytes. */
export function fitsUtf8(text: string, bytesMax: number): boolean {
  return text.length * 3 <= bytesMax || (text.length <= bytesMax && utf8Length(text) <= bytesMax)
}

/** True for a decoded list. */
export function isCborList(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}
