// Canonical DAG-CBOR: one encoding a value, the same as the IPLD library's, and nothing else is read.

import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { recordVectors } from '../../scripts/vectors/records.js'
import { concatBytes, equalBytes, fromHex, toHex } from '../../src/base/index.js'
import {
  decodeCanonical, encodeCanonical, Link, RecordError, type CborInput, type CborValue
} from '../../src/record/index.js'
import { cborValue } from './arbitrary.js'

/** Room for a loaded machine. */
const slow = { timeout: 30_000 }

function ruleOf(bytes: Uint8Array, depthMax?: number): string | undefined {
  try {
    decodeCanonical(bytes, depthMax)
    return undefined
  } catch (error) {
    if (error instanceof RecordError && error.detail.code === 'RECORD_NOT_CANONICAL') return error.detail.rule
    throw error
  }
}

function hex(digits: string): Uint8Array {
  return fromHex(digits.replaceAll(' ', '')) ?? expect.fail('not hex')
}

/** The same value as the IPLD library takes it. */
function forLibrary(value: CborInput): unknown {
  if (value instanceof Link) return CID.decode(value.cid)
  if (Array.isArray(value)) return value.map(forLibrary)
  if (!(value instanceof Map)) return value
  const plain: Record<string, unknown> = {}
  for (const [key, item] of value) plain[key] = forLibrary(item)
  return plain
}

/** True when the IPLD library reads the bytes and makes the same ones of what it read. */
function libraryTakes(bytes: Uint8Array): boolean {
  try {
    return equalBytes(dagCbor.encode(dagCbor.decode(bytes)), bytes)
  } catch {
    return false
  }
}

/** Rules beyond the library's comparison: what it takes and we refuse, always for one of these. */
const stricter = new Set(['cbor-bom', 'cbor-float', 'cbor-depth', 'cbor-cid'])

function expectAgreement(bytes: Uint8Array): void {
  const rule = ruleOf(bytes, 8)
  if (rule !== undefined && stricter.has(rule)) return
  expect([toHex(bytes), rule === undefined]).toEqual([toHex(bytes), libraryTakes(bytes)])
}

describe('encodeCanonical', () => {
  it('gives what the IPLD library gives', () => {
    fc.assert(fc.property(cborValue, (value) => {
      expect(toHex(encodeCanonical(value))).toBe(toHex(dagCbor.encode(forLibrary(value))))
    }), { numRuns: 300 })
  })

  it('is undone by decodeCanonical', () => {
    fc.assert(fc.property(cborValue, (value) => {
      const bytes = encodeCanonical(value)
      expect(toHex(encodeCanonical(decodeCanonical(bytes)))).toBe(toHex(bytes))
    }), { numRuns: 300 })
  })

  it('sorts keys by bytes, shorter first, and leaves out undefined fields', () => {
    const value = { b: 1, aa: 2, a: 3, '': 4, é: 5, z: undefined, '\u{10000}': 6, '\uffff!': 7 }
    const keys = [...asMap(decodeCanonical(encodeCanonical(value))).keys()]
    expect(keys).toEqual(['', 'a', 'b', 'aa', 'é', '\uffff!', '\u{10000}'])
  })

  it('writes whole numbers up to 2^53 as integers, -0 as 0, and larger ones as floats', () => {
    const forms: readonly (readonly [CborInput, string])[] = [
      [-0, '00'], [2 ** 53, '1b0020000000000000'], [-(2 ** 53), '3b001fffffffffffff'],
      [2 ** 53 + 2, 'fb4340000000000001'], [-1n, '20'], [255n, '18ff'], [-(2n ** 64n), '3bffffffffffffffff']
    ]
    for (const [value, digits] of forms) expect(toHex(encodeCanonical(value))).toBe(digits)
  })

  it('grows its buffer for long values', () => {
    const value = [new Uint8Array(100_000).fill(1), 'é'.repeat(200_000), 'x']
    const read = decodeCanonical(encodeCanonical(value))
    expect(read).toEqual([Buffer.from(new Uint8Array(100_000).fill(1)), 'é'.repeat(200_000), 'x'])
  })

  it('gives bytes that later calls leave alone', () => {
    const first = encodeCanonical('first')
    encodeCanonical('other')
    expect(decodeCanonical(first)).toBe('first')
  })

  const endless: CborInput[] = []
  endless.push(endless)
  it.each<readonly [string, unknown]>([
    ['NaN', NaN], ['infinity', Infinity], ['a lone surrogate', '\ud800'], ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a byte order mark', '\ufeffa'], ['2^64', 2n ** 64n], ['-2^64 - 1', -(2n ** 64n) - 1n],
    ['undefined', undefined], ['undefined in a list', [undefined]], ['a function', () => 1], ['a circle', endless]
  ])('refuses %s', (_name, value) => {
    expect(() => encodeCanonical(value as CborInput)).toThrow(RecordError)
  })
})

describe('decodeCanonical', () => {
  it('agrees with the IPLD library on mutated encodings', slow, () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(fc.property(cborValue, fc.array(edit, { maxLength: 3 }), (value, edits) => {
      const bytes = encodeCanonical(value).slice()
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte
      expectAgreement(bytes)
    }), { numRuns: 1_000 })
  })

  it('agrees with the IPLD library on any bytes', slow, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), expectAgreement), { numRuns: 2_000 })
  })

  it('agrees with the IPLD library on the record vectors', () => {
    for (const { bytes, name } of recordVectors().vectors) {
      // The library's encoder takes a map of equal "/" and "bytes" for one of its own CID objects.
      if (name.endsWith('map that looks like a CID object')) expect(libraryTakes(hex(bytes))).toBe(false)
      else expectAgreement(hex(bytes))
    }
  })

  it('takes nesting up to the depth asked for', () => {
    const nested = (levels: number): CborInput => (levels === 0 ? 1 : [nested(levels - 1)])
    expect(ruleOf(encodeCanonical(nested(8)))).toBeUndefined()
    expect(ruleOf(encodeCanonical(nested(9)))).toBe('cbor-depth')
    expect(ruleOf(encodeCanonical(nested(3)), 3)).toBeUndefined()
    expect(ruleOf(encodeCanonical(nested(4)), 3)).toBe('cbor-depth')
  })

  it('ends on lengths that are not there, whatever they promise', () => {
    for (const head of ['5b', '7b', '9b', 'bb']) {
      expect(ruleOf(hex(`${head} 000fffffffffffff`))).toBe('cbor-cut')
      expect(ruleOf(hex(`${head} ffffffffffffffff`))).toBe('cbor-cut')
    }
    expect(ruleOf(concatBytes(hex('99 8000'), new Uint8Array(0x7fff)))).toBe('cbor-cut')
    expect(ruleOf(concatBytes(hex('99 8000'), new Uint8Array(0x8000)))).toBeUndefined()
  })

  it('gives links by their CID', () => {
    const hash = 'ab'.repeat(32)
    const link = decodeCanonical(hex(`d82a 5825 00 01711e20 ${hash}`))
    expect(link).toBeInstanceOf(Link)
    expect(toHex(link instanceof Link ? link.cid : new Uint8Array())).toBe(`01711e20${hash}`)
  })
})

function asMap(value: CborValue): ReadonlyMap<string, CborValue> {
  return value instanceof Map ? value : expect.fail('no map')
}

