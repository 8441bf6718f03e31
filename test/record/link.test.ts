// Links are CIDs that IPLD tools read, and only whole CIDs are links.

import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import { vectorNetwork } from '../../scripts/vectors/records.js'
import { blake3Hash, hashOf, toHex } from '../../src/base/index.js'
import {
  buildVote, cidOf, createSigner, decodeCanonical, encodeCanonical, hashOfCid, Link, linkedHash, linkTo,
  RecordError, seedFromName
} from '../../src/record/index.js'
import { someHash } from './arbitrary.js'

it('goes from hash to CID and back', () => {
  fc.assert(fc.property(someHash, (hash) => {
    const cid = cidOf(hash)
    expect([cid.version, cid.code, cid.multihash.code]).toEqual([1, 0x71, 0x1e])
    expect(toHex(linkTo(hash).cid)).toBe(toHex(cid.bytes))
    expect(hashOfCid(cid)).toBe(hash)
    expect(hashOfCid(CID.parse(cid.toString()))).toBe(hash)
    expect(linkedHash(linkTo(hash))).toBe(hash)
    expect(hashOfCid(cidOf(hash, 0x55))).toBe(hash)
    expect(linkedHash(new Link(cidOf(hash, 0x55).bytes))).toBeUndefined()
  }))
})

it('gives no hash for another hash function', () => {
  const sha = CID.parse('bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua')
  expect(hashOfCid(sha)).toBeUndefined()
  expect(linkedHash(new Link(sha.bytes))).toBeUndefined()
})

it('lets an IPLD tool follow a vote to its assertion', () => {
  const assertion = hashOf(new Uint8Array(32).fill(3))
  const fields = { timestampMs: 1, assertion, weight: 5 }
  const bytes = buildVote(fields, createSigner(seedFromName('ipld')), vectorNetwork)
  const read = dagCbor.decode<{ h: CID, w: number }>(bytes)
  expect(read.h.equals(cidOf(assertion))).toBe(true)
  expect(read.w).toBe(5)
  expect(toHex(dagCbor.encode(read))).toBe(toHex(bytes))
  expect(hashOfCid(cidOf(blake3Hash(bytes)))).toBe(blake3Hash(bytes))
})

it('takes links that multiformats reads as the same bytes, and no others', { timeout: 30_000 }, () => {
  const version = fc.constantFrom(0, 1, 2, 0x12)
  const digest = fc.uint8Array({ maxLength: 40 })
  const cidLike = fc.tuple(version, fc.uint8Array({ maxLength: 8 }), digest)
    .map(([first, head, rest]) => Uint8Array.of(first, ...head, ...rest))
  const whole = fc.tuple(fc.nat(300), fc.nat(300), digest)
    .map(([codec, hash, rest]) => Uint8Array.of(1, ...varint(codec), ...varint(hash), rest.length, ...rest))
  let taken = 0
  fc.assert(fc.property(fc.oneof(cidLike, whole), (cid) => {
    if (!isRead(cid)) return
    taken += 1
    expect(toHex(CID.decode(cid).bytes)).toBe(toHex(cid))
  }), { numRuns: 1_000 })
  expect(taken).toBeGreaterThan(100)
})

function isRead(cid: Uint8Array): boolean {
  try {
    return decodeCanonical(encodeCanonical(new Link(cid))) instanceof Link
  } catch (error) {
    if (error instanceof RecordError) return false
    throw error
  }
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7]
}
