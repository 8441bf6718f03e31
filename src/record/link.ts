// Links between records: CIDs under CBOR tag 42.
// A record's CID is version 1, codec dag-cbor, multihash blake3 with 32 bytes: 36 bytes that begin with
// `recordPrefix`.
// Source: https://github.com/multiformats/cid, https://ipld.io/specs/codecs/dag-cbor/spec/#links

import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { concatBytes, hashOf, idBytes, type Hash } from '../base/index.js'

const dagCborCode = 0x71
const blake3Code = 0x1e
const recordPrefix: Uint8Array = Uint8Array.of(0x01, dagCborCode, blake3Code, 0x20)
const recordCidBytes = 36
const varintBytesMax = 7

/**
 * A link in a canonical value: the bytes of its CID, without the zero byte that stands before them on the
 * wire.
 */
export class Link {
  readonly cid: Uint8Array

  constructor(cid: Uint8Array) {
    this.cid = cid
  }
}

/** The link to a record. */
export function linkTo(hash: Hash): Link {
  return new Link(concatBytes(recordPrefix, idBytes(hash)))
}

/** The record that a link names; undefined when it names something else than a BLAKE3-256 dag-cbor block. */
export function linkedHash(link: Link): Hash | undefined {
  const { cid } = link
  if (cid.length !== recordCidBytes) return undefined
  for (let i = 0; i < recordPrefix.length; i += 1) if (cid[i] !== recordPrefix[i]) return undefined
  return hashOf(cid.subarray(recordPrefix.length))
}

/**
 * CID of a BLAKE3-256 hash, for IPLD tools and CAR files.
 * @param codec multicodec of the bytes behind it. @default 0x71 dag-cbor, what records are
 */
export function cidOf(hash: Hash, codec: number = dagCborCode): CID {
  return CID.createV1(codec, createDigest(blake3Code, idBytes(hash)))
}

/** The BLAKE3-256 hash in a CID of any codec; undefined for another hash function. */
export function hashOfCid(cid: CID): Hash | undefined {
  const { code, digest } = cid.multihash
  return code === blake3Code && digest.length === 32 ? hashOf(digest) : undefined
}

/**
 * True for the bytes of a CID: version 0 (34 bytes) or version 1 with shortest varints of at most 7 bytes.
 * Any codec and hash function: which of them a field takes is a matter of its schema.
 */
export function isCid(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x12) return bytes.length === 34 && bytes[1] === 0x20
  if (bytes[0] !== 0x01) return false
  let at = 1
  let value = 0
  for (let part = 0; part < 3; part += 1) {
    let scale = 1
    let byte = 0x80
    const start = at
    value = 0
    while (byte >= 0x80) {
      if (at === bytes.length || at - start === varintBytesMax) return false
      byte = bytes[at] ?? 0
      value += (byte & 0x7f) * scale
      scale *= 128
      at += 1
    }
    if (byte === 0 && at - start > 1) return false
  }
  return value === bytes.length - at
}
