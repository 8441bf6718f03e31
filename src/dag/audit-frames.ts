// Frames of an audit: what two nodes say of the trees over their block ids. Total decoding: any bytes give a
// frame or undefined, and every count is checked before anything is made of it.
// Blocks travel as in a session: BLOCKS, MISS, DONE. Format: docs/formats/sync.md, "Audit".

import { hashOf, idBytes, type Hash } from '../base/index.js'
import { ByteReader, ByteWriter } from './wire.js'

/** Limits within the frames of an audit. */
export const AUDIT_LIMITS = {
  /** Nodes in one BRANCH frame. */
  nodesMax: 256,
  /** Ids under one node: an even tree has as many at half a billion blocks. */
  idsMax: 8_192,
  /** Prefixes in one ASK. */
  asksMax: 256,
  /** Ids in one FETCH. */
  fetchMax: 64
} as const

/** Children of a node, and first bytes of an id. */
export const auditFanout = 256
/** Bytes of a hash on the wire. */
export const auditHashBytes = 16

/** A node of the tree: below a prefix of 1 or 2 bytes either its ids or the hashes of its children. */
export interface AuditNode {
  readonly prefix: Uint8Array
  readonly below:
    | { readonly kind: 'ids', readonly ids: readonly Hash[] }
    | { readonly kind: 'hashes', readonly hashes: readonly Uint8Array[] }
}

/** A frame of an audit. */
export type AuditFrame =
  | { readonly kind: 'audit', readonly blocks: number, readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'branch', readonly more: boolean, readonly nodes: readonly AuditNode[] }
  /** Prefixes of 2 bytes whose ids are asked for. */
  | { readonly kind: 'ask', readonly prefixes: readonly Uint8Array[] }
  | { readonly kind: 'fetch', readonly ids: readonly Hash[] }

const types = { audit: 12, branch: 13, ask: 14, fetch: 15 } as const

/** True when a frame begins an audit by its type. */
export function isAudit(frame: Uint8Array): boolean {
  return frame[0] === types.audit
}

/** The bytes of a frame. The caller keeps the limits. */
export function encodeAuditFrame(frame: AuditFrame): Uint8Array {
  const writer = new ByteWriter(4_160).u8(types[frame.kind])
  switch (frame.kind) {
    case 'audit':
      writeAll(writer.varint(frame.blocks), frame.hashes)
      break
    case 'branch':
      writer.u8(frame.more ? 1 : 0).u16(frame.nodes.length)
      for (const node of frame.nodes) writeNode(writer, node)
      break
    case 'ask':
      writeAll(writer.u16(frame.prefixes.length), frame.prefixes)
      break
    default:
      writeAll(writer.u16(frame.ids.length), frame.ids.map(idBytes))
  }
  return writer.done()
}

function writeAll(writer: ByteWriter, parts: readonly Uint8Array[]): void {
  for (const part of parts) writer.raw(part)
}

function writeNode(writer: ByteWriter, { prefix, below }: AuditNode): void {
  writer.u8(prefix.length).raw(prefix)
  if (below.kind === 'hashes') return writeAll(writer.u8(1), below.hashes)
  writeAll(writer.u8(0).u16(below.ids.length), below.ids.map(idBytes))
}

/** Reads a frame of an audit; undefined for other bytes. Copies what it keeps. */
export function decodeAuditFrame(bytes: Uint8Array): AuditFrame | undefined {
  const reader = new ByteReader(bytes)
  const frame = readFrame(reader)
  return reader.ended ? frame : undefined
}

function readFrame(reader: ByteReader): AuditFrame | undefined {
  switch (reader.u8()) {
    case types.audit: return { kind: 'audit', blocks: reader.varint(), hashes: readHashes(reader) }
    case types.branch: return readBranch(reader)
    case types.ask: {
      const count = readCount(reader, 1, AUDIT_LIMITS.asksMax)
      return { kind: 'ask', prefixes: Array.from({ length: count }, () => Uint8Array.from(reader.raw(2))) }
    }
    case types.fetch: return { kind: 'fetch', ids: readIds(reader, 1, AUDIT_LIMITS.fetchMax) }
    default: return undefined
  }
}

function readBranch(reader: ByteReader): AuditFrame | undefined {
  const more = reader.u8()
  const count = readCount(reader, 0, AUDIT_LIMITS.nodesMax)
  const nodes: AuditNode[] = []
  for (let i = 0; i < count && !reader.failed; i++) nodes.push(readNode(reader))
  return more > 1 ? undefined : { kind: 'branch', more: more === 1, nodes }
}

function readNode(reader: ByteReader): AuditNode {
  const length = readCount(reader, 1, 2, () => reader.u8())
  const prefix = Uint8Array.from(reader.raw(length))
  const form = readCount(reader, 0, 1, () => reader.u8())
  if (form === 1) return { prefix, below: { kind: 'hashes', hashes: readHashes(reader) } }
  return { prefix, below: { kind: 'ids', ids: readIds(reader, 0, AUDIT_LIMITS.idsMax) } }
}

function readCount(
  reader: ByteReader, least: number, most: number, read: () => number = () => reader.u16()
): number {
  const count = read()
  return reader.failed || count < least || count > most ? reader.fail() : count
}

function readHashes(reader: ByteReader): readonly Uint8Array[] {
  if (reader.left < auditFanout * auditHashBytes) reader.fail()
  if (reader.failed) return []
  return Array.from({ length: auditFanout }, () => Uint8Array.from(reader.raw(auditHashBytes)))
}

function readIds(reader: ByteReader, least: number, most: number): readonly Hash[] {
  const count = readCount(reader, least, most)
  if (reader.left < 32 * count) reader.fail()
  return reader.failed ? [] : Array.from({ length: count }, () => hashOf(reader.raw(32)))
}
