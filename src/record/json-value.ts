// Values and millionths in JSON.
// Forms: text, boolean and number as they are; {"ref": …}, {"time": …}, {"bytes": base64}, {"int": digits}
// from 2^53 on; array.
// Source: docs/formats/record.md#json

import type { Scalar, Value } from './types.js'
import { isList, isReference } from './value.js'

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json
}

/** A value in JSON. `valueFromJson` gives the same value back. */
export function valueToJson(value: Value): Json {
  return isList(value) ? value.map(scalarToJson) : scalarToJson(value)
}

/** A scalar in JSON. */
export function scalarToJson(scalar: Scalar): Json {
  if (typeof scalar === 'bigint') return { int: scalar.toString() }
  if (typeof scalar !== 'object') return scalar
  if (scalar instanceof Uint8Array) return { bytes: base64(scalar) }
  return isReference(scalar) ? { ref: scalar.ref } : { time: scalar.time }
}

/**
 * The value that some parsed JSON stands for, undefined when it is none. Limits are checked when the record
 * is opened.
 */
export function valueFromJson(json: unknown): Value | undefined {
  if (!Array.isArray(json)) return scalarFromJson(json)
  const list: Scalar[] = []
  for (const item of json) {
    const scalar = scalarFromJson(item)
    if (scalar === undefined) return undefined
    list.push(scalar)
  }
  return list
}

/** The scalar that some parsed JSON stands for, undefined when it is none. */
export function scalarFromJson(json: unknown): Scalar | undefined {
  switch (typeof json) {
    case 'string': return isPlainText(json) ? json : undefined
    case 'boolean': return json
    // A digit string that rounds to 2^53 can have meant its neighbour: that takes {"int": …}.
    case 'number': return Number.isFinite(json) && Math.abs(json) !== 2 ** 53 ? json + 0 : undefined
    case 'object': return json === null || Array.isArray(json) ? undefined : wrappedFromJson(json)
    default: return undefined
  }
}

/** True for texts that a record can hold: no lone surrogate, no leading byte order mark. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.charCodeAt(0) !== 0xfeff
}

/**
 * Millionths of a decimal number 0..1, taken from its text, so that no float is rounded on the way.
 * @param decimal number, or digits with at most 6 after the point
 * @returns 0..1,000,000, or the rule that is broken
 */
export function millionthsFromJson(decimal: unknown): number | 'field-type' | 'field-range' | 'field-decimal' {
  if (typeof decimal !== 'number' && typeof decimal !== 'string') return 'field-type'
  if (typeof decimal === 'number' && !(decimal >= 0 && decimal <= 1)) return 'field-range'
  const text = String(decimal)
  if (typeof decimal === 'number' && text.includes('e-')) return 'field-decimal'
  const parts = /^(\d{1,9})(?:\.(\d+))?$/.exec(text)
  if (parts === null) return 'field-type'
  const [, whole = '', places = ''] = parts
  if (places.length > 6) return 'field-decimal'
  const millionths = Number(whole) * 1_000_000 + Number(places.padEnd(6, '0'))
  return millionths <= 1_000_000 ? millionths : 'field-range'
}

/** Millionths as the decimal number they stand for. */
export function millionthsToJson(millionths: number): number {
  return millionths / 1_000_000
}

function wrappedFromJson(json: object): Scalar | undefined {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(json)
  const [key, value] = entries[0] ?? []
  if (entries.length !== 1) return undefined
  switch (key) {
    case 'ref': return typeof value === 'string' && isPlainText(value) ? { ref: value } : undefined
    case 'time': return typeof value === 'number' && Number.isSafeInteger(value) ? { time: value + 0 } : undefined
    case 'bytes': return typeof value === 'string' ? bytesFromBase64(value) : undefined
    case 'int': return typeof value === 'string' ? integerFromDigits(value) : undefined
    default: return undefined
  }
}

function integerFromDigits(digits: string): number | bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,19})$/.test(digits)) return undefined
  const integer = BigInt(digits)
  const isSafe = integer >= Number.MIN_SAFE_INTEGER && integer <= Number.MAX_SAFE_INTEGER
  return isSafe ? Number(integer) : integer
}

function bytesFromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
