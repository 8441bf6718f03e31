// Objects as rules name them: their canonical bytes.

import { encodeCanonical, type Scalar } from '../record/index.js'

/** Canonical DAG-CBOR of a scalar. */
export function scalarBytes(scalar: Scalar): Uint8Array {
  if (typeof scalar !== 'object' || scalar instanceof Uint8Array) return encodeCanonical(scalar)
  return encodeCanonical('ref' in scalar ? { r: scalar.ref } : { t: scalar.time })
}
