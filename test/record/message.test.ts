// The signed message is cut out of the record's bytes, wherever its signature stands.

import { expect, it } from 'vitest'
import { recordVectors, vectorNetwork } from '../../scripts/vectors/records.js'
import { concatBytes, fromHex, idBytes, networkIdOf, toHex, utf8Text } from '../../src/base/index.js'
import {
  attachSignature, decodeCanonical, encodeCanonical, openRecord, SIGNATURE_LABELS,
  signatureOf, signedMessage, signingInput
} from '../../src/record/index.js'

const admitted = recordVectors().vectors
  .map(({ bytes }) => fromHex(bytes) ?? expect.fail('not hex'))
  .filter((bytes) => openRecord(bytes).grade !== 'invalid')

function mapOf(bytes: Uint8Array): Map<string, unknown> {
  const value = decodeCanonical(bytes)
  return value instanceof Map ? new Map(value) : expect.fail('no map')
}

it('is label, network and the record encoded without its signature', () => {
  for (const bytes of admitted) {
    const map = decodeCanonical(bytes)
    if (!(map instanceof Map)) return expect.fail('no map')
    const payload = encodeCanonical(new Map([...map].filter(([key]) => key !== 'z')))
    const expected = signingInput('record', vectorNetwork, payload)
    expect(toHex(signedMessage(bytes, vectorNetwork))).toBe(toHex(expected))
  }
})

it('is undone by attachSignature', () => {
  const prefixBytes = 17 + 32
  for (const bytes of admitted) {
    const payload = signedMessage(bytes, vectorNetwork).subarray(prefixBytes)
    expect(toHex(attachSignature(payload, signatureOf(bytes)))).toBe(toHex(bytes))
    expect(toHex(signatureOf(bytes))).toBe(toHex(mapOf(bytes).get('z') as Uint8Array))
  }
})

it('replaces a signature that is there', () => {
  const record = attachSignature(encodeCanonical({ a: 1 }), new Uint8Array(64))
  const again = attachSignature(record, new Uint8Array(64).fill(1))
  expect(mapOf(again)).toEqual(new Map<string, unknown>([['a', 1], ['z', Buffer.alloc(64, 1)]]))
})

it('differs between networks and between domains', () => {
  const payload = encodeCanonical({ a: 1 })
  const other = networkIdOf(new Uint8Array(32).fill(9))
  const messages = [
    signingInput('record', vectorNetwork, payload), signingInput('record', other, payload),
    signingInput('block', vectorNetwork, payload), signingInput('tag', vectorNetwork, payload),
    signingInput('member', vectorNetwork, payload)
  ]
  expect(new Set(messages.map(toHex)).size).toBe(5)
  const record = attachSignature(payload, new Uint8Array(64))
  expect(toHex(signedMessage(record, other))).toBe(toHex(signingInput('record', other, payload)))
  expect(toHex(signedMessage(record, vectorNetwork))).toBe(toHex(signingInput('record', vectorNetwork, payload)))
})

it('begins with the documented labels', () => {
  expect(Object.values(SIGNATURE_LABELS).map(utf8Text)).toEqual([
    'stemedb/1/record\0', 'stemedb/1/block\0', 'stemedb/1/tag\0', 'stemedb/1/member\0'
  ])
  const message = signingInput('tag', vectorNetwork, Uint8Array.of(5))
  const joined = concatBytes(SIGNATURE_LABELS.tag, idBytes(vectorNetwork), Uint8Array.of(5))
  expect(toHex(message)).toBe(toHex(joined))
})

it('ends on bytes that are no record', () => {
  const noRecords = [
    '', 'a1', 'bbffffffffffffffff', 'a1617a', 'bb00000001000000006161', '9fffff', 'a1ff', 'a2617aff'
  ]
  for (const digits of noRecords) {
    const bytes = fromHex(digits) ?? expect.fail('not hex')
    expect(signedMessage(bytes, vectorNetwork).length).toBeGreaterThan(0)
  }
})
