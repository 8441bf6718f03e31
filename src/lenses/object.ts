// Objects as rules name them: their canonical bytes.

import { type CborInput, encodeCanonical, type Scalar, type Value } from '../record/index.js'

/** Canonical DAG-CBOR of a scalar. */
export function scalarBytes(scalar: Scalar): Uint8Array {
  return encodeCanonical(inputOf(scalar))
}

/** Canonical DAG-CBOR of a value: what an assertion that says it holds as its object. */
export function valueBytes(value: Value): Uint8Array {
  return isList(value) ? encodeCanonical(value.map(inputOf)) : scalarBytes(value)
}

function isList(value: Value): value is readonly Scalar[] {
  return Array.isArray(value)
}

function inputOf(scalar: Scalar): CborInput {
  if (typeof scalar !== 'object' || scalar instanceof Uint8Array) return scalar
  return 'ref' in scalar ? { r: scalar.ref } : { t: scalar.time }
}
