// Ed25519 keys: a key is its 32-byte seed (RFC 8032), a key file is PEM PKCS#8.

import { createPrivateKey, sign, type KeyObject } from 'node:crypto'
import { blake3, publicKeyOf, utf8Bytes, type PublicKey, type Random } from '../base/index.js'
import { RecordError } from './errors.js'

/** Signs messages with one key. */
export interface Signer {
  readonly publicKey: PublicKey
  /** Ed25519 signature, 64 bytes. The message carries its domain already: see `signingInput`. */
  sign(message: Uint8Array): Uint8Array
}

const nameLabel: Uint8Array = utf8Bytes('stemedb/1/demo-agent\0')

/** A new key. */
export function generateKey(random: Random): Uint8Array {
  return random.bytes(32)
}

/**
 * Seed of a demo agent: BLAKE3-256 of `stemedb/1/demo-agent\0` and the name. Whoever knows the name can
 * sign as the
 * agent: for imported data sets only.
 */
export function seedFromName(name: string): Uint8Array {
  return blake3(nameLabel, utf8Bytes(name))
}

/** PEM PKCS#8 of a key. @param seed 32 bytes */
export function keyToPem(seed: Uint8Array): string {
  return privateKeyOf(seed).export({ format: 'pem', type: 'pkcs8' }).toString()
}

/**
 * The key in a PEM PKCS#8 text.
 * @throws RecordError RECORD_KEY_UNREADABLE for anything but an unencrypted Ed25519 key
 */
export function keyFromPem(pem: string): Uint8Array {
  const key = readable(() => createPrivateKey({ key: pem, format: 'pem' }))
  if (key.asymmetricKeyType !== 'ed25519') throw unreadable()
  return bytesOf(key.export({ format: 'jwk' }).d)
}

/**
 * A signer.
 * @param key seed of 32 bytes, or PEM PKCS#8
 * @throws RecordError RECORD_KEY_UNREADABLE
 */
export function createSigner(key: Uint8Array | string): Signer {
  const privateKey = privateKeyOf(typeof key === 'string' ? keyFromPem(key) : key)
  return {
    publicKey: publicKeyOf(bytesOf(privateKey.export({ format: 'jwk' }).x)),
    sign: (message) => sign(null, message, privateKey)
  }
}

/** By JWK (RFC 8037): OpenSSL takes ten times as long to read DER. The public part follows from the seed. */
function privateKeyOf(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw unreadable()
  const d = Buffer.from(seed).toString('base64url')
  return readable(() => createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: '', d }, format: 'jwk' }))
}

function bytesOf(part: string | undefined): Uint8Array {
  return Uint8Array.from(Buffer.from(part ?? '', 'base64url'))
}

function readable(read: () => KeyObject): KeyObject {
  try {
    return read()
  } catch (cause) {
    throw unreadable(cause)
  }
}

function unreadable(cause?: unknown): RecordError {
  const message = 'not an unencrypted Ed25519 key in PEM PKCS#8'
  return new RecordError({ code: 'RECORD_KEY_UNREADABLE' }, message, { cause })
}
