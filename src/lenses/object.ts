// Objects of assertions between their canonical bytes and the program.

import { decodeCanonical, encodeCanonical, type Scalar, type Value } from '../record/index.js'

type Decoded = ReturnType<typeof decodeCanonical>

/** Canonical DAG-CBOR of a scalar. */
export function scalarBytes(scalar: Scalar): Uint8Array {
  if (typeof scalar !== 'object' || scalar instanceof Uint8Array) return encodeCanonical(scalar)
  return encodeCanonical('ref' in scalar ? { r: scalar.ref } : { t: scalar.time })
}

/**
 * The value of an object's bytes.
 * @throws RecordError for bytes that are no canonical DAG-CBOR, RangeError for DAG-CBOR of another form
 */
export function objectValue(objectBytes: Uint8Array): Value {
  const item = decodeCanonical(objectBytes)
  return Array.isArray(item) ? item.map(scalarValue) : scalarValue(item)
}

function scalarValue(item: Decoded): Scalar {
  if (item instanceof Map) {
    const ref: unknown = item.get('r')
    const time: unknown = item.get('t')
    if (typeof ref === 'string') return { ref }
    if (typeof time === 'number') return { time }
  }
  const plain = item instanceof Uint8Array || (typeof item !== 'object' && item !== undefined)
  if (!plain) throw new RangeError('the object of an effective assertion is a value')
  return item
}
