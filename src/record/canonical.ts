// Canonical DAG-CBOR for records and for whoever else writes bytes that must have one form.
// Rule: decode(encode(x)) = x, and bytes are taken only if encoding what was read gives the same bytes again.

import { RECORD_LIMITS } from '../base/index.js'
import { CborReader, type CborValue } from './cbor-reader.js'
import { CborWriter, type CborInput } from './cbor-writer.js'
import { notCanonical } from './errors.js'

const writer = new CborWriter()

/**
 * The canonical DAG-CBOR of a value.
 * @throws RecordError RECORD_NOT_ENCODABLE for what has none: NaN, infinities, undefined in a list, lone
 * surrogates,
 * a leading byte order mark, integers beyond 64 bits, nesting beyond 64
 */
export function encodeCanonical(value: CborInput): Uint8Array {
  writer.reset()
  writer.item(value)
  return writer.bytes()
}

/**
 * The value of canonical DAG-CBOR. Maps come as `Map`, byte strings as views of `bytes`. The caller bounds
 * the length.
 * @param depthMax nesting of maps, lists and tags. @default 8
 * @throws RecordError RECORD_NOT_CANONICAL for any other bytes
 */
export function decodeCanonical(bytes: Uint8Array, depthMax: number = RECORD_LIMITS.depthMax): CborValue {
  const value = readWhole(new CborReader(bytes, depthMax))
  writer.reset()
  writer.item(value)
  if (!writer.wrote(bytes)) throw notCanonical('cbor-reencode', 0)
  return value
}

function readWhole(reader: CborReader): CborValue {
  try {
    const value = reader.item(1)
    reader.end()
    return value
  } catch (error) {
    const { rule, offsetBytes } = reader.refusalOf(error)
    throw notCanonical(rule, offsetBytes)
  }
}
