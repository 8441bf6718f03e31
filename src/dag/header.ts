// Block header: the signed part of a block, which commits to its records by their root alone.
// Rule: one header has one byte form; the id is BLAKE3-256 of all of it, signature included. A form that
// breaks a rule here is invalid for everyone; an unknown version is a newer peer's and never called invalid.
// Format: docs/formats/block.md.

import {
  BLOCK_LIMITS, blake3Hash, concatBytes, hashOf, idBytes, ownBytes, publicKeyOf, toHex, type Hash,
  type NetworkId, type PublicKey
} from '../base/index.js'
import { signingInput, type Signer } from '../record/index.js'
import { certificateBytesLength, readCertificate, writeCertificate, type Certificate } from './certificate.js'
import { strictlyAscending } from './root.js'
import { ByteReader, ByteWriter } from './wire.js'

/** Header version that this code reads and writes. */
export const headerVersion = 1

/** Bytes of the longest header. */
export const headerBytesMax: number = 128 + 32 * BLOCK_LIMITS.parentsMax + 1 + certificateBytesLength + 2 +
  BLOCK_LIMITS.extBytesMax + 64

/** A decoded header. Signature, certificate and work are not checked yet: see verifyHeader. */
export interface BlockHeader {
  readonly version: number
  readonly nodeKey: PublicKey
  /** 8 bytes as 16 lower-case hex digits. */
  readonly incarnation: string
  /** BLAKE3-256(node key || incarnation). */
  readonly feed: Hash
  /** From 1. */
  readonly seq: number
  /** Absent at seq 1. */
  readonly prev?: Hash | undefined
  /** Ascending, distinct, up to 8, never `prev`. */
  readonly parents: readonly Hash[]
  readonly recordCount: number
  readonly recordsRoot: Hash
  /** Sum of the records' lengths. */
  readonly bodyBytes: number
  readonly sealedAtMs: number
  readonly certificate?: Certificate | undefined
  /** Opaque to this version. */
  readonly ext: Uint8Array
  readonly signature: Uint8Array
  readonly id: Hash
  /** The whole header as it travels. */
  readonly bytes: Uint8Array
}

/** What a sealer fills in; the rest follows. */
export type HeaderFields = Pick<
  BlockHeader,
  | 'incarnation' | 'seq' | 'prev' | 'parents' | 'recordCount' | 'recordsRoot' | 'bodyBytes' | 'sealedAtMs'
  | 'certificate'
> & Partial<Pick<BlockHeader, 'ext'>>

/** The rule of form that a header breaks. */
export type HeaderRule =
  | 'header-length' | 'header-version' | 'seq' | 'prev' | 'parents' | 'record-count' | 'body-bytes' | 'sealed-at'
  | 'certificate-form' | 'ext'

/** What bytes turn out to be as a header. */
export type DecodedHeader =
  | { readonly kind: 'ok', readonly header: BlockHeader }
  | { readonly kind: 'newer', readonly version: number }
  | { readonly kind: 'invalid', readonly rule: HeaderRule }

const zeroHash = hashOf(new Uint8Array(32))
const signatureBytes = 64
/** Behind version, node key, incarnation, seq and prev. */
const recordCountAt = 1 + 32 + 8 + 8 + 32
const incarnationForm = /^[0-9a-f]{16}$/

/** Feed id of a node key and an incarnation (16 hex digits). */
export function feedOf(nodeKey: PublicKey, incarnation: string): Hash {
  return blake3Hash(idBytes(nodeKey), Buffer.from(incarnation, 'hex'))
}

/**
 * Reads a header: form only. Copies the bytes, so that a header kept keeps nothing else.
 * Cost: two hashes, a few microseconds.
 */
export function decodeHeader(bytes: Uint8Array): DecodedHeader {
  const version = bytes[0] ?? 0
  if (version > headerVersion) return { kind: 'newer', version }
  if (bytes.length > headerBytesMax || bytes.length < 128) return { kind: 'invalid', rule: 'header-length' }
  if (version !== headerVersion) return { kind: 'invalid', rule: 'header-version' }
  return readHeader(ownBytes(bytes))
}

function readHeader(bytes: Uint8Array): DecodedHeader {
  const reader = new ByteReader(bytes)
  const version = reader.u8()
  const nodeKeyBytes = reader.raw(32)
  const incarnationBytes = reader.raw(8)
  const seq = reader.u64()
  const prev = hashOf(reader.raw(32))
  const recordCount = reader.u16()
  const bodyBytes = reader.u32()
  if (reader.failed || seq < 1) return { kind: 'invalid', rule: 'seq' }
  const sealedAtMs = reader.u64()
  if (reader.failed) return { kind: 'invalid', rule: 'sealed-at' }
  const recordsRoot = hashOf(reader.raw(32))
  const parents = readParents(reader)
  const certificate = readCertificate(reader)
  const ext = reader.raw(Math.min(reader.u16(), BLOCK_LIMITS.extBytesMax + 1))
  const signature = reader.raw(signatureBytes)
  const nodeKey = publicKeyOf(nodeKeyBytes)
  // All fields in one order, here and where a header is sealed: engines read objects of one shape best.
  const header: BlockHeader = {
    version, nodeKey, incarnation: toHex(incarnationBytes), feed: blake3Hash(nodeKeyBytes, incarnationBytes),
    seq, prev: prev === zeroHash ? undefined : prev, parents: parents ?? [], recordCount, recordsRoot,
    bodyBytes, sealedAtMs, certificate: certificate.kind === 'some' ? certificate.certificate : undefined,
    ext, signature, id: blake3Hash(bytes), bytes
  }
  if (parents === undefined) return { kind: 'invalid', rule: 'parents' }
  if (certificate.kind === 'malformed') return { kind: 'invalid', rule: 'certificate-form' }
  const rule = brokenRule(header)
  if (rule !== undefined) return { kind: 'invalid', rule }
  return reader.ended ? { kind: 'ok', header } : { kind: 'invalid', rule: 'header-length' }
}

/** How many records a header commits to, of the bytes of one that is known to be good. */
export function recordCountOf(header: Uint8Array): number {
  return (header[recordCountAt] ?? 0) * 256 + (header[recordCountAt + 1] ?? 0)
}

function readParents(reader: ByteReader): readonly Hash[] | undefined {
  const count = reader.u8()
  if (count > BLOCK_LIMITS.parentsMax) return undefined
  return Array.from({ length: count }, () => hashOf(reader.raw(32)))
}

/** Rules between the fields, the same for what is read and what is sealed. */
function brokenRule(header: HeaderFields): HeaderRule | undefined {
  const { seq, prev, parents } = header
  if ((seq === 1) !== (prev === undefined)) return 'prev'
  if (parents.length > BLOCK_LIMITS.parentsMax || !strictlyAscending(parents)) return 'parents'
  if (parents.some((parent) => parent === prev || parent === zeroHash)) return 'parents'
  if (header.recordCount < 1 || header.recordCount > BLOCK_LIMITS.recordsMax) return 'record-count'
  if (header.bodyBytes < 1 || header.bodyBytes > BLOCK_LIMITS.bodyBytesMax) return 'body-bytes'
  if (header.certificate !== undefined && seq !== 1) return 'certificate-form'
  if ((header.ext?.length ?? 0) > BLOCK_LIMITS.extBytesMax) return 'ext'
  return undefined
}

/**
 * Signs a header with the node key.
 * @throws RangeError when a field breaks a rule of form: a bug of the sealer
 */
export function sealHeader(fields: HeaderFields, signer: Signer, networkId: NetworkId): BlockHeader {
  const rule = brokenRule(fields)
  if (rule !== undefined || !incarnationForm.test(fields.incarnation) || !(fields.seq >= 1)) {
    throw new RangeError(`a header that breaks the rule ${rule ?? 'seq'} is never sealed`)
  }
  const unsigned = writeUnsigned(fields, signer.publicKey)
  const signature = signer.sign(signingInput('block', networkId, unsigned))
  const bytes = ownBytes(concatBytes(unsigned, signature))
  const { publicKey: nodeKey } = signer
  const { incarnation, seq, prev, parents, recordCount, recordsRoot } = fields
  const { bodyBytes, sealedAtMs, certificate, ext = new Uint8Array(0) } = fields
  return {
    version: headerVersion, nodeKey, incarnation, feed: feedOf(nodeKey, incarnation), seq, prev, parents,
    recordCount, recordsRoot, bodyBytes, sealedAtMs, certificate, ext, signature, id: blake3Hash(bytes), bytes
  }
}

function writeUnsigned(fields: HeaderFields, nodeKey: PublicKey): Uint8Array {
  const ext = fields.ext ?? new Uint8Array(0)
  const writer = new ByteWriter(headerBytesMax)
    .u8(headerVersion).raw(idBytes(nodeKey)).raw(Buffer.from(fields.incarnation, 'hex')).u64(fields.seq)
    .raw(idBytes(fields.prev ?? zeroHash)).u16(fields.recordCount).u32(fields.bodyBytes)
    .u64(fields.sealedAtMs).raw(idBytes(fields.recordsRoot)).u8(fields.parents.length)
  for (const parent of fields.parents) writer.raw(idBytes(parent))
  writeCertificate(writer, fields.certificate)
  return writer.u16(ext.length).raw(ext).done()
}

/** The part of a header that its signature covers, without label and network id. */
export function headerPayload(header: BlockHeader): Uint8Array {
  return header.bytes.subarray(0, header.bytes.length - signatureBytes)
}
