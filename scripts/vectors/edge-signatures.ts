// Makes the edge vectors of the signature rule: each is built so that one clause of STRICT decides it.
// Deterministic: every scalar is a hash of its name. The verdicts are stated by construction, not computed
// by a verifier.
// Source: "Taming the many EdDSAs", https://eprint.iacr.org/2020/1244, section 5;
// docs/formats/record.md#strict

import { createHash } from 'node:crypto'
import { Point } from '@noble/ed25519'
import { blake3, concatBytes, toHex, utf8Bytes } from '../../src/base/index.js'

/** One signature with its verdict; hex. */
export interface EdgeSignature {
  readonly name: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}

const { n: L, p: P } = Point.CURVE()
const B = Point.BASE
/** A generator of the 8 small-order points. */
const T = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
const torsion: readonly Point[] = Array.from({ length: 8 }, (_, i) => T.multiply(BigInt(i), false))
const a: bigint = scalarOf('secret scalar')
const A: Point = B.multiply(a)
const mixedA: Point = A.add(T)

/** All edge vectors, in a fixed order. */
export function edgeSignatures(): readonly EdgeSignature[] {
  return [
    ...plain(), ...torsionInside(), ...smallOrderKeys(), ...smallOrderR(),
    ...scalarsOutOfRange(), ...lengths(), ...notOnCurve()
  ]
}

function plain(): readonly EdgeSignature[] {
  const message = utf8Bytes('plain')
  const signature = sign(A, a, message, 'plain')
  const key = A.toBytes()
  return [
    vector('plain', key, message, signature, true),
    vector('empty message', key, new Uint8Array(), sign(A, a, new Uint8Array(), 'empty'), true),
    vector('other message', key, utf8Bytes('plane'), signature, false),
    vector('other key', B.multiply(scalarOf('other')).toBytes(), message, signature, false),
    vector('bit of R flipped', key, message, flip(signature, 0), false),
    vector('bit of S flipped', key, message, flip(signature, 32), false),
    vector('sign of R flipped', key, message, flip(signature, 31, 0x80), false),
    vector('sign of A flipped', flip(key, 31, 0x80), message, signature, false),
    vector('R and S swapped', key, message, concatBytes(signature.subarray(32), signature.subarray(0, 32)), false),
    vector('all zero', new Uint8Array(32), message, new Uint8Array(64), false)
  ]
}

/** Keys and R of mixed order: only the cofactorless equation tells the good ones from the bad. */
function torsionInside(): readonly EdgeSignature[] {
  const made: EdgeSignature[] = []
  for (const wanted of [0, 1, 2, 3, 4, 5, 6, 7]) {
    // R carries torsion `wanted`; the message is searched so that [k]T cancels it, or so that it does not.
    for (const valid of [true, false]) {
      const name = `key of mixed order, R with torsion ${wanted}, ${valid ? 'cancelled' : 'left over'}`
      const r = scalarOf(name)
      const R = B.multiply(r).add(at(torsion, wanted)).toBytes()
      const key = mixedA.toBytes()
      const message = search(name, R, key, (k) => (Number(k % 8n) + wanted) % 8 === 0 === valid)
      made.push(vector(name, key, message, withS(R, r + challenge(R, key, message) * a), valid))
    }
  }
  for (const index of [1, 2, 4]) {
    const name = `R with torsion ${index} under a plain key`
    const r = scalarOf(name)
    const R = B.multiply(r).add(at(torsion, index)).toBytes()
    const message = utf8Bytes(name)
    made.push(vector(name, A.toBytes(), message, withS(R, r + challenge(R, A.toBytes(), message) * a), false))
  }
  return made
}

/** The equation holds in each: k is a multiple of 8, so the key cancels whatever it is. */
function smallOrderKeys(): readonly EdgeSignature[] {
  return smallOrderEncodings().map(({ name, bytes }) => {
    const r = scalarOf(name)
    const R = B.multiply(r).toBytes()
    const message = search(name, R, bytes, (k) => k % 8n === 0n)
    return vector(`key of small order, ${name}`, bytes, message, withS(R, r), false)
  })
}

/** R of small order. The equation holds for the canonical encodings, under a key of mixed order. */
function smallOrderR(): readonly EdgeSignature[] {
  return smallOrderEncodings().map(({ name, bytes, index }) => {
    const key = mixedA.toBytes()
    const message = search(name, bytes, key, (k) => (Number(k % 8n) + index) % 8 === 0)
    const signature = withS(bytes, challenge(bytes, key, message) * a)
    return vector(`R of small order, ${name}`, key, message, signature, false)
  })
}

function scalarsOutOfRange(): readonly EdgeSignature[] {
  const message = utf8Bytes('scalar range')
  const key = A.toBytes()
  const signature = sign(A, a, message, 'scalar range')
  const R = signature.subarray(0, 32)
  const s = fromLittleEndian(signature.subarray(32))
  const scalars: readonly (readonly [string, bigint])[] = [
    ['S + L', s + L], ['S + 2 L', s + 2n * L], ['S + 8 L', s + 8n * L], ['S + 15 L', s + 15n * L],
    ['S = 0', 0n], ['S = L - 1', L - 1n], ['S = L', L], ['S = L + 1', L + 1n], ['S = 2^256 - 1', 2n ** 256n - 1n]
  ]
  return scalars.map(([name, value]) =>
    vector(name, key, message, concatBytes(R, toLittleEndian(value % 2n ** 256n)), false))
}

function lengths(): readonly EdgeSignature[] {
  const message = utf8Bytes('length')
  const key = A.toBytes()
  const signature = sign(A, a, message, 'length')
  return [
    ...[0, 1, 32, 63].map((length) =>
      vector(`signature of ${length} bytes`, key, message, signature.subarray(0, length), false)),
    ...[65, 66, 96, 128].map((length) =>
      vector(`signature of ${length} bytes`, key, message, grow(signature, length), false)),
    ...[0, 31].map((length) => vector(`key of ${length} bytes`, key.subarray(0, length), message, signature, false)),
    ...[33, 64].map((length) => vector(`key of ${length} bytes`, grow(key, length), message, signature, false))
  ]
}

/** Keys that are no point, and the non-canonical y of larger order (nobody can sign for these). */
function notOnCurve(): readonly EdgeSignature[] {
  const message = utf8Bytes('no point')
  const signature = sign(A, a, message, 'no point')
  return [
    vector('key off the curve', toLittleEndian(2n), message, signature, false),
    ...[3n, 4n, 18n].map((y) => vector(`key y = p + ${y}`, toLittleEndian(P + y), message, signature, false)),
    vector('R off the curve', A.toBytes(), message, concatBytes(toLittleEndian(2n), signature.subarray(32)), false),
    vector('R y = p + 3', A.toBytes(), message, concatBytes(toLittleEndian(P + 3n), signature.subarray(32)), false)
  ]
}

interface Encoding {
  readonly name: string
  readonly bytes: Uint8Array
  /** Which multiple of T it stands for. */
  readonly index: number
}

/**
 * The 8 canonical encodings of small-order points and the 6 other ones that decoders have been seen to
 * take.
 */
function smallOrderEncodings(): readonly Encoding[] {
  const sign = 1n << 255n
  const canonical = torsion.map((point, index) => ({ name: `multiple ${index}`, bytes: point.toBytes(), index }))
  const indexOf = (y: bigint): number => torsion.findIndex((point) => point.toAffine().y === y % P)
  const others: readonly (readonly [string, bigint, bigint])[] = [
    ['y = 1, sign set', 1n + sign, 1n], ['y = -1, sign set', P - 1n + sign, P - 1n],
    ['y = p', P, 0n], ['y = p, sign set', P + sign, 0n],
    ['y = p + 1', P + 1n, 1n], ['y = p + 1, sign set', P + 1n + sign, 1n]
  ]
  return [
    ...canonical,
    ...others.map(([name, value, y]) => ({ name, bytes: toLittleEndian(value), index: indexOf(y) }))
  ]
}

function sign(key: Point, secret: bigint, message: Uint8Array, nonce: string): Uint8Array {
  const r = scalarOf(`nonce ${nonce}`)
  const R = B.multiply(r).toBytes()
  return withS(R, r + challenge(R, key.toBytes(), message) * secret)
}

function withS(R: Uint8Array, s: bigint): Uint8Array {
  return concatBytes(R, toLittleEndian(s % L))
}

/** k mod L; its residue mod 8 is taken after that reduction, as every implementation does. */
function challenge(R: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return fromLittleEndian(createHash('sha512').update(R).update(key).update(message).digest()) % L
}

function search(name: string, R: Uint8Array, key: Uint8Array, fits: (k: bigint) => boolean): Uint8Array {
  for (let i = 0; ; i += 1) {
    const message = utf8Bytes(`${name} ${i}`)
    if (fits(challenge(R, key, message))) return message
  }
}

function vector(
  name: string, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array, valid: boolean
): EdgeSignature {
  return { name, publicKey: toHex(publicKey), message: toHex(message), signature: toHex(signature), valid }
}

function scalarOf(name: string): bigint {
  return fromLittleEndian(blake3(utf8Bytes(`stemedb edge vector ${name}`))) % L
}

function at(points: readonly Point[], index: number): Point {
  return points[index] ?? Point.ZERO
}

function flip(bytes: Uint8Array, index: number, mask: number = 1): Uint8Array {
  return bytes.map((byte, i) => (i === index ? byte ^ mask : byte))
}

function grow(bytes: Uint8Array, length: number): Uint8Array {
  return concatBytes(bytes, new Uint8Array(length - bytes.length))
}

function toLittleEndian(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse()
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
}
