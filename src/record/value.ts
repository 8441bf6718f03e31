// Values: what an assertion's object may be, between canonical DAG-CBOR and the program.
// Limits and forms: docs/formats/record.md#values

import { RECORD_LIMITS } from '../base/index.js'
import type { CborMap, CborValue } from './cbor-reader.js'
import type { CborInput } from './cbor-writer.js'
import { Broken, fitsUtf8, isCborList } from './field.js'
import type { Reference, Scalar, TimePoint, Value } from './types.js'

const integerMin = -(1n << 63n)
const integerMax = (1n << 64n) - 1n

/** The value that a decoded item stands for, or the rule it breaks; `field` names it in the failure. */
export function valueOf(item: CborValue, field: string): Value | Broken {
  if (!isCborList(item)) return scalarOf(item, field)
  if (item.length > RECORD_LIMITS.listMax) return new Broken('field-size', field)
  const list: Scalar[] = []
  for (const element of item) {
    const scalar = scalarOf(element, field)
    if (scalar instanceof Broken) return scalar
    list.push(scalar)
  }
  return list
}

/** The scalar that a decoded item stands for, or the rule it breaks. */
export function scalarOf(item: CborValue, field: string): Scalar | Broken {
  switch (typeof item) {
    case 'string': return fitsUtf8(item, RECORD_LIMITS.textBytesMax) ? item : new Broken('field-size', field)
    case 'number':
    case 'boolean': return item
    case 'bigint': return item >= integerMin && item <= integerMax ? item : new Broken('field-range', field)
  }
  if (item instanceof Uint8Array) return item.length <= RECORD_LIMITS.bytesMax ? item : new Broken('field-size', field)
  if (item instanceof Map) return wrappedOf(item, field)
  return new Broken('field-type', field)
}

/** The canonical form of a value, for the encoder. Its limits are checked when the record is opened. */
export function valueInput(value: Value): CborInput {
  return isList(value) ? value.map(scalarInput) : scalarInput(value)
}

/** The canonical form of a scalar, for the encoder. */
export function scalarInput(scalar: Scalar): CborInput {
  if (typeof scalar !== 'object' || scalar instanceof Uint8Array) return scalar
  return isReference(scalar) ? { r: scalar.ref } : { t: scalar.time }
}

/** True for a list of scalars. */
export function isList(value: Value): value is readonly Scalar[] {
  return Array.isArray(value)
}

/** True for a reference, false for a point in time. */
export function isReference(value: Reference | TimePoint): value is Reference {
  return 'ref' in value
}

function wrappedOf(map: CborMap, field: string): Reference | TimePoint | Broken {
  if (map.size !== 1) return new Broken('field-type', field)
  const ref = map.get('r')
  if (typeof ref === 'string') {
    const fits = ref.length > 0 && fitsUtf8(ref, RECORD_LIMITS.referenceBytesMax)
    return fits ? { ref } : new Broken('field-size', field)
  }
  const time = map.get('t')
  if (typeof time === 'bigint') return new Broken('field-range', field)
  return typeof time === 'number' && Number.isSafeInteger(time) ? { time } : new Broken('field-type', field)
}
