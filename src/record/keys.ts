// Ed25519 keys: a key is its 32-byte seed (RFC 8032), a key file is PEM PKCS#8.

import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { blake3, concatBytes, fromHex, publicKeyOf, utf8Bytes, type PublicKey, type Random } from '../base/index.js'
import { RecordError } from './errors.js'

/** Signs messages with one key. */
export interface Signer {
  readonly publicKey: PublicKey
  /** Ed25519 signature, 64 bytes. The message carries its domain already: see `signingInput`. */
  sign(message: Uint8Array): Uint8Array
}

/** PKCS#8 of an Ed25519 seed: this, then the seed. RFC 8410, section 7. */
const pkcs8Prefix: Uint8Array = fromHex('302e020100300506032b657004220420') ?? new Uint8Array()
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
  const der = key.export({ format: 'der', type: 'pkcs8' })
  return Uint8Array.from(der.subarray(pkcs8Prefix.length, pkcs8Prefix.length + 32))
}

/**
 * A signer.
 * @param key seed of 32 bytes, or PEM PKCS#8
 * @throws RecordError RECORD_KEY_UNREADABLE
 */
export function createSigner(key: Uint8Array | string): Signer {
  const privateKey = privateKeyOf(typeof key === 'string' ? keyFromPem(key) : key)
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: publicKeyOf(spki.subarray(spki.length - 32)),
    sign: (message) => sign(null, message, privateKey)
  }
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw unreadable()
  const der = Buffer.from(concatBytes(pkcs8Prefix, seed))
  return readable(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
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
