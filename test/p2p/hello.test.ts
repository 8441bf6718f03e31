// Hello: fixed bytes, room for later fields, no throw but its own.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { networkIdOf, toHex } from '../../src/base/index.js'
import { commonVersion, decodeHello, encodeHello, HELLO_LIMITS } from '../../src/p2p/hello.js'
import { P2pError, peerNameOf, publicKeyOfPeer } from '../../src/p2p/index.js'
import { libp2pKeyOf } from '../../src/p2p/peer-name.js'
import { createSigner, seedFromName } from '../../src/record/index.js'

const networkId = networkIdOf(new Uint8Array(32).fill(0xab))

function ruleOf(bytes: Uint8Array): unknown {
  try {
    decodeHello(bytes)
  } catch (error) {
    if (error instanceof P2pError && error.detail.code === 'P2P_HELLO_INVALID') return error.detail.rule
    throw error
  }
  return 'fine'
}

describe('hello', () => {
  it('has the bytes of the format page', () => {
    expect(toHex(encodeHello({ networkId, versions: [1] }))).toBe(`5354454d010001${'ab'.repeat(32)}0000`)
    const certificate = Uint8Array.of(7, 8)
    expect(toHex(encodeHello({ networkId, versions: [1, 258], certificate }))).toBe(
      `5354454d0200010102${'ab'.repeat(32)}00020708`
    )
  })

  it('reads what it wrote, and ignores what a later version adds', () => {
    const hello = { networkId, versions: [1, 3], certificate: new Uint8Array(96).fill(5) }
    expect(decodeHello(encodeHello(hello))).toEqual(hello)
    expect(decodeHello(Buffer.concat([encodeHello(hello), Buffer.from('more')]))).toEqual(hello)
  })

  it('refuses broken ones by rule', () => {
    const sound = encodeHello({ networkId, versions: [1] })
    expect(ruleOf(new Uint8Array())).toBe('magic')
    expect(ruleOf(Buffer.from(`53544540${toHex(sound).slice(8)}`, 'hex'))).toBe('magic')
    for (let length = 5; length < sound.length; length++) expect(ruleOf(sound.subarray(0, length))).toBe('length')
    expect(ruleOf(encodeHello({ networkId, versions: [] }))).toBe('versions')
    expect(ruleOf(encodeHello({ networkId, versions: [2, 1] }))).toBe('versions')
    expect(ruleOf(encodeHello({ networkId, versions: [0] }))).toBe('versions')
  })

  it('takes versions, certificate and size at their limits and refuses one more', () => {
    const { versionsMax, certificateBytesMax, bytesMax } = HELLO_LIMITS
    const versions = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
    expect(ruleOf(encodeHello({ networkId, versions: versions(versionsMax) }))).toBe('fine')
    expect(ruleOf(encodeHello({ networkId, versions: versions(versionsMax + 1) }))).toBe('versions')
    const certified = (length: number): Uint8Array =>
      encodeHello({ networkId, versions: [1], certificate: new Uint8Array(length) })
    expect(ruleOf(certified(certificateBytesMax))).toBe('fine')
    expect(ruleOf(certified(certificateBytesMax + 1))).toBe('certificate')
    const padded = (length: number): Uint8Array =>
      Buffer.concat([certified(1), Buffer.alloc(length)]).subarray(0, length)
    expect(ruleOf(padded(bytesMax))).toBe('fine')
    expect(ruleOf(padded(bytesMax + 1))).toBe('size')
  })

  it('throws nothing but its own error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      ruleOf(bytes)
      ruleOf(Buffer.concat([Buffer.from('STEM'), bytes]))
    }))
  })

  it('finds the greatest version in common', () => {
    expect(commonVersion([1, 2, 3], [2, 3, 9])).toBe(3)
    expect(commonVersion([1], [2])).toBeUndefined()
  })
})

describe('peer names', () => {
  it('are the libp2p ids of the keys that sign blocks, there and back', async () => {
    const seed = seedFromName('some node')
    const { publicKey } = createSigner(seed)
    const name = peerNameOf(publicKey)
    expect(name).toMatch(/^12D3KooW/)
    expect(publicKeyOfPeer(name)).toBe(publicKey)
    const key = await libp2pKeyOf(seed)
    expect(toHex(key.publicKey.raw)).toBe(publicKey)
  })

  it('are known from other text', () => {
    for (const text of ['', 'peer', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N']) {
      expect(publicKeyOfPeer(text)).toBeUndefined()
    }
  })

  it('need a seed of 32 bytes', async () => {
    await expect(libp2pKeyOf(new Uint8Array(31))).rejects.toMatchObject({ code: 'P2P_BAD_KEY' })
  })
})
