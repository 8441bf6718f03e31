// All signature backends give the verdict of STRICT on the public vectors and on our own.

import { existsSync, readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Point, verify as cofactoredVerify, hashes } from '@noble/ed25519'
import { describe, expect, it } from 'vitest'
import { edgeSignatures } from '../../scripts/vectors/edge-signatures.js'
import { concatBytes, fromHex, idBytes, toHex } from '../../src/base/index.js'
import {
  createSigner, defaultBackend, RecordError, selfTest, seedFromName, signatureBackends, verifySignature,
  type VerifySignature
} from '../../src/record/index.js'

interface PublicVector {
  readonly name: string
  readonly public_key: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}

const publicFile = fileURLToPath(new URL('../../../shared/data/ed25519/vectors.json', import.meta.url))
const isPublicFileHere = existsSync(publicFile)
const backends = Object.entries(signatureBackends)

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? expect.fail('not hex')
}

function codeOf(action: () => void): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof RecordError ? error.code : expect.fail(String(error))
  }
}

describe('public Ed25519 vectors', () => {
  it('are there on CI', () => {
    if (process.env['CI'] === 'true') expect(isPublicFileHere).toBe(true)
  })

  it.for(backends)('get the verdict of STRICT from %s', { timeout: 60_000 }, ([, verify], { skip }) => {
    skip(!isPublicFileHere, 'the public vectors are not part of this repository')
    const { vectors }: { vectors: readonly PublicVector[] } = JSON.parse(readFileSync(publicFile, 'utf8'))
    const wrong = vectors.filter(({ public_key, message, signature, valid }) =>
      verify(bytes(signature), bytes(message), bytes(public_key)) !== valid)
    expect(wrong.map(({ name }) => name)).toEqual([])
    expect(vectors.length).toBeGreaterThan(500)
  })
})

describe('edge vectors', () => {
  it.each(backends)('get their verdict from %s', (name, verify) => {
    expect(() => selfTest({ [name]: verify })).not.toThrow()
  })

  it('meet the cofactorless equation wherever only another clause can refuse them', () => {
    const refusedByClause = /^(key|R) of small order, multiple|^key of small order, y/
    const chosen = edgeSignatures().filter(({ name }) => refusedByClause.test(name))
    expect(chosen).toHaveLength(8 + 8 + 6)
    for (const { name, publicKey, message, signature } of chosen) {
      const key = Point.fromHex(publicKey, true)
      const [r, s] = [bytes(signature).subarray(0, 32), littleEndian(bytes(signature).subarray(32))]
      const hash = createHash('sha512').update(r).update(bytes(publicKey)).update(bytes(message)).digest()
      const k = littleEndian(hash) % Point.CURVE().n
      const left = Point.BASE.multiply(s, false).subtract(key.multiply(k, false))
      expect([name, toHex(left.toBytes())]).toEqual([name, toHex(r)])
    }
  })

  it('tell a cofactored verifier from a strict one', () => {
    hashes.sha512 = (message) => new Uint8Array(createHash('sha512').update(message).digest())
    const cofactored: VerifySignature = (signature, message, publicKey) => {
      try {
        return cofactoredVerify(signature, message, publicKey, { zip215: false })
      } catch {
        return false
      }
    }
    expect(codeOf(() => selfTest({ cofactored }))).toBe('RECORD_SELF_TEST')
  })

  it.each<readonly [string, VerifySignature]>([
    ['a backend that takes everything', () => true],
    ['a backend that takes nothing', () => false],
    ['a backend that cuts long signatures', (signature, message, publicKey) =>
      verifySignature(signature.subarray(0, 64), message, publicKey)],
    ['a backend that cuts long keys', (signature, message, publicKey) =>
      verifySignature(signature, message, publicKey.subarray(0, 32))],
    ['a backend that reduces S', (signature, message, publicKey) =>
      verifySignature(withReducedScalar(signature), message, publicKey)]
  ])('find %s', (_name, broken) => {
    expect(codeOf(() => selfTest({ broken }))).toBe('RECORD_SELF_TEST')
  })
})

describe('backends', () => {
  it('have sodium first where it loads', () => {
    expect(defaultBackend).toBe('sodium' in signatureBackends ? 'sodium' : 'node')
    expect(signatureBackends[defaultBackend]).toBe(verifySignature)
  })

  it.each(backends)('judge rightly after more keys than are kept: %s', { timeout: 30_000 }, (name, verify) => {
    const signer = createSigner(seedFromName('first'))
    const message = Uint8Array.of(1)
    const signature = signer.sign(message)
    const key = idBytes(signer.publicKey)
    expect(verify(signature, message, key)).toBe(true)
    const others = name === 'noble' ? 100 : 4_200
    for (let i = 0; i < others; i += 1) {
      const other = Uint8Array.from(key)
      other.set([i & 0xff, i >> 8])
      expect(verify(signature, message, other)).toBe(toHex(other) === signer.publicKey)
    }
    expect(verify(signature, message, key)).toBe(true)
  })

  it.each(backends)('read views of larger buffers: %s', (_name, verify) => {
    const signer = createSigner(seedFromName('view'))
    const message = Uint8Array.of(1, 2, 3)
    const key = idBytes(signer.publicKey)
    const all = concatBytes(Uint8Array.of(9), signer.sign(message), key, message, Uint8Array.of(9))
    expect(verify(all.subarray(1, 65), all.subarray(97, 100), all.subarray(65, 97))).toBe(true)
    expect(verify(all.subarray(1, 65), all.subarray(97, 101), all.subarray(65, 97))).toBe(false)
  })
})

function withReducedScalar(signature: Uint8Array): Uint8Array {
  const s = littleEndian(signature.subarray(32)) % Point.CURVE().n
  const scalar = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  return signature.length === 64 ? concatBytes(signature.subarray(0, 32), scalar) : signature
}

function littleEndian(scalar: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(scalar).reverse()) || '0'}`)
}
