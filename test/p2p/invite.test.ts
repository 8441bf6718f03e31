// Invites: a line that was cut or altered is told apart from one that is sound, and nothing else is thrown.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake3, concatBytes, utf8Bytes, type PublicKey } from '../../src/base/index.js'
import { issueCertificate } from '../../src/dag/index.js'
import {
  createGenesis, decodeInvite, encodeInvite, INVITE_LIMITS, InviteError, type InviteFields
} from '../../src/p2p/index.js'
import { createSigner, encodeCanonical, seedFromName, type CborInput, type Signer } from '../../src/record/index.js'

const governor: Signer = createSigner(seedFromName('governor'))
const stranger: Signer = createSigner(seedFromName('stranger'))
const nodeKey: PublicKey = createSigner(seedFromName('node')).publicKey
const genesis = createGenesis({
  name: 'federation', created: 1_700_000_000_000, governors: [governor.publicKey], admission: 'closed'
})
const bootstrap = ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8']
const plain: InviteFields = { genesis: genesis.bytes, bootstrap }
const line = encodeInvite(plain)

function codeOf(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    if (error instanceof InviteError) return error.detail
    throw error
  }
  return 'fine'
}
const decoded = (text: string): unknown => codeOf(() => decodeInvite(text))
function seal(body: CborInput): string {
  const bytes = encodeCanonical(body)
  return `ep1${Buffer.from(concatBytes(bytes, blake3(bytes).subarray(0, 8))).toString('base64url')}`
}
const members = {
  v: 1, n: blake3(genesis.bytes), g: genesis.bytes, b: bootstrap
}

describe('invite', () => {
  it('is the line of the vector', () => {
    const vector = JSON.parse(readFileSync(new URL('../vectors/invite.json', import.meta.url), 'utf8')) as {
      readonly line: string
      readonly genesis: string
      readonly bootstrap: readonly string[]
    }
    const invite = decodeInvite(vector.line)
    expect(Buffer.from(invite.bytes).toString()).toBe(vector.genesis)
    expect(invite.bootstrap).toEqual(vector.bootstrap)
    expect(encodeInvite({ genesis: invite.bytes, bootstrap: invite.bootstrap })).toBe(vector.line)
  })

  it('carries genesis, addresses, key and membership there and back', () => {
    const certificate = issueCertificate(nodeKey, governor, genesis.networkId)
    const fields = { ...plain, sharedKey: new Uint8Array(32).fill(9), membership: { nodeKey, certificate } }
    const invite = decodeInvite(`  ${encodeInvite(fields)}\n`)
    expect(invite.networkId).toBe(genesis.networkId)
    expect(invite.genesis).toEqual(genesis.genesis)
    expect(invite.bootstrap).toEqual(bootstrap)
    expect(invite.sharedKey).toEqual(fields.sharedKey)
    expect(invite.membership?.nodeKey).toBe(nodeKey)
    expect(invite.membership?.certificate.governor).toBe(governor.publicKey)
  })

  it('is cut short at any place: damaged', () => {
    for (let length = 3; length < line.length; length++) {
      expect(decoded(line.slice(0, length))).toEqual({ code: 'INVITE_DAMAGED' })
    }
  })

  it('is altered in any character: damaged', () => {
    for (let at = 3; at < line.length; at++) {
      const other = line[at] === 'A' ? 'B' : 'A'
      expect(decoded(line.slice(0, at) + other + line.slice(at + 1))).toEqual({ code: 'INVITE_DAMAGED' })
    }
  })

  it('has one form: padding, other alphabets and inner white space are damage', () => {
    for (const text of [`${line}=`, `${line.slice(0, 40)}\n${line.slice(40)}`, `${line}!`]) {
      expect(decoded(text)).toEqual({ code: 'INVITE_DAMAGED' })
    }
  })

  it.each(['', 'hello', 'ep2abc', 'EP1abc'])('is no invite at all: %j', (text) => {
    expect(decoded(text)).toEqual({ code: 'INVITE_NOT_ONE' })
  })

  it.each([
    ['a newer version', { ...members, v: 2 }, { code: 'INVITE_NEWER', version: 2 }],
    ['no version', { n: members.n, g: members.g, b: members.b }, { code: 'INVITE_BAD_FIELD', field: 'v' }],
    ['an unknown field', { ...members, q: 1 }, { code: 'INVITE_BAD_FIELD', field: 'q' }],
    ['another network id', { ...members, n: blake3(utf8Bytes('x')) }, { code: 'INVITE_NETWORK_MISMATCH' }],
    ['a short network id', { ...members, n: new Uint8Array(31) }, { code: 'INVITE_BAD_FIELD', field: 'n' }],
    ['a broken genesis', { ...members, g: utf8Bytes('{}') }, { code: 'INVITE_BAD_GENESIS' }],
    ['no addresses', { ...members, b: [] }, { code: 'INVITE_BAD_FIELD', field: 'b' }],
    ['an address that is none', { ...members, b: ['localhost:1'] }, { code: 'INVITE_BAD_FIELD', field: 'b' }],
    ['an address that is no text', { ...members, b: [1] }, { code: 'INVITE_BAD_FIELD', field: 'b' }],
    ['a short shared key', { ...members, p: new Uint8Array(31) }, { code: 'INVITE_BAD_FIELD', field: 'p' }],
    ['a node key alone', { ...members, k: new Uint8Array(32) }, { code: 'INVITE_BAD_FIELD', field: 'c' }],
    ['a certificate alone', { ...members, c: new Uint8Array(96) }, { code: 'INVITE_BAD_FIELD', field: 'k' }],
    ['a list', [1], { code: 'INVITE_BAD_FIELD', field: '' }]
  ])('is refused with %s', (_, body: CborInput, detail) => {
    expect(decoded(seal(body))).toEqual(detail)
  })

  it('is refused with a certificate of no governor, of another node or network', () => {
    const other = createGenesis({ name: 'other', created: 1, governors: [governor.publicKey] })
    for (const certificate of [
      issueCertificate(nodeKey, stranger, genesis.networkId),
      issueCertificate(stranger.publicKey, governor, genesis.networkId),
      issueCertificate(nodeKey, governor, other.networkId)
    ]) {
      const fields = { ...plain, membership: { nodeKey, certificate } }
      expect(codeOf(() => encodeInvite(fields))).toEqual({ code: 'INVITE_BAD_FIELD', field: 'c' })
    }
  })

  it('takes as many addresses, and addresses as long, as the limits and no more', () => {
    const { bootstrapMax, addressBytesMax, lineCharactersMax } = INVITE_LIMITS
    const make = (addresses: readonly string[]): unknown =>
      codeOf(() => encodeInvite({ ...plain, bootstrap: addresses }))
    const base = '/dns4/'
    const long = base + 'a'.repeat(addressBytesMax - base.length)
    expect(make(Array.from({ length: bootstrapMax }, (_, i) => `/ip4/127.0.0.1/tcp/${i}`))).toBe('fine')
    expect(make(Array.from({ length: bootstrapMax + 1 }, (_, i) => `/ip4/127.0.0.1/tcp/${i}`))).toMatchObject({
      field: 'b'
    })
    expect(make([long])).toBe('fine')
    expect(make([`${long}a`])).toMatchObject({ field: 'b' })
    expect(decoded('ep1'.padEnd(lineCharactersMax, 'A'))).toEqual({ code: 'INVITE_DAMAGED' })
    expect(decoded('ep1'.padEnd(lineCharactersMax + 1, 'A'))).toMatchObject({ code: 'INVITE_TOO_LARGE' })
  })

  it('throws nothing but its own error, whatever a sealed body holds', () => {
    const scalar = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.boolean(), fc.uint8Array({ maxLength: 100 }))
    const body = fc.dictionary(
      fc.constantFrom('v', 'n', 'g', 'b', 'p', 'k', 'c', 'x'), fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }))
    )
    fc.assert(fc.property(body, (one) => {
      codeOf(() => decodeInvite(seal({ ...one, v: 1 })))
    }))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const sealed = concatBytes(bytes, blake3(bytes).subarray(0, 8))
      expect(decoded(`ep1${Buffer.from(sealed).toString('base64url')}`)).not.toBe('fine')
    }))
  })
})
