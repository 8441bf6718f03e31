// The record vectors: each kind, each limit at and past it, each rejected form, with the grade that a
// reader must give. Grades and rules are stated here by hand; the test holds the implementation against
// them.

import { blake3Hash, networkIdOf, toHex, type NetworkId } from '../../src/base/index.js'
import { effectiveCases } from './effective.js'
import { inertCases } from './inert.js'
import { invalidCases } from './invalid.js'
import { limitCases } from './limits.js'

/** One record with its grade. `rule` and `field` say why it is not effective. */
export interface RecordVector {
  readonly name: string
  readonly grade: 'effective' | 'inert' | 'invalid'
  readonly rule?: string | undefined
  readonly field?: string | undefined
  /** Absent for invalid bytes. */
  readonly id?: string | undefined
  readonly bytes: string
}

/** A case before its bytes are written as hex and hashed. */
export interface RecordCase {
  readonly name: string
  readonly grade: RecordVector['grade']
  readonly rule?: string | undefined
  readonly field?: string | undefined
  readonly bytes: Uint8Array
}

/** Network that the vectors are signed for: 32 bytes 0x07. */
export const vectorNetwork: NetworkId = networkIdOf(new Uint8Array(32).fill(7))

/** The whole file of record vectors. */
export interface RecordVectors {
  readonly networkId: NetworkId
  readonly vectors: readonly RecordVector[]
}

/** All record vectors, in a fixed order. */
export function recordVectors(): RecordVectors {
  const cases = [
    ...effectiveCases(vectorNetwork), ...limitCases(vectorNetwork), ...inertCases(vectorNetwork),
    ...invalidCases(vectorNetwork)
  ]
  const vectors = cases.map(({ name, grade, rule, field, bytes }) => ({
    name, grade,
    ...(rule !== undefined && { rule }),
    ...(field !== undefined && { field }),
    ...(grade !== 'invalid' && { id: blake3Hash(bytes) }),
    bytes: toHex(bytes)
  }))
  return { networkId: vectorNetwork, vectors }
}
