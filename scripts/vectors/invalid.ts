// Invalid records: a broken envelope, a form that is not canonical, or a signature that does not hold.
// Where only the form is wrong, the signature is right for the bytes as they stand.

import { concatBytes, networkIdOf, type NetworkId } from '../../src/base/index.js'
import { attachSignature, encodeCanonical, signingInput } from '../../src/record/index.js'
import {
  agent, agentKey, assertionFields, hex, rawEntries, rawMap, record, signRaw, withRawObject, type RawEntry
} from './raw.js'
import type { RecordCase } from './records.js'

/** Cases that every reader refuses for ever. */
export function invalidCases(networkId: NetworkId): readonly RecordCase[] {
  return [
    ...objectForms.map(([name, rule, digits]): RecordCase => (
      { name: `form: ${name}`, grade: 'invalid', rule, bytes: withRawObject(hex(digits), networkId) }
    )),
    ...[mapForms, envelopes, signatures].flatMap((make) => make(networkId)).map(([name, rule, bytes]) => (
      { name, grade: 'invalid' as const, rule, bytes }
    ))
  ]
}

type Case = readonly [name: string, rule: string, bytes: Uint8Array]

const digest = '0101010101010101010101010101010101010101010101010101010101010101'

const objectForms: readonly (readonly [name: string, rule: string, digits: string])[] = [
  ['integer 0 in 2 bytes', 'cbor-shortest', '18 00'],
  ['integer 23 in 2 bytes', 'cbor-shortest', '18 17'],
  ['integer 255 in 3 bytes', 'cbor-shortest', '19 00ff'],
  ['integer 65,535 in 5 bytes', 'cbor-shortest', '1a 0000ffff'],
  ['integer 2^32 - 1 in 9 bytes', 'cbor-shortest', '1b 00000000ffffffff'],
  ['integer -1 in 2 bytes', 'cbor-shortest', '38 00'],
  ['text length in 2 bytes', 'cbor-shortest', '78 01 61'],
  ['bytes length in 3 bytes', 'cbor-shortest', '59 0001 00'],
  ['list length in 2 bytes', 'cbor-shortest', '98 01 01'],
  ['map length in 2 bytes', 'cbor-shortest', 'b8 01 6172 6178'],
  ['tag 42 in 3 bytes', 'cbor-shortest', `d9 002a 5825 00 01711e20 ${digest}`],
  ['reserved head 28', 'cbor-head', '1c'],
  ['reserved head 30', 'cbor-head', '7e'],
  ['indefinite text', 'cbor-head', '7f 6161 ff'],
  ['indefinite bytes', 'cbor-head', '5f 4161 ff'],
  ['indefinite list', 'cbor-head', '9f 01 ff'],
  ['indefinite map', 'cbor-head', 'bf 6172 6178 ff'],
  ['break', 'cbor-simple', 'ff'],
  ['undefined', 'cbor-simple', 'f7'],
  ['simple value 0', 'cbor-simple', 'e0'],
  ['simple value 32', 'cbor-simple', 'f8 20'],
  ['false as simple value in 2 bytes', 'cbor-simple', 'f8 14'],
  ['float16 0.5', 'cbor-float', 'f9 3800'],
  ['float32 0.5', 'cbor-float', 'fa 3f000000'],
  ['float 1', 'cbor-float', 'fb 3ff0000000000000'],
  ['float 0', 'cbor-float', 'fb 0000000000000000'],
  ['float -0', 'cbor-float', 'fb 8000000000000000'],
  ['float 2^53', 'cbor-float', 'fb 4340000000000000'],
  ['float -2^53', 'cbor-float', 'fb c340000000000000'],
  ['NaN', 'cbor-float', 'fb 7ff8000000000000'],
  ['NaN with a payload', 'cbor-float', 'fb 7ff0000000000001'],
  ['infinity', 'cbor-float', 'fb 7ff0000000000000'],
  ['minus infinity', 'cbor-float', 'fb fff0000000000000'],
  ['float16 NaN', 'cbor-float', 'f9 7e00'],
  ['text with a leading byte order mark', 'cbor-bom', '64 efbbbf61'],
  ['text that is a byte order mark', 'cbor-bom', '63 efbbbf'],
  ['text with a stray continuation byte', 'cbor-utf8', '61 80'],
  ['text cut in a character', 'cbor-utf8', '62 61c3'],
  ['text with an overlong slash', 'cbor-utf8', '62 c0af'],
  ['text with a high surrogate', 'cbor-utf8', '63 eda080'],
  ['text with a surrogate pair', 'cbor-utf8', '66 eda080 edb080'],
  ['text past U+10FFFF', 'cbor-utf8', '64 f4908080'],
  ['key order in an inner map', 'cbor-order', 'a2 6174 01 6172 6178'],
  ['key twice in an inner map', 'cbor-order', 'a2 6172 6178 6172 6178'],
  ['key with a byte order mark in an inner map', 'cbor-bom', 'a1 63 efbbbf 01'],
  ['integer key in an inner map', 'cbor-key', 'a1 01 01'],
  ['bytes key in an inner map', 'cbor-key', 'a1 4161 01'],
  ['tag 0', 'cbor-tag', 'c0 6161'],
  ['tag 2, a bignum', 'cbor-tag', 'c2 4101'],
  ['tag 41', 'cbor-tag', `d829 5825 00 01711e20 ${digest}`],
  ['tag 43', 'cbor-tag', `d82b 5825 00 01711e20 ${digest}`],
  ['tag 55799, self-described', 'cbor-tag', 'd9d9f7 01'],
  ['tag of 8 bytes', 'cbor-tag', 'db 0020000000000000 01'],
  ['link around a text', 'cbor-cid', 'd82a 6161'],
  ['link around nothing', 'cbor-cid', 'd82a 40'],
  ['link without a CID', 'cbor-cid', 'd82a 4100'],
  ['link without the zero byte', 'cbor-cid', `d82a 5824 01711e20 ${digest}`],
  ['link with another first byte', 'cbor-cid', `d82a 5825 01 01711e20 ${digest}`],
  ['CID of version 2', 'cbor-cid', `d82a 5825 00 02711e20 ${digest}`],
  ['CID of version 0 in the form of 1', 'cbor-cid', `d82a 5825 00 00711e20 ${digest}`],
  ['CID of version 0 with 31 bytes', 'cbor-cid', `d82a 5822 00 1220 ${digest.slice(2)}`],
  ['CID with a digest too short', 'cbor-cid', `d82a 5824 00 01711e20 ${digest.slice(2)}`],
  ['CID with a digest too long', 'cbor-cid', `d82a 5826 00 01711e20 ${digest} 01`],
  ['CID with a codec in two bytes', 'cbor-cid', `d82a 5826 00 01f1001e20 ${digest}`],
  ['CID with a codec of 8 bytes', 'cbor-cid', `d82a 582c 00 01ffffffffffffff01 1e20 ${digest}`],
  ['CID cut in its heads', 'cbor-cid', 'd82a 44 00 01711e']
]

function mapForms(networkId: NetworkId): readonly Case[] {
  const whole = record(assertionFields, networkId)
  const entries = rawEntries({})
  const [first, second] = [at(entries, 0), at(entries, 1)]
  const extra: RawEntry = [hex('63 efbbbf'), hex('01')]
  const long = Uint8Array.of(0xb8, (whole[0] ?? 0) & 0x1f)
  return [
    ['form: no bytes', 'record-size', new Uint8Array()],
    ['form: a list', 'record-map', hex('80')],
    ['form: an integer', 'record-map', hex('01')],
    ['form: a tag around the record', 'record-map', concatBytes(hex('d82a'), whole)],
    ['form: one byte missing', 'cbor-cut', whole.subarray(0, -1)],
    ['form: a byte too many', 'cbor-trailing', concatBytes(whole, hex('00'))],
    ['form: the record twice', 'cbor-trailing', concatBytes(whole, whole)],
    ['form: map length in 2 bytes', 'cbor-shortest', concatBytes(long, whole.subarray(1))],
    ['form: indefinite record', 'cbor-head', concatBytes(hex('bf'), whole.subarray(1), hex('ff'))],
    ['form: more entries promised', 'cbor-cut', concatBytes(hex('af'), whole.subarray(1))],
    ['form: 2^32 entries promised', 'cbor-cut', concatBytes(hex('bb 0000000100000000'), whole.subarray(1))],
    ['form: 2^60 entries promised', 'cbor-cut', concatBytes(hex('bb 1000000000000000'), whole.subarray(1))],
    ['form: keys out of order', 'cbor-order', signRaw([second, first, ...entries.slice(2)], networkId)],
    ['form: key twice', 'cbor-order', signRaw([first, first, ...entries.slice(1)], networkId)],
    ['form: longer key first', 'cbor-order', signRaw([[encodeCanonical('aa'), hex('01')], ...entries], networkId)],
    ['form: key with a byte order mark', 'cbor-bom', rawMap([...splitRecord(entries, networkId), extra])],
    ['form: key in a long head', 'cbor-shortest', signRaw([[hex('780161'), first[1]], ...entries.slice(1)], networkId)],
    ['form: key that is bytes', 'cbor-key', signRaw([[hex('4161'), first[1]], ...entries.slice(1)], networkId)]
  ]
}

function envelopes(networkId: NetworkId): readonly Case[] {
  const of = (name: string, rule: string, fields: Parameters<typeof record>[0]): Case =>
    [`envelope: ${name}`, rule, record({ ...assertionFields, ...fields }, networkId)]
  const payload = encodeCanonical(assertionFields)
  const zOf = (length: number): Uint8Array =>
    encodeCanonical({ ...assertionFields, z: new Uint8Array(length) })
  return [
    ['envelope: empty map', 'envelope-kind', hex('a0')],
    of('no kind', 'envelope-kind', { k: undefined }),
    of('empty kind', 'envelope-kind', { k: '' }),
    of('kind that is bytes', 'envelope-kind', { k: hex('61') }),
    of('no agent', 'envelope-agent', { a: undefined }),
    of('agent of 31 bytes', 'envelope-agent', { a: agentKey.subarray(1) }),
    of('agent of 33 bytes', 'envelope-agent', { a: concatBytes(agentKey, hex('00')) }),
    of('agent that is text', 'envelope-agent', { a: 'x'.repeat(32) }),
    of('no timestamp', 'envelope-timestamp', { t: undefined }),
    of('negative timestamp', 'envelope-timestamp', { t: -1 }),
    of('timestamp that is a float', 'envelope-timestamp', { t: 1.5 }),
    of('timestamp that is text', 'envelope-timestamp', { t: '1' }),
    ['envelope: no signature', 'envelope-signature', payload],
    ['envelope: signature of 63 bytes', 'envelope-signature', zOf(63)],
    ['envelope: signature of 65 bytes', 'envelope-signature', zOf(65)],
    ['envelope: signature that is text', 'envelope-signature', encodeCanonical({ ...assertionFields, z: 'x'.repeat(64) })]
  ]
}

function signatures(networkId: NetworkId): readonly Case[] {
  const payload = encodeCanonical(assertionFields)
  const other = encodeCanonical({ ...assertionFields, o: 'other' })
  const otherNetwork = networkIdOf(new Uint8Array(32).fill(8))
  const signedAs = (message: Uint8Array): Uint8Array => attachSignature(payload, agent.sign(message))
  return [
    ['signature: of another network', 'signature', record(assertionFields, otherNetwork)],
    ['signature: of another record', 'signature', signedAs(signingInput('record', networkId, other))],
    ['signature: of a block', 'signature', signedAs(signingInput('block', networkId, payload))],
    ['signature: without a label', 'signature', signedAs(payload)],
    ['signature: all zero', 'signature', attachSignature(payload, new Uint8Array(64))],
    ['signature: by another agent', 'signature',
      record({ ...assertionFields, a: new Uint8Array(32).fill(9) }, networkId)],
    ['signature: of an unknown kind', 'signature',
      attachSignature(encodeCanonical({ ...assertionFields, k: 'later' }), new Uint8Array(64))]
  ]
}

/** The entries of a record with `z`, so that more can follow. */
function splitRecord(entries: readonly RawEntry[], networkId: NetworkId): readonly RawEntry[] {
  const signature = agent.sign(signingInput('record', networkId, rawMap(entries)))
  return [...entries, [encodeCanonical('z'), encodeCanonical(signature)]]
}

function at(entries: readonly RawEntry[], index: number): RawEntry {
  return entries[index] ?? [new Uint8Array(), new Uint8Array()]
}
