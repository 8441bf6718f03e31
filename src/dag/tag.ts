// State tag: a node's signed word on what it holds and what it answers with, to prove convergence.
// Form: version u8, digest algorithm u8, frontierRoot 32, record count u64, schema version u16, view version
// u16, trust digest 32, view digest 32, node key 32, signature 64 (STRICT Ed25519, label `tag`, over all
// before it).
// Rule: only tags of equal frontierRoot and versions are compared. Format: docs/formats/sync.md.

import {
  concatBytes, hashOf, idBytes, publicKeyOf, type Hash, type NetworkId, type PublicKey
} from '../base/index.js'
import { signingInput, verifySignature, type Signer } from '../record/index.js'
import { createRecent } from './recent.js'
import { ByteReader, ByteWriter } from './wire.js'

/** Digest algorithm 1: BLAKE3 over all views in key order. */
export const viewDigestAlgorithm = 1
/** Tag version of this code. */
export const tagVersion = 1
/** Bytes of a tag. */
export const tagBytesLength = 206

/** What a tag says. */
export interface TagFields {
  readonly algorithm: number
  readonly frontierRoot: Hash
  readonly recordCount: number
  readonly schemaVersion: number
  readonly viewVersion: number
  readonly trustDigest: Hash
  readonly viewDigest: Hash
}

/** A tag with who signed it. */
export interface StateTag extends TagFields {
  readonly nodeKey: PublicKey
  readonly signature: Uint8Array
  /** The tag as it travels. */
  readonly bytes: Uint8Array
}

/** What bytes turn out to be as a tag. */
export type DecodedTag =
  | { readonly kind: 'ok', readonly tag: StateTag }
  | { readonly kind: 'newer' }
  | { readonly kind: 'invalid' }

/** Signs a tag with the node key. */
export function signTag(fields: TagFields, signer: Signer, networkId: NetworkId): StateTag {
  const unsigned = new ByteWriter(tagBytesLength).u8(tagVersion).u8(fields.algorithm)
    .raw(idBytes(fields.frontierRoot)).u64(fields.recordCount)
    .u16(fields.schemaVersion).u16(fields.viewVersion).raw(idBytes(fields.trustDigest))
    .raw(idBytes(fields.viewDigest)).raw(idBytes(signer.publicKey)).done()
  const signature = signer.sign(signingInput('tag', networkId, unsigned))
  const { algorithm, frontierRoot, recordCount, schemaVersion, viewVersion, trustDigest, viewDigest } = fields
  return {
    algorithm, frontierRoot, recordCount, schemaVersion, viewVersion, trustDigest, viewDigest,
    nodeKey: signer.publicKey, signature, bytes: concatBytes(unsigned, signature)
  }
}

/** Reads a tag: form only. Copies the bytes. */
export function decodeTag(encoded: Uint8Array): DecodedTag {
  if ((encoded[0] ?? 0) > tagVersion) return { kind: 'newer' }
  if (encoded.length !== tagBytesLength || encoded[0] !== tagVersion) return { kind: 'invalid' }
  const bytes: Uint8Array = Buffer.from(encoded)
  const reader = new ByteReader(bytes.subarray(1))
  const tag: StateTag = {
    algorithm: reader.u8(), frontierRoot: hashOf(reader.raw(32)), recordCount: reader.u64(),
    schemaVersion: reader.u16(), viewVersion: reader.u16(), trustDigest: hashOf(reader.raw(32)),
    viewDigest: hashOf(reader.raw(32)), nodeKey: publicKeyOf(reader.raw(32)), signature: reader.raw(64), bytes
  }
  return reader.ended ? { kind: 'ok', tag } : { kind: 'invalid' }
}

/** True when the node whose key the tag names signed it in this network. */
export function verifyTag(tag: StateTag, networkId: NetworkId): boolean {
  const unsigned = tag.bytes.subarray(0, tagBytesLength - 64)
  return verifySignature(tag.signature, signingInput('tag', networkId, unsigned), idBytes(tag.nodeKey))
}

/** True when both tags are about the same state and may be compared. */
export function comparable(a: TagFields, b: TagFields): boolean {
  return a.frontierRoot === b.frontierRoot && a.algorithm === b.algorithm &&
    a.schemaVersion === b.schemaVersion && a.viewVersion === b.viewVersion
}

/** True when two comparable tags say that both answer alike. */
export function sameAnswers(a: TagFields, b: TagFields): boolean {
  return a.recordCount === b.recordCount && a.trustDigest === b.trustDigest && a.viewDigest === b.viewDigest
}

/** The last tags of one node, one for each state. */
export interface TagBook {
  /** Keeps a tag in place of an older one of the same state. */
  add(tag: StateTag): void
  /** The tag kept that may be compared with this one. */
  like(tag: TagFields): StateTag | undefined
  clear(): void
}

/** An empty book for `tagsMax` tags: the one used longest ago leaves first. */
export function createTagBook(tagsMax: number = tagsKept): TagBook {
  let tags = createRecent<string, StateTag>(tagsMax)
  return {
    add: (tag) => tags.set(stateOf(tag), tag),
    like: (tag) => tags.get(stateOf(tag)),
    clear: () => void (tags = createRecent(tagsMax))
  }
}

/** Own tags kept: at one each 30 seconds, those of eight hours and a half. */
const tagsKept = 1_024

function stateOf(tag: TagFields): string {
  return `${tag.frontierRoot} ${tag.algorithm} ${tag.schemaVersion} ${tag.viewVersion}`
}
