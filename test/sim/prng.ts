// Randomness of a simulation: every stream is a fork of the seed by label, so that drawing more from one
// shifts no other. The fate of a message depends on its place alone: seed, sender, receiver, index.
// Generator: sfc32 (Chris Doty-Humphrey, PractRand), seeded by BLAKE3 of the label.

import { blake3, utf8Bytes, type Random } from '../../src/base/index.js'

/** One stream of draws. */
export interface Prng extends Random {
  /** A stream of its own. */
  fork(label: string): Prng
  /** In [0, 1). */
  real(): number
  /** True with probability `p`. */
  chance(p: number): boolean
  /** A whole number in [low, high]. */
  between(low: number, high: number): number
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
}

/** The stream of a seed. */
export function createPrng(label: string): Prng {
  const hash = blake3(utf8Bytes(label))
  const words = new DataView(hash.buffer, hash.byteOffset)
  let a = words.getInt32(0, true)
  let b = words.getInt32(4, true)
  let c = words.getInt32(8, true)
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  for (let i = 0; i < 12; i += 1) next()
  const real = (): number => next() / 0x1_0000_0000
  const integer = (below: number): number => Math.floor(real() * below)
  return {
    real,
    integer,
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 4) {
        const word = next()
        for (let i = 0; i < 4 && at + i < length; i += 1) bytes[at + i] = (word >>> (8 * i)) & 0xff
      }
      return bytes
    },
    fork: (name) => createPrng(`${label}/${name}`),
    chance: (p) => real() < p,
    between: (low, high) => low + integer(high - low + 1),
    pick(list) {
      const found = list[integer(list.length)]
      if (found === undefined) throw new Error('nothing to pick from')
      return found
    }
  }
}

/** Draws that belong to one message and no other. */
export function fateOf(seed: number, from: number, to: number, index: number): () => number {
  let state = mix(mix(mix(seed ^ 0x9e37_79b9, from), to), index)
  return () => {
    state = mix(state, 0x85eb_ca6b)
    return state / 0x1_0000_0000
  }
}

function mix(state: number, word: number): number {
  let mixed = Math.imul(state ^ word, 0x21f0_aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
  return ((mixed ^ (mixed >>> 15)) + 0x6d2b_79f5) >>> 0
}

/** A cheap 32-bit sum of bytes for the trace (FNV-1a). */
export function sumOf(bytes: Uint8Array): number {
  let sum = 0x811c_9dc5
  for (let at = 0; at < bytes.length; at += 1) sum = Math.imul(sum ^ (bytes[at] ?? 0), 0x0100_0193)
  return sum >>> 0
}
