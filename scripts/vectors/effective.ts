// Effective records: each kind in its smallest and its fullest form, and each form of a value.

import type { NetworkId } from '../../src/base/index.js'
import { linkTo, vectorBytes, type CborInput } from '../../src/record/index.js'
import { agentKey, assertionFields, hashOfByte, record, timestampMs, type WireFields } from './raw.js'
import type { RecordCase } from './records.js'

/** Cases that every reader calls effective. */
export function effectiveCases(networkId: NetworkId): readonly RecordCase[] {
  const cases: readonly (readonly [string, WireFields])[] = [
    ...kinds,
    ...values.map(([name, o]) => [`object: ${name}`, { ...assertionFields, o }] as const)
  ]
  return cases.map(([name, fields]) => ({ name, grade: 'effective', bytes: record(fields, networkId) }))
}

const epoch: WireFields = { k: 'e', a: agentKey, t: timestampMs, n: 'epoch', q: {} }
const vote: WireFields = { k: 'v', a: agentKey, t: timestampMs, h: linkTo(hashOfByte(1)), w: 1_000_000 }

const kinds: readonly (readonly [string, WireFields])[] = [
  ['assertion, smallest', assertionFields],
  ['assertion, every field', {
    ...assertionFields, s: 'country|Köln', e: linkTo(hashOfByte(1)), l: [linkTo(hashOfByte(3)), linkTo(hashOfByte(2))],
    c: 500_000, u: 'https://example.org', x: { m: 'model', v: vectorBytes([1.5, -0.5, 3.4028234663852886e38]) }
  }],
  ['assertion, timestamp 0', { ...assertionFields, t: 0 }],
  ['assertion, confidence 0 and empty source', { ...assertionFields, c: 0, u: '', l: [] }],
  ['assertion, default confidence spelt out', { ...assertionFields, c: 1_000_000 }],
  ['vote, whole weight', vote],
  ['vote, withdrawn', { ...vote, w: 0 }],
  ['epoch, smallest', epoch],
  ['epoch, every field', {
    ...epoch, u: linkTo(hashOfByte(1)),
    q: {
      capital: { c: 'one' },
      population: { t: 1000, h: 86_400_000 },
      density: { t: 0.5 },
      language: { c: 'many', v: ['de', 'fr', { r: 'language|it' }, 1, true] },
      empty: {}
    }
  }]
]

const values: readonly (readonly [string, CborInput])[] = [
  ['empty text', ''],
  ['text with NUL', 'a\0b'],
  ['text beyond ASCII', 'Zürich 東京 🜁'],
  ['text with a byte order mark inside', 'a\ufeff'],
  ['text with the replacement character', '\ufffd'],
  ['false', false],
  ['true', true],
  ...[0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].flatMap((n) => [
    [`integer ${n}`, n] as const, [`integer ${-1 - n}`, -1n - BigInt(n)] as const
  ]),
  ['integer 2^53', 2n ** 53n],
  ['integer 2^64 - 1', 2n ** 64n - 1n],
  ['integer -2^63', -(2n ** 63n)],
  ['float 0.5', 0.5],
  ['float 0.1', 0.1],
  ['smallest float', 5e-324],
  ['largest float', Number.MAX_VALUE],
  ['float next past 2^53', 2 ** 53 + 2],
  ['float -2^60', -(2 ** 60)],
  ['no bytes', new Uint8Array()],
  ['bytes', Uint8Array.of(0, 1, 255)],
  ['reference', { r: 'country|DE' }],
  ['time', { t: timestampMs }],
  ['time before 1970', { t: -1 }],
  ['smallest time', { t: -(2 ** 53 - 1) }],
  ['empty list', []],
  ['list of every form', ['a', true, 1, 1.5, 2n ** 60n, Uint8Array.of(1), { r: 'b' }, { t: 2 }]]
]
