// Hello: the first frame of each side of a link. A link counts as up after it, never before: a dialler whom
// a gate refuses still sees its dial succeed.
// Format: docs/formats/network.md. Bytes after the known fields are ignored, so that a later version may add.

import { concatBytes, idBytes, networkIdOf, utf8Bytes, type NetworkId } from '../base/index.js'
import { P2pError } from './errors.js'

/** What a node says of itself before anything else. */
export interface Hello {
  readonly networkId: NetworkId
  /** Protocol versions it speaks, ascending, 1..16 of them, each 1..65,535. */
  readonly versions: readonly number[]
  readonly certificate?: Uint8Array
}

/** Limits of a hello. */
export const HELLO_LIMITS = { bytesMax: 4_096, versionsMax: 16, certificateBytesMax: 1_024 } as const

/** Protocol versions that this code speaks. */
export const PROTOCOL_VERSIONS: readonly number[] = Object.freeze([1])

const magic = utf8Bytes('STEM')

/** Bytes of a hello. */
export function encodeHello(hello: Hello): Uint8Array {
  const certificate = hello.certificate ?? new Uint8Array()
  const versions = Buffer.alloc(1 + 2 * hello.versions.length)
  versions.writeUInt8(hello.versions.length, 0)
  hello.versions.forEach((version, index) => versions.writeUInt16BE(version, 1 + 2 * index))
  const length = Buffer.alloc(2)
  length.writeUInt16BE(certificate.length)
  return concatBytes(magic, versions, idBytes(hello.networkId), length, certificate)
}

/**
 * Reads a hello.
 * @throws P2pError P2P_HELLO_INVALID and nothing else
 */
export function decodeHello(bytes: Uint8Array): Hello {
  if (bytes.length > HELLO_LIMITS.bytesMax) throw invalid('size')
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < 5 || view.compare(magic, 0, 4, 0, 4) !== 0) throw invalid('magic')
  const versions = versionsOf(view)
  const at = 5 + 2 * versions.length
  if (view.length < at + 34) throw invalid('length')
  const networkId = networkIdOf(view.subarray(at, at + 32))
  const size = view.readUInt16BE(at + 32)
  if (size > HELLO_LIMITS.certificateBytesMax || view.length < at + 34 + size) throw invalid('certificate')
  if (size === 0) return { networkId, versions }
  return { networkId, versions, certificate: Uint8Array.from(view.subarray(at + 34, at + 34 + size)) }
}

/** The greatest version both sides speak; undefined when there is none. */
export function commonVersion(ours: readonly number[], theirs: readonly number[]): number | undefined {
  const common = ours.filter((version) => theirs.includes(version))
  return common.length === 0 ? undefined : Math.max(...common)
}

function versionsOf(view: Buffer): readonly number[] {
  const count = view.readUInt8(4)
  if (count < 1 || count > HELLO_LIMITS.versionsMax) throw invalid('versions')
  if (view.length < 5 + 2 * count) throw invalid('length')
  const versions: number[] = []
  for (let index = 0; index < count; index++) {
    const version = view.readUInt16BE(5 + 2 * index)
    if (version <= (versions.at(-1) ?? 0)) throw invalid('versions')
    versions.push(version)
  }
  return versions
}

function invalid(rule: string): P2pError {
  return new P2pError({ code: 'P2P_HELLO_INVALID', rule }, `hello breaks the rule on ${rule}`)
}
