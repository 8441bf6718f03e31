// Opening takes any bytes without throwing, and gives what was built.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordVectors, vectorNetwork } from '../../scripts/vectors/records.js'
import { blake3Hash, concatBytes, equalBytes, fromHex, toHex } from '../../src/base/index.js'
import {
  buildAssertion, createSigner, decodeRecord, encodeCanonical, openRecord, seedFromName, type Assertion
} from '../../src/record/index.js'

const records = recordVectors().vectors.map(({ bytes }) => fromHex(bytes) ?? expect.fail('not hex'))
const shortRecords = records.filter(({ length }) => length < 2_000)
const signer = createSigner(seedFromName('open'))
const anyRecord = fc.constantFrom(...shortRecords)
const anyEdit = fc.tuple(fc.constantFrom('set', 'insert', 'delete', 'cut', 'splice'), fc.nat(), fc.nat(255), anyRecord)

function edited(
  bytes: Uint8Array, [how, position, byte, other]: readonly [string, number, number, Uint8Array]
): Uint8Array {
  const at = position % (bytes.length + 1)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (how) {
    case 'set': return concatBytes(head, Uint8Array.of(byte), tail.subarray(1))
    case 'insert': return concatBytes(head, Uint8Array.of(byte), tail)
    case 'delete': return concatBytes(head, tail.subarray(1))
    case 'cut': return head
    default: return concatBytes(head, other.subarray(Math.min(at, other.length)))
  }
}

function built(object: string): Assertion {
  const bytes = buildAssertion({ timestampMs: 5, subject: 's', predicate: 'p', object }, signer, vectorNetwork)
  const opened = openRecord(bytes)
  if (opened.grade !== 'effective' || opened.record.kind !== 'assertion') return expect.fail(opened.grade)
  return opened.record
}

describe('openRecord', () => {
  it('grades mutated records without throwing', { timeout: 30_000 }, () => {
    fc.assert(fc.property(anyRecord, fc.array(anyEdit, { minLength: 1, maxLength: 4 }), (record, edits) => {
      const bytes = edits.reduce(edited, record)
      const opened = openRecord(bytes)
      expect(['invalid', 'inert', 'effective']).toContain(opened.grade)
      if (opened.grade !== 'invalid') expect(opened.id).toBe(blake3Hash(bytes))
    }), { numRuns: 2_000 })
  })

  it('grades any bytes without throwing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(openRecord(bytes).grade).toBe('invalid')
    }), { numRuns: 2_000 })
  })

  it('calls every record with one flipped bit invalid', { timeout: 30_000 }, () => {
    const record = shortRecords[1] ?? expect.fail('no record')
    const id = blake3Hash(record)
    for (let bit = 0; bit < 8 * record.length; bit += 1) {
      const flipped = Uint8Array.from(record)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(decodeRecord(flipped, vectorNetwork).grade).toBe('invalid')
      const opened = openRecord(flipped)
      if (opened.grade !== 'invalid') expect(opened.id).not.toBe(id)
    }
  })

  it('calls every cut of a record invalid', () => {
    const record = shortRecords[1] ?? expect.fail('no record')
    for (let end = 0; end < record.length; end += 1) {
      expect(openRecord(record.subarray(0, end)).grade).toBe('invalid')
    }
  })

  it('gives the object bytes as they stand in the record, equal for equal objects', () => {
    const [one, same, other] = [built('Berlin'), built('Berlin'), built('Bonn')]
    expect(toHex(one.objectBytes)).toBe(toHex(encodeCanonical('Berlin')))
    expect(equalBytes(one.objectBytes, same.objectBytes)).toBe(true)
    expect(equalBytes(one.objectBytes, other.objectBytes)).toBe(false)
    expect(one.objectBytes.buffer).toBe(one.bytes.buffer)
  })

  it('keeps the bytes it was given', () => {
    for (const record of shortRecords) {
      const opened = openRecord(record)
      if (opened.grade === 'invalid') continue
      expect(opened.bytes).toBe(record)
      expect(opened.signature).toHaveLength(64)
    }
  })

  it('names agent and time of inert records', () => {
    const bytes = recordVectors().vectors.find(({ name }) => name === 'unknown kind')?.bytes ?? ''
    const opened = openRecord(fromHex(bytes) ?? expect.fail('not hex'))
    expect(opened).toMatchObject({ grade: 'inert', rule: 'unknown-kind', timestampMs: 1_700_000_000_000 })
  })
})
