// The same claim gives the same record wherever it is imported.

import { describe, expect, it } from 'vitest'
import { blake3Hash, networkIdOf, RECORD_LIMITS } from '../../src/base/index.js'
import { createClaimSigner, type Claim } from '../../src/node/index.js'
import { createSigner, decodeRecord, seedFromName, type Assertion } from '../../src/record/index.js'

const networkId = networkIdOf(new Uint8Array(32).fill(1))
const otherNetwork = networkIdOf(new Uint8Array(32).fill(2))
const claim: Claim = { source: 'atlas', item: 'france|capital', value: 'Paris', ts: 1_700_000_000_000 }

function bytesOf(given: Claim, network = networkId): Uint8Array {
  const made = createClaimSigner(network)(given)
  return made.kind === 'record' ? made.bytes : expect.fail(made.rule)
}

function assertionOf(given: Claim): Assertion {
  const decoded = decodeRecord(bytesOf(given), networkId)
  if (decoded.grade !== 'effective' || decoded.record.kind !== 'assertion') return expect.fail(decoded.grade)
  return decoded.record
}

describe('record of a claim', () => {
  it('says what the claim says, signed by the agent of its source', () => {
    expect(assertionOf(claim)).toMatchObject({
      subject: 'france', predicate: 'capital', object: 'Paris', timestampMs: 1_700_000_000_000,
      agentId: createSigner(seedFromName('atlas')).publicKey
    })
  })

  it('is the same whoever imports it and whatever was imported before', () => {
    const sign = createClaimSigner(networkId)
    sign({ ...claim, source: 'other' })
    sign({ ...claim, value: 'Lyon' })
    const again = sign(claim)
    expect(again.kind === 'record' ? blake3Hash(again.bytes) : again.rule).toBe(blake3Hash(bytesOf(claim)))
  })

  it('is of one network', () => {
    expect(decodeRecord(bytesOf(claim, otherNetwork), networkId).grade).toBe('invalid')
  })

  it('has a fixed time when the claim has none', () => {
    const { source, item, value } = claim
    expect(assertionOf({ source, item, value }).timestampMs).toBe(0)
  })

  it('has the predicate `value` when the item names none', () => {
    expect(assertionOf({ ...claim, item: 'pi', value: 3.14 })).toMatchObject({ subject: 'pi', predicate: 'value' })
  })

  it('holds numbers, flags and lists', () => {
    for (const value of [7, 0.5, true, ['a', 'b']]) expect(assertionOf({ ...claim, value }).object).toEqual(value)
  })

  it.each([
    ['a value that JSON has and records lack', { value: { nested: { deep: 1 } } }],
    ['a list in a list', { value: [['a']] }],
    ['a subject that is too long', { item: `${'x'.repeat(RECORD_LIMITS.recordBytesMax)}|p` }]
  ])('is refused with its rule for %s', (_, fault) => {
    expect(createClaimSigner(networkId)({ ...claim, ...fault })).toEqual({
      kind: 'refused', rule: expect.stringMatching(/./)
    })
  })
})
