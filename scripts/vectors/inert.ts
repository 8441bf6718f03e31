// Inert records: a valid envelope around a kind, field or value that version 1 gives no effect.

import { concatBytes, type NetworkId } from '../../src/base/index.js'
import { encodeCanonical, Link, linkTo, type CborInput } from '../../src/record/index.js'
import {
  agentKey, assertionFields, hashOfByte, hex, letters, record, timestampMs, type WireFields
} from './raw.js'
import type { RecordCase } from './records.js'

/** Cases that every reader admits without effect. */
export function inertCases(networkId: NetworkId): readonly RecordCase[] {
  return cases.map(([name, rule, field, fields]) => (
    { name, grade: 'inert', rule, field, bytes: record(fields, networkId) }
  ))
}

type Case = readonly [name: string, rule: string, field: string | undefined, fields: WireFields]

const link = linkTo(hashOfByte(1))
const digest = new Uint8Array(32).fill(1)
const rawLink = new Link(concatBytes(hex('01 55 1e 20'), digest))
const shaLink = new Link(concatBytes(hex('01 71 12 20'), digest))
const oldLink = new Link(concatBytes(hex('12 20'), digest))
const identityLink = new Link(hex('01 71 00 01 f6'))
const vote: WireFields = { k: 'v', a: agentKey, t: timestampMs, h: link, w: 1 }
const epoch: WireFields = { k: 'e', a: agentKey, t: timestampMs, n: 'epoch', q: {} }
const letterKeys = Array.from({ length: 17 }, (_, i) => [String.fromCharCode(0x41 + i), i])
const twentyThree = Object.fromEntries(letterKeys)

const cases: readonly Case[] = [
  ['unknown kind', 'unknown-kind', 'kind', { k: 'b', a: agentKey, t: timestampMs }],
  ['unknown kind of NUL', 'unknown-kind', 'kind', { k: '\0', a: agentKey, t: timestampMs }],
  ...unknownFields(),
  ...missingFields(),
  ...wrongForms(),
  ...wrongObjects(),
  ...wrongSettings()
]

function unknownFields(): readonly Case[] {
  const of = (name: string, fields: WireFields): Case =>
    [`unknown field: ${name}`, 'unknown-field', undefined, { ...assertionFields, ...fields }]
  return [
    of('before z', { y: null }),
    of('one letter after z', { '~': 1 }),
    of('longer key, after z', { za: new Uint8Array(64) }),
    of('after z, looking like z at the end', { zz: encodeCanonical({ z: new Uint8Array(64) }) }),
    of('empty key', { '': 1 }),
    of('two-byte key', { é: 1 }),
    of('prototype key', JSON.parse('{"__proto__": {"a": 1}}')),
    of('24 keys without z, 25 with it', { ...twentyThree, '~': 1 }),
    of('23 keys without z, 24 with it', twentyThree),
    of('map that looks like a CID object', { y: { '/': 'x', bytes: 'x' } }),
    of('null', { y: null }),
    of('integer -2^64', { y: -(2n ** 64n) }),
    of('link of another codec', { y: rawLink }),
    of('link of version 0', { y: oldLink }),
    of('link of the identity hash', { y: identityLink }),
    ['unknown field: in a vote', 'unknown-field', undefined, { ...vote, o: 1 }],
    ['unknown field: in an epoch', 'unknown-field', undefined, { ...epoch, o: 1 }]
  ]
}

function missingFields(): readonly Case[] {
  const of = (base: WireFields, key: string, field: string): Case =>
    [`missing ${field}`, 'missing-field', field, { ...base, [key]: undefined }]
  return [
    of(assertionFields, 's', 'subject'), of(assertionFields, 'p', 'predicate'), of(assertionFields, 'o', 'object'),
    of(vote, 'h', 'assertion_hash'), of(vote, 'w', 'weight'), of(epoch, 'n', 'name'), of(epoch, 'q', 'predicates')
  ]
}

function wrongForms(): readonly Case[] {
  const type = (base: WireFields, key: string, field: string, value: CborInput): Case =>
    [`wrong form of ${field}`, 'field-type', field, { ...base, [key]: value }]
  const other = (name: string, rule: string, field: string, fields: WireFields): Case =>
    [name, rule, field, { ...assertionFields, ...fields }]
  return [
    type(assertionFields, 's', 'subject', 1), type(assertionFields, 'p', 'predicate', link),
    type(assertionFields, 'e', 'epoch', digest), type(assertionFields, 'l', 'lineage', link),
    type(assertionFields, 'c', 'confidence', 0.5), type(assertionFields, 'u', 'source', null),
    type(assertionFields, 'x', 'vector', 'x'), type(vote, 'h', 'assertion_hash', 'x'), type(vote, 'w', 'weight', '1'),
    type(epoch, 'n', 'name', 1), type(epoch, 'q', 'predicates', []), type(epoch, 'u', 'supersedes', 1),
    other('empty subject', 'field-size', 'subject', { s: '' }),
    other('empty predicate', 'field-size', 'predicate', { p: '' }),
    ['empty epoch name', 'field-size', 'name', { ...epoch, n: '' }],
    other('negative confidence', 'field-range', 'confidence', { c: -1 }),
    other('confidence beyond 53 bits', 'field-range', 'confidence', { c: 2n ** 60n }),
    ['negative weight', 'field-range', 'weight', { ...vote, w: -1 }],
    other('epoch link of another codec', 'field-type', 'epoch', { e: rawLink }),
    other('epoch link of another hash', 'field-type', 'epoch', { e: shaLink }),
    other('lineage link of version 0', 'field-type', 'lineage', { l: [oldLink] }),
    other('lineage twice the same', 'field-twice', 'lineage', { l: [link, link] }),
    other('vector without model', 'field-type', 'vector', { x: { v: new Uint8Array(4) } }),
    other('vector with more', 'field-type', 'vector', { x: { m: 'm', v: new Uint8Array(4), w: 1 } }),
    other('vector without dimensions', 'field-size', 'vector', { x: { m: 'm', v: new Uint8Array() } }),
    other('vector of 5 bytes', 'field-type', 'vector', { x: { m: 'm', v: new Uint8Array(5) } }),
    other('vector with infinity', 'field-range', 'vector', { x: { m: 'm', v: hex('0000807f') } }),
    other('vector with a NaN', 'field-range', 'vector', { x: { m: 'm', v: hex('00000000 0100c0ff') } })
  ]
}

function wrongObjects(): readonly Case[] {
  const of = (name: string, rule: string, o: CborInput): Case =>
    [`object: ${name}`, rule, 'object', { ...assertionFields, o }]
  return [
    of('null', 'field-type', null),
    of('link', 'field-type', link),
    of('integer below -2^63', 'field-range', -(2n ** 63n) - 1n),
    of('list in a list', 'field-type', [[]]),
    of('null in a list', 'field-type', [null]),
    of('too long text in a list', 'field-size', [letters(16_385)]),
    of('empty map', 'field-type', {}),
    of('map of something else', 'field-type', { q: 'x' }),
    of('reference and time', 'field-type', { r: 'x', t: 1 }),
    of('empty reference', 'field-size', { r: '' }),
    of('reference that is no text', 'field-type', { r: 1 }),
    of('time that is a float', 'field-type', { t: 1.5 }),
    of('time beyond 2^53 - 1', 'field-range', { t: 2n ** 53n }),
    of('time below -(2^53 - 1)', 'field-range', { t: -(2n ** 53n) })
  ]
}

function wrongSettings(): readonly Case[] {
  const of = (name: string, rule: string, field: string, settings: CborInput): Case =>
    [`settings: ${name}`, rule, field, { ...epoch, q: { p: settings } }]
  return [
    ['settings: empty predicate', 'field-size', 'predicates', { ...epoch, q: { '': {} } }],
    of('no map', 'field-type', 'predicates', 1),
    of('unknown setting', 'unknown-field', 'predicates', { y: 1 }),
    of('cardinality two', 'field-range', 'cardinality', { c: 'two' }),
    of('negative tolerance', 'field-range', 'tolerance', { t: -1 }),
    of('tolerance as text', 'field-type', 'tolerance', { t: '1' }),
    of('tolerance of 2^53', 'field-type', 'tolerance', { t: 2n ** 53n }),
    of('empty vocabulary', 'field-size', 'vocabulary', { v: [] }),
    of('vocabulary of lists', 'field-type', 'vocabulary', { v: [[]] }),
    of('vocabulary that is no list', 'field-type', 'vocabulary', { v: 'x' }),
    of('half-life 0', 'field-range', 'halfLife', { h: 0 }),
    of('half-life as float', 'field-type', 'halfLife', { h: 0.5 })
  ]
}
