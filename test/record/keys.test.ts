// Keys go through PEM unharmed, sign as RFC 8032 says, and nothing else is taken for a key.

import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { fromHex, idBytes, toHex, utf8Bytes } from '../../src/base/index.js'
import {
  createSigner, generateKey, keyFromPem, keyToPem, RecordError, seedFromName, signatureBackends
} from '../../src/record/index.js'
import { seededRandom } from '../fakes/seeded-random.js'

function codeOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof RecordError) return error.code
  }
  return expect.fail('no RecordError')
}

it('signs the first test vectors of RFC 8032', () => {
  const vectors = [
    ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'],
    ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00']
  ] as const
  for (const [seed, publicKey, message, signature] of vectors) {
    const signer = createSigner(fromHex(seed) ?? new Uint8Array())
    expect(signer.publicKey).toBe(publicKey)
    expect(toHex(signer.sign(fromHex(message) ?? new Uint8Array()))).toBe(signature)
  }
})

it('makes signatures that every backend takes', () => {
  const signer = createSigner(generateKey(seededRandom(1)))
  const message = utf8Bytes('message')
  for (const verify of Object.values(signatureBackends)) {
    expect(verify(signer.sign(message), message, idBytes(signer.publicKey))).toBe(true)
  }
})

it('keeps a key through PEM', () => {
  const seed = generateKey(seededRandom(2))
  const pem = keyToPem(seed)
  expect(pem.startsWith('-----BEGIN PRIVATE KEY-----\n')).toBe(true)
  expect(toHex(keyFromPem(pem))).toBe(toHex(seed))
  expect(createSigner(pem).publicKey).toBe(createSigner(seed).publicKey)
})

it('reads a key that OpenSSL made', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signer = createSigner(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  expect(signer.publicKey).toBe(toHex(spki.subarray(-32)))
})

it('takes nothing else for a key', () => {
  const x25519 = generateKeyPairSync('x25519')
  const locked = generateKeyPairSync('ed25519').privateKey
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }).toString()
  const publicPem = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const texts = [
    '', 'no key', keyToPem(generateKey(seededRandom(3))).slice(0, 80), locked, publicPem,
    x25519.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  ]
  for (const text of texts) expect(codeOf(() => keyFromPem(text))).toBe('RECORD_KEY_UNREADABLE')
  for (const length of [0, 31, 33, 64]) {
    expect(codeOf(() => createSigner(new Uint8Array(length)))).toBe('RECORD_KEY_UNREADABLE')
  }
})

it('derives a demo agent from its name alone', () => {
  expect(toHex(seedFromName('alice'))).toBe(toHex(seedFromName('alice')))
  expect(toHex(seedFromName('alice'))).not.toBe(toHex(seedFromName('bob')))
  expect(createSigner(seedFromName('vectors')).publicKey).toHaveLength(64)
})
