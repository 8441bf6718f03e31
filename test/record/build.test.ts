// What is built opens with the same fields, and what would not be effective is not built.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { vectorNetwork } from '../../scripts/vectors/records.js'
import {
  assertionPayload, attachSignature, buildAssertion, buildEpoch, buildVote, createSigner, decodeRecord,
  RecordError, seedFromName, signingInput, vectorBytes, vectorValues,
  type AssertionFields, type PredicateSettings, type StemeRecord
} from '../../src/record/index.js'
import { plainText, someHash, someScalar, someValue } from './arbitrary.js'

const signer = createSigner(seedFromName('build'))
const timestampMs = fc.maxSafeInteger().map(Math.abs)
const millionths = fc.integer({ min: 0, max: 1_000_000 })

const someAssertion: fc.Arbitrary<AssertionFields> = fc.record({
  timestampMs, subject: plainText(60, 1), predicate: plainText(30, 1), object: someValue,
  epoch: fc.option(someHash, { nil: undefined }),
  lineage: fc.uniqueArray(someHash, { maxLength: 4 }),
  confidence: millionths,
  source: fc.option(plainText(30), { nil: undefined })
})

const someSettings: fc.Arbitrary<PredicateSettings> = fc.record({
  cardinality: fc.constantFrom('one', 'many')
}).chain(({ cardinality }) => fc.record({
  tolerance: fc.double({ min: 0, max: 1e9, noNaN: true }),
  vocabulary: fc.array(someScalar, { minLength: 1, maxLength: 3 }),
  halfLifeMs: fc.integer({ min: 1, max: 2 ** 40 })
}, { requiredKeys: [] }).map((rest) => ({ cardinality, ...rest })))

function effective(bytes: Uint8Array): StemeRecord {
  const opened = decodeRecord(bytes, vectorNetwork)
  return opened.grade === 'effective' ? opened.record : expect.fail(`${opened.grade}: ${opened.rule}`)
}

function ruleOf(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof RecordError)) throw error
    return error.detail.code === 'RECORD_NOT_EFFECTIVE' ? [error.detail.rule, error.detail.field] : error.code
  }
}

describe('builders', () => {
  it('give assertions that open with their fields', { timeout: 30_000 }, () => {
    fc.assert(fc.property(someAssertion, (fields) => {
      const record = effective(buildAssertion(fields, signer, vectorNetwork))
      expect(record).toMatchObject({ kind: 'assertion', agentId: signer.publicKey, ...Object(plain(fields)) })
    }), { numRuns: 200 })
  })

  it('give votes that open with their fields', () => {
    fc.assert(fc.property(timestampMs, someHash, millionths, (time, assertion, weight) => {
      const fields = { timestampMs: time, assertion, weight }
      const record = effective(buildVote(fields, signer, vectorNetwork))
      expect(record).toMatchObject({ kind: 'vote', agentId: signer.publicKey, ...fields })
    }), { numRuns: 50 })
  })

  it('give epochs that open with their fields', { timeout: 30_000 }, () => {
    const entry = fc.tuple(plainText(20, 1), someSettings)
    const entries = fc.uniqueArray(entry, { maxLength: 3, selector: ([name]) => name })
    fc.assert(fc.property(plainText(30, 1), entries, fc.option(someHash), (name, settings, supersedes) => {
      const rest = { settings: new Map(settings), supersedes: supersedes ?? undefined }
      const record = effective(buildEpoch({ timestampMs: 1, name, ...rest }, signer, vectorNetwork))
      expect(record).toMatchObject({ kind: 'epoch', name, ...(supersedes !== null && { supersedes }) })
      if (record.kind !== 'epoch') return expect.fail('no epoch')
      expect([...record.settings.keys()].sort()).toEqual(settings.map(([predicate]) => predicate).sort())
      for (const [predicate, of] of settings) expect(record.settings.get(predicate)).toEqual(plain(of))
    }), { numRuns: 100 })
  })

  it('give the same bytes for the same fields', () => {
    const fields = { timestampMs: 1, subject: 's', predicate: 'p', object: 'o' }
    const bytes = buildAssertion(fields, signer, vectorNetwork)
    const spelt = { ...fields, confidence: 1_000_000, lineage: [] }
    expect(buildAssertion(spelt, signer, vectorNetwork)).toEqual(bytes)
  })

  it('give payloads for signers elsewhere', () => {
    const fields = { timestampMs: 1, subject: 's', predicate: 'p', object: 'o' }
    const payload = assertionPayload(fields, signer.publicKey)
    const signature = signer.sign(signingInput('record', vectorNetwork, payload))
    const expected = buildAssertion(fields, signer, vectorNetwork)
    expect(Buffer.compare(attachSignature(payload, signature), expected)).toBe(0)
  })

  it('keep vectors', () => {
    const values = [0, 1.5, -3.25, 2 ** 100]
    const bytes = vectorBytes(values) ?? expect.fail('not finite')
    const vector = { model: 'm', bytes }
    const fields = { timestampMs: 1, subject: 's', predicate: 'p', object: 'o', vector }
    const record = effective(buildAssertion(fields, signer, vectorNetwork))
    if (record.kind !== 'assertion' || record.vector === undefined) return expect.fail('no vector')
    expect([...vectorValues(record.vector)]).toEqual(values)
    expect(record.vector.model).toBe('m')
    for (const broken of [NaN, Infinity, 1e39, 'x', null]) expect(vectorBytes([broken])).toBeUndefined()
  })

  it.each<readonly [string, unknown, Partial<AssertionFields>]>([
    ['an empty subject', ['field-size', 'subject'], { subject: '' }],
    ['a long predicate', ['field-size', 'predicate'], { predicate: 'x'.repeat(129) }],
    ['a confidence past 1', ['field-range', 'confidence'], { confidence: 1_000_001 }],
    ['a confidence that is no integer', ['field-type', 'confidence'], { confidence: 0.5 }],
    ['a negative time', ['envelope-timestamp', undefined], { timestampMs: -1 }],
    ['a lone surrogate', 'RECORD_NOT_ENCODABLE', { object: '\ud800' }],
    ['an integer past 64 bits', 'RECORD_NOT_ENCODABLE', { object: 2n ** 64n }],
    ['an integer below -2^63', ['field-range', 'object'], { object: -(2n ** 63n) - 1n }]
  ])('refuse %s', (_name, rule, fields) => {
    const whole = { timestampMs: 1, subject: 's', predicate: 'p', object: 'o', ...fields }
    expect(ruleOf(() => buildAssertion(whole, signer, vectorNetwork))).toEqual(rule)
  })
})

/** Without undefined fields; byte strings as the buffers that views into a record are; no -0. */
function plain(value: unknown): unknown {
  if (value === 0) return 0
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const defined = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(defined.map(([key, item]) => [key, plain(item)]))
}
