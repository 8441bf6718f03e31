// Vectors: float32 components as little-endian bytes.

import type { Vector } from './types.js'

/** The components of a vector, in order. */
export function vectorValues(vector: Vector): Float32Array {
  const { buffer, byteOffset, length } = vector.bytes
  const view = new DataView(buffer, byteOffset, length)
  return Float32Array.from({ length: Math.floor(length / 4) }, (_, i) => view.getFloat32(4 * i, true))
}

/** The bytes of components, each rounded to float32; undefined unless all are numbers and finite then. */
export function vectorBytes(values: readonly unknown[] | Float32Array): Uint8Array | undefined {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) {
    if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) return undefined
    view.setFloat32(4 * i, value, true)
  }
  return bytes
}
