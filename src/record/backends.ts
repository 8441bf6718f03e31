// Three implementations of the signature rule STRICT; they must agree on every input. `node` and `noble`
// add what strict.ts checks to their equation. noble's own verify() is cofactored in every mode, so an
// agent could craft signatures that it takes and the others refuse: only its Point is used.

import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { Point } from '@noble/ed25519'
import { equalBytes, toHex } from '../base/index.js'
import { passesByteRules } from './strict.js'

/** Accepts a signature under the rule STRICT, or not. Never throws; any lengths may come in. */
export type VerifySignature = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean

/** Names of the implementations. */
export type BackendName = 'sodium' | 'node' | 'noble'

const keysMax = 4_096
const keyObjects = new Map<string, KeyObject>()

/**
 * node:crypto (OpenSSL), whose equation is the cofactorless one and which checks neither small order nor
 * canonical A.
 */
export const verifyWithNode: VerifySignature = (signature, message, publicKey) => {
  if (!passesByteRules(signature, publicKey)) return false
  return verify(null, message, keyObjectOf(publicKey), signature)
}

/** The rule written out over @noble/ed25519's Point: portable reference, about 3 ms a signature. */
export const verifyWithNoble: VerifySignature = (signature, message, publicKey) => {
  if (!passesByteRules(signature, publicKey)) return false
  const r = signature.subarray(0, 32)
  const point = pointOf(publicKey)
  if (point === undefined) return false
  const s = littleEndian(signature.subarray(32))
  const k = littleEndian(createHash('sha512').update(r).update(publicKey).update(message).digest()) % Point.CURVE().n
  return equalBytes(Point.BASE.multiply(s, false).subtract(point.multiply(k, false)).toBytes(), r)
}

/**
 * libsodium through sodium-native, whose rule is STRICT but for lengths; undefined where it does not load.
 */
export const verifyWithSodium: VerifySignature | undefined = loadSodium()

/** The implementations that load here, by name. */
export const signatureBackends: Readonly<Partial<Record<BackendName, VerifySignature>>> = Object.freeze({
  ...(verifyWithSodium !== undefined && { sodium: verifyWithSodium }),
  node: verifyWithNode,
  noble: verifyWithNoble
})

/** Name of the implementation behind `verifySignature`: sodium where it loads, twice as fast, else node. */
export const defaultBackend: BackendName = verifyWithSodium === undefined ? 'node' : 'sodium'

/**
 * True when `signature` is one of `publicKey` for `message` under the rule STRICT.
 *
 * @param signature 64 bytes; any other length is refused
 * @param publicKey 32 bytes; any other length is refused
 * Cost: about 60 us with sodium, 130 us with node. Source: docs/formats/record.md#strict
 */
export const verifySignature: VerifySignature = verifyWithSodium ?? verifyWithNode

interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

function loadSodium(): VerifySignature | undefined {
  const sodium = requireSodium()
  if (sodium === undefined) return undefined
  return (signature, message, publicKey) =>
    signature.length === 64 && publicKey.length === 32 &&
    sodium.crypto_sign_verify_detached(signature, message, publicKey)
}

function requireSodium(): Sodium | undefined {
  try {
    const require = createRequire(import.meta.url)
    const sodium: Sodium = require('sodium-native')
    return sodium
  } catch {
    return undefined
  }
}

/** Key objects by public key, the least recently made dropped: importing one costs about 7 us by JWK. */
function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('base64url')
  const known = keyObjects.get(x)
  if (known !== undefined) return known
  const made = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
  if (keyObjects.size >= keysMax) {
    for (const oldest of keyObjects.keys()) {
      keyObjects.delete(oldest)
      break
    }
  }
  keyObjects.set(x, made)
  return made
}

function pointOf(publicKey: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(publicKey)
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
}
