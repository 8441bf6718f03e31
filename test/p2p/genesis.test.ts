// Genesis: one content, one byte form, one network id; everything else is refused with a code.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePublicKey, toHex, utf8Bytes, type PublicKey } from '../../src/base/index.js'
import {
  canonicalJson, createGenesis, GENESIS_LIMITS, GenesisError, parseGenesis, type CanonicalJson
} from '../../src/p2p/index.js'

const vectors = JSON.parse(readFileSync(new URL('../vectors/genesis.json', import.meta.url), 'utf8')) as {
  readonly genesis: string
  readonly networkId: string
}

const keyOf = (digit: string): PublicKey => {
  const key = parsePublicKey(digit.repeat(64))
  if (key === undefined) throw new Error('not a key')
  return key
}
const [a, b] = [keyOf('a'), keyOf('b')]
const sound = createGenesis({ name: 'test', created: 1, governors: [b, a, b], seeds: [a] })
const json = Buffer.from(sound.bytes).toString()

function codeOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    if (error instanceof GenesisError) return error.detail
    throw error
  }
  return 'fine'
}
const parsed = (text: string): unknown => codeOf(() => parseGenesis(utf8Bytes(text)))
const changed = (change: Record<string, unknown>): unknown => {
  const whole = { ...(JSON.parse(json) as object), ...change }
  return parsed(canonicalJson(whole as Record<string, CanonicalJson>))
}

describe('genesis', () => {
  it('gives the bytes and the network id of the vector', () => {
    const opened = parseGenesis(utf8Bytes(vectors.genesis))
    expect(opened.networkId).toBe(vectors.networkId)
    expect(Buffer.from(createGenesis(opened.genesis).bytes).toString()).toBe(vectors.genesis)
  })

  it('sorts keys, drops doubles and reads back what it made', () => {
    expect(sound.genesis.governors).toEqual([a, b])
    expect(parseGenesis(sound.bytes)).toEqual(sound)
  })

  it('changes its network id with every field', () => {
    const fields = { name: 'test', created: 1, governors: [a, b], seeds: [a] }
    const ids = [
      createGenesis(fields), createGenesis({ ...fields, name: 'Test' }), createGenesis({ ...fields, created: 2 }),
      createGenesis({ ...fields, governors: [a] }), createGenesis({ ...fields, seeds: [] }),
      createGenesis({ ...fields, admission: 'closed' }), createGenesis({ ...fields, feedWorkBits: 1 }),
      createGenesis({ ...fields, trust: { standing: 'votes' } })
    ].map((opened) => opened.networkId)
    expect(ids[0]).toBe(sound.networkId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each([
    ['no JSON', '{', { code: 'GENESIS_NOT_JSON' }],
    ['no object', '[]', { code: 'GENESIS_BAD_FIELD', field: '' }],
    ['spaces', json.replace(',', ', '), { code: 'GENESIS_NOT_CANONICAL' }],
    ['a newline at the end', `${json}\n`, { code: 'GENESIS_NOT_CANONICAL' }],
    ['a doubled member', json.replace('{', '{"admission":"open",'), { code: 'GENESIS_NOT_CANONICAL' }],
    ['an escape that is not needed', json.replace('"test"', '"\\u0074est"'), { code: 'GENESIS_NOT_CANONICAL' }],
    ['an exponent', json.replace('"created":1', '"created":1e0'), { code: 'GENESIS_NOT_CANONICAL' }]
  ])('refuses %s', (_, text, detail) => {
    expect(parsed(text)).toEqual(detail)
  })

  it('refuses bytes that are no UTF-8', () => {
    expect(codeOf(() => parseGenesis(Uint8Array.of(0xff)))).toEqual({ code: 'GENESIS_NOT_JSON' })
  })

  it.each(['admission', 'created', 'feedWorkBits', 'governors', 'name', 'seeds', 'trust', 'version'])(
    'refuses a genesis without %s', (field) => {
      const rest = JSON.parse(json) as Record<string, CanonicalJson>
      delete rest[field]
      expect(parsed(canonicalJson(rest))).toMatchObject({ field })
    }
  )

  it.each([
    ['an unknown field', { extra: 1 }, { code: 'GENESIS_UNKNOWN_FIELD', field: 'extra' }],
    ['a newer version', { version: 2 }, { code: 'GENESIS_VERSION', version: 2 }],
    ['an unknown admission', { admission: 'half' }, { code: 'GENESIS_BAD_FIELD', field: 'admission' }],
    ['a negative time', { created: -1 }, { code: 'GENESIS_BAD_FIELD', field: 'created' }],
    ['text for a number', { created: '1' }, { code: 'GENESIS_BAD_FIELD', field: 'created' }],
    ['33 work bits', { feedWorkBits: 33 }, { code: 'GENESIS_BAD_FIELD', field: 'feedWorkBits' }],
    ['keys out of order', { governors: [b, a] }, { code: 'GENESIS_BAD_FIELD', field: 'governors' }],
    ['a doubled key', { seeds: [a, a] }, { code: 'GENESIS_BAD_FIELD', field: 'seeds' }],
    ['an upper-case key', { seeds: [a.toUpperCase()] }, { code: 'GENESIS_BAD_FIELD', field: 'seeds' }],
    ['an empty name', { name: '' }, { code: 'GENESIS_BAD_FIELD', field: 'name' }],
    ['a name with control characters', { name: 'a\u001b[2J' }, { code: 'GENESIS_BAD_FIELD', field: 'name' }],
    ['trust that is a list', { trust: [] }, { code: 'GENESIS_BAD_FIELD', field: 'trust' }],
    ['trust without its fields', { trust: {} }, { code: 'GENESIS_MISSING_FIELD', field: 'trust.authorityAccuracy' }]
  ])('refuses %s', (_, change, detail) => {
    expect(changed(change)).toEqual(detail)
  })

  it('refuses a member called __proto__', () => {
    expect(parsed(json.replace('{', '{"__proto__":{},'))).toMatchObject({ code: 'GENESIS_UNKNOWN_FIELD' })
  })

  it('refuses fractions when it is made', () => {
    expect(codeOf(() => createGenesis({ name: 'x', created: 1.5, governors: [a] }))).toMatchObject({ field: 'created' })
    expect(codeOf(() => createGenesis({ name: '\ud800', created: 1, governors: [a] }))).toMatchObject({ field: 'name' })
  })

  it('takes a name and lists at their limits and refuses one more', () => {
    const keys = (count: number): PublicKey[] => Array.from({ length: count }, (_, i) => keyFrom(i))
    const make = (name: string, governors: number): unknown =>
      codeOf(() => createGenesis({ name, created: 1, governors: keys(governors) }))
    const { nameBytesMax, governorsMax, bytesMax } = GENESIS_LIMITS
    expect(make('n'.repeat(nameBytesMax), governorsMax)).toBe('fine')
    expect(make('n'.repeat(nameBytesMax + 1), 1)).toMatchObject({ field: 'name' })
    expect(make('n', governorsMax + 1)).toMatchObject({ field: 'governors' })
    expect(parsed(' '.repeat(bytesMax))).toEqual({ code: 'GENESIS_NOT_JSON' })
    expect(parsed(' '.repeat(bytesMax + 1))).toEqual({ code: 'GENESIS_TOO_LARGE', sizeBytes: bytesMax + 1 })
  })

  it('throws nothing but its own error on bytes with any one part changed', () => {
    fc.assert(fc.property(fc.nat(sound.bytes.length - 1), fc.uint8Array({ maxLength: 4 }), (at, patch) => {
      const bytes = Buffer.concat([sound.bytes.subarray(0, at), patch, sound.bytes.subarray(at + 1)])
      const detail = codeOf(() => parseGenesis(bytes))
      if (!bytes.equals(sound.bytes) && detail === 'fine') {
        expect(parseGenesis(bytes).networkId).not.toBe(sound.networkId)
      }
    }))
  })
})

describe('canonical JSON', () => {
  it('follows RFC 8785 for strings, names and integers', () => {
    const value = { '\u20ac': 1, '\r': 2, '1': [true, false, -0], '\ud83d\ude00': 'a"\\\u0007/é', '\ufb33': -5 }
    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":[true,false,0],"\u20ac":1,"\ud83d\ude00":"a\\"\\\\\\u0007/é","\ufb33":-5}'
    )
  })

  it('refuses what has no form here', () => {
    expect(() => canonicalJson(1.5)).toThrow(RangeError)
    expect(() => canonicalJson('\udfff')).toThrow(RangeError)
  })

  it('reads back as what it was', () => {
    const { value } = fc.letrec<{ value: CanonicalJson }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' }, fc.string({ unit: 'grapheme' }), fc.maxSafeInteger(), fc.boolean(),
        fc.array(tie('value')), fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'))
      )
    }))
    fc.assert(fc.property(value, (any) => {
      const text = canonicalJson(any)
      expect(canonicalJson(JSON.parse(text) as CanonicalJson)).toBe(text)
    }))
  })
})

function keyFrom(index: number): PublicKey {
  const key = parsePublicKey(toHex(Uint8Array.of(index >> 8, index & 255)).padEnd(64, '0'))
  if (key === undefined) throw new Error('not a key')
  return key
}
