// Objects of assertions: from their canonical bytes to the program.

import { decodeCanonical } from './canonical.js'
import type { Scalar, Value } from './types.js'

type Decoded = ReturnType<typeof decodeCanonical>

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
