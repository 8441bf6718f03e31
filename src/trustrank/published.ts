// Published values as bytes, for storage and for the trust digest in the state tag.
// Layout, little-endian: version u8 = 1, mode u8 (0 neutral, 1 computed), prior, count u32, then the agents
// by rising key: key 32, values. Values: accuracy u16, standing u16, gate u16, group u32 (0xffffffff = none).
// Group numbers are given anew by the order of first appearance, so that equal groupings are equal bytes.

import { blake3Hash, type Hash, idBytes, type PublicKey } from '../base/index.js'
import type { AgentTrust, TrustSnapshot } from './types.js'

const VERSION = 1
const HEAD_BYTES = 2
const VALUE_BYTES = 10
const KEY_BYTES = 32
const NO_GROUP = 0xffff_ffff

/** Bytes of the published values. */
export function encodePublished(
  mode: TrustSnapshot['mode'], prior: AgentTrust, agents: ReadonlyMap<PublicKey, AgentTrust>
): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + VALUE_BYTES + 4 + agents.size * (KEY_BYTES + VALUE_BYTES))
  const groups = new Map<number, number>()
  let at = bytes.writeUInt8(VERSION, 0)
  at = bytes.writeUInt8(mode === 'neutral' ? 0 : 1, at)
  at = writeValues(bytes, at, prior, groups)
  at = bytes.writeUInt32LE(agents.size, at)
  const rows = [...agents].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [agent, values] of rows) {
    bytes.set(idBytes(agent), at)
    at = writeValues(bytes, at + KEY_BYTES, values, groups)
  }
  return bytes
}

/** BLAKE3 of the published values. */
export function publishedDigest(
  mode: TrustSnapshot['mode'], prior: AgentTrust, agents: ReadonlyMap<PublicKey, AgentTrust>
): Hash {
  return blake3Hash(encodePublished(mode, prior, agents))
}

function writeValues(bytes: Buffer, start: number, values: AgentTrust, groups: Map<number, number>): number {
  let at = bytes.writeUInt16LE(values.accuracy, start)
  at = bytes.writeUInt16LE(values.standing, at)
  at = bytes.writeUInt16LE(values.gate, at)
  return bytes.writeUInt32LE(groupNumber(values.group, groups), at)
}

function groupNumber(group: number | undefined, groups: Map<number, number>): number {
  if (group === undefined) return NO_GROUP
  const known = groups.get(group) ?? groups.size
  groups.set(group, known)
  return known
}
