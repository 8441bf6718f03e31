// JSON: what records are shown as makes the same bytes again, and what is wrong is named by its field.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordVectors } from '../../scripts/vectors/records.js'
import { fromHex, toHex } from '../../src/base/index.js'
import {
  attachSignature, millionthsFromJson, millionthsToJson, openRecord, payloadFromJson, recordToJson,
  signatureOf, valueFromJson, valueToJson, type RecordKind, type StemeRecord
} from '../../src/record/index.js'
import { someValue } from './arbitrary.js'

const effective: readonly StemeRecord[] = recordVectors().vectors.flatMap(({ bytes }) => {
  const opened = openRecord(fromHex(bytes) ?? expect.fail('not hex'))
  return opened.grade === 'effective' ? [opened.record] : []
})

/** As a client would get and send it. */
function overTheWire(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json))
}

const agent = 'ab'.repeat(32)
const hash = 'cd'.repeat(32)
const assertion = { agent_id: agent, timestamp: 1, subject: 's', predicate: 'p', object: 'o' }
const vote = { agent_id: agent, timestamp: 1, assertion_hash: hash, weight: 1 }
const epoch = { agent_id: agent, timestamp: 1, name: 'n', predicates: {} }

describe('recordToJson', () => {
  it('makes the same bytes again through payloadFromJson', () => {
    for (const record of effective) {
      const made = payloadFromJson(record.kind, overTheWire(recordToJson(record)))
      if (!('payload' in made)) return expect.fail(`${record.id}: ${made.rule} ${made.field}`)
      const again = openRecord(attachSignature(made.payload, signatureOf(record.bytes)))
      if (again.grade !== 'effective') return expect.fail(again.rule)
      expect(overTheWire({ ...recordToJson(again.record), id: '' }))
        .toEqual(overTheWire({ ...recordToJson(record), id: '' }))
      // Fields spelt out at their default, or empty, are the one thing that JSON does not keep.
      const isSpelt = again.bytes.length < record.bytes.length
      if (!isSpelt) expect(again.id).toBe(record.id)
    }
  })

  it('shows the names of the interfaces', () => {
    const names = new Set(effective.flatMap((record) => Object.keys(recordToJson(record))))
    expect([...names].sort()).toEqual([
      'agent_id', 'assertion_hash', 'confidence', 'epoch', 'id', 'kind', 'lineage', 'name', 'object', 'predicate',
      'predicates', 'signature', 'source', 'subject', 'supersedes', 'timestamp', 'vector', 'weight'
    ])
  })
})

describe('payloadFromJson', () => {
  const cases: readonly (readonly [RecordKind, object, string, string | undefined])[] = [
    ['assertion', { ...assertion, subject: undefined }, 'missing-field', 'subject'],
    ['assertion', { ...assertion, subject: null }, 'missing-field', 'subject'],
    ['assertion', { ...assertion, subject: 1 }, 'field-type', 'subject'],
    ['assertion', { ...assertion, subject: '' }, 'field-size', 'subject'],
    ['assertion', { ...assertion, subject: 'x'.repeat(513) }, 'field-size', 'subject'],
    ['assertion', { ...assertion, subject: '\ud800' }, 'field-text', 'subject'],
    ['assertion', { ...assertion, predicate: '\ufeffp' }, 'field-text', 'predicate'],
    ['assertion', { ...assertion, object: undefined }, 'missing-field', 'object'],
    ['assertion', { ...assertion, object: { what: 1 } }, 'field-type', 'object'],
    ['assertion', { ...assertion, object: [[1]] }, 'field-type', 'object'],
    ['assertion', { ...assertion, object: new Array<number>(65).fill(1) }, 'field-size', 'object'],
    ['assertion', { ...assertion, object: 'x'.repeat(16_385) }, 'field-size', 'object'],
    ['assertion', { ...assertion, agent_id: agent.toUpperCase() }, 'field-type', 'agent_id'],
    ['assertion', { ...assertion, agent_id: undefined }, 'missing-field', 'agent_id'],
    ['assertion', { ...assertion, timestamp: '1' }, 'field-type', 'timestamp'],
    ['assertion', { ...assertion, timestamp: -1 }, 'field-range', 'timestamp'],
    ['assertion', { ...assertion, timestamp: 2 ** 53 }, 'field-range', 'timestamp'],
    ['assertion', { ...assertion, epoch: 'x' }, 'field-type', 'epoch'],
    ['assertion', { ...assertion, lineage: hash }, 'field-type', 'lineage'],
    ['assertion', { ...assertion, lineage: [hash, hash] }, 'field-twice', 'lineage'],
    ['assertion', { ...assertion, lineage: new Array<string>(17).fill(hash) }, 'field-size', 'lineage'],
    ['assertion', { ...assertion, confidence: 1.1 }, 'field-range', 'confidence'],
    ['assertion', { ...assertion, confidence: 0.1234567 }, 'field-decimal', 'confidence'],
    ['assertion', { ...assertion, confidence: true }, 'field-type', 'confidence'],
    ['assertion', { ...assertion, source: 'x'.repeat(1_025) }, 'field-size', 'source'],
    ['assertion', { ...assertion, vector: [1] }, 'field-type', 'vector'],
    ['assertion', { ...assertion, vector: { model: 'm', values: ['x'] } }, 'field-range', 'vector'],
    ['assertion', { ...assertion, vector: { model: 'm', values: [1e300] } }, 'field-range', 'vector'],
    ['assertion', { ...assertion, vector: { model: 'm', values: [] } }, 'field-size', 'vector'],
    ['assertion', { ...assertion, vector: { model: 'm', values: new Array(4_097).fill(0) } }, 'field-size', 'vector'],
    ['assertion', { ...assertion, weight: 1 }, 'unknown-field', 'weight'],
    ['assertion', { ...assertion, kind: 'vote' }, 'field-range', 'kind'],
    ['vote', { ...vote, assertion_hash: undefined }, 'missing-field', 'assertion_hash'],
    ['vote', { ...vote, weight: undefined }, 'missing-field', 'weight'],
    ['vote', { ...vote, weight: -0.5 }, 'field-range', 'weight'],
    ['vote', { ...vote, subject: 's' }, 'unknown-field', 'subject'],
    ['epoch', { ...epoch, name: undefined }, 'missing-field', 'name'],
    ['epoch', { ...epoch, predicates: [] }, 'field-type', 'predicates'],
    ['epoch', { ...epoch, predicates: { p: 1 } }, 'field-type', 'predicates'],
    ['epoch', { ...epoch, predicates: { '': {} } }, 'field-size', 'predicates'],
    ['epoch', { ...epoch, predicates: { '\ud800': {} } }, 'field-text', 'predicates'],
    ['epoch', { ...epoch, predicates: { p: { cardinality: 'two' } } }, 'field-range', 'cardinality'],
    ['epoch', { ...epoch, predicates: { p: { tolerance: '1' } } }, 'field-type', 'tolerance'],
    ['epoch', { ...epoch, predicates: { p: { tolerance: -1 } } }, 'field-range', 'tolerance'],
    ['epoch', { ...epoch, predicates: { p: { vocabulary: [] } } }, 'field-size', 'vocabulary'],
    ['epoch', { ...epoch, predicates: { p: { vocabulary: [null] } } }, 'field-type', 'vocabulary'],
    ['epoch', { ...epoch, predicates: { p: { halfLife: 0.5 } } }, 'field-type', 'halfLife'],
    ['epoch', { ...epoch, predicates: { p: { other: 1 } } }, 'unknown-field', 'other'],
    ['epoch', { ...epoch, supersedes: 1 }, 'field-type', 'supersedes']
  ]
  it.each(cases)('names what is wrong in %s %j: %s %s', (kind, json, rule, field) => {
    expect(payloadFromJson(kind, json)).toEqual({ rule, field })
  })

  it.each([undefined, null, 1, 'x', []])('takes %j for no record', (json) => {
    expect(payloadFromJson('vote', json)).toEqual({ rule: 'field-type' })
  })

  it('reads nothing through a prototype', () => {
    const inherited: unknown = Object.create(vote)
    expect(payloadFromJson('vote', inherited)).toEqual({ rule: 'missing-field', field: 'agent_id' })
    const polluted: unknown = JSON.parse(`{"__proto__": ${JSON.stringify(vote)}}`)
    expect(payloadFromJson('vote', polluted)).toMatchObject({ rule: 'missing-field' })
  })

  it('answers any JSON without throwing', { timeout: 30_000 }, () => {
    const kind = fc.constantFrom<RecordKind>('assertion', 'vote', 'epoch')
    const base = fc.constantFrom<object>(assertion, vote, epoch)
    const name = fc.constantFrom('subject', 'object', 'vector', 'lineage', 'predicates', 'weight', 'confidence', 'name')
    fc.assert(fc.property(kind, base, name, fc.jsonValue(), (of, json, field, value) => {
      const made = payloadFromJson(of, { ...json, [field]: value })
      if ('payload' in made) expect(openRecord(attachSignature(made.payload, new Uint8Array(64))).grade).toBe('effective')
      else expect(made.rule).not.toBe('')
    }), { numRuns: 1_000 })
  })
})

describe('values in JSON', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(someValue, (value) => {
      const again = valueFromJson(overTheWire(valueToJson(value)))
      expect(normal(again)).toEqual(normal(value))
    }), { numRuns: 300 })
  })

  it.each<readonly [unknown, unknown]>([
    [{ int: '5' }, 5], [{ int: '-9007199254740992' }, -(2n ** 53n)], [{ int: '18446744073709551615' }, 2n ** 64n - 1n],
    [{ ref: 'x' }, { ref: 'x' }], [{ time: -1 }, { time: -1 }], [-0, 0], [1e300, 1e300], [[1, 'x'], [1, 'x']]
  ])('reads %j', (json, value) => {
    expect(valueFromJson(json)).toEqual(value)
  })

  it.each([
    null, undefined, {}, { ref: 1 }, { ref: 'x', time: 1 }, { time: 1.5 }, { time: 2 ** 53 }, { int: 5 }, { int: '05' },
    { int: '1e3' }, { int: '-0' }, { bytes: '====' }, { bytes: 'YQ' }, { bytes: 'YR==' }, { bytes: 1 }, [[1]], [null],
    2 ** 53, -(2 ** 53), { __proto__: { ref: 'x' } }, '\ud800', { ref: '\udc00' }, { other: 1 }
  ])('takes %j for no value', (json) => {
    expect(valueFromJson(json)).toBeUndefined()
  })
})

describe('millionths', () => {
  it.each<readonly [unknown, unknown]>([
    [0, 0], [1, 1_000_000], [0.5, 500_000], [0.1, 100_000], [0.000001, 1], [0.999999, 999_999], ['0.123456', 123_456],
    ['1.000000', 1_000_000], ['00.5', 500_000], [-0, 0],
    [0.1 + 0.2, 'field-decimal'], [1e-7, 'field-decimal'], ['0.0000001', 'field-decimal'],
    ['1.0000000', 'field-decimal'], [1.000001, 'field-range'], ['1.000001', 'field-range'], [-1, 'field-range'],
    [NaN, 'field-range'], [Infinity, 'field-range'], ['', 'field-type'], ['.5', 'field-type'], ['5.', 'field-type'],
    ['-1', 'field-type'], ['1e-1', 'field-type'], [' 1', 'field-type'], [null, 'field-type'], [true, 'field-type']
  ])('of %j are %j', (decimal, millionths) => {
    expect(millionthsFromJson(decimal)).toBe(millionths)
  })

  it('come back from their decimal, every one', () => {
    let wrong = 0
    for (let i = 0; i <= 1_000_000; i += 1) if (millionthsFromJson(millionthsToJson(i)) !== i) wrong += 1
    expect(wrong).toBe(0)
  })
})

/** Byte strings as hex, -0 as 0. */
function normal(value: unknown): unknown {
  if (value === 0) return 0
  if (value instanceof Uint8Array) return { hex: toHex(value) }
  return Array.isArray(value) ? value.map(normal) : value
}
