// Parsers: the parts of a key. Each throws STORE_BAD_ROW for a key of another family or form.

import { hashAt, type Hash, type PublicKey } from '../base/index.js'
import { badRow } from './errors.js'
import { readKey, type KeyReader } from './key-bytes.js'
import { FAMILY } from './keys.js'

/** A (subject, predicate): what candidates, views and marks belong to. */
export interface KeyParts {
  readonly subject: string
  readonly predicate: string
}

/** A dirty mark: left by a block, or by chunk `chunk` of a sweep. */
export type MarkParts =
  | KeyParts & { readonly kind: 'block'; readonly sequence: number }
  | KeyParts & { readonly kind: 'sweep' | 'trust'; readonly generation: number; readonly chunk: number }

/** Parts of a V key; undefined for the row that only says there are votes. */
export function parseVote(
  key: Uint8Array
): { assertion: Hash; agentId: PublicKey; timestampMs: number; id: Hash } | undefined {
  const parts = readKey(key, FAMILY.vote)
  const assertion = parts.hash()
  if (parts.atEnd()) return undefined
  return ended(parts, { assertion, agentId: parts.publicKey(), timestampMs: parts.u64(), id: parts.hash() })
}

/** Parts of an S key. */
export function parseCandidate(key: Uint8Array): KeyParts & { readonly id: Hash } {
  const parts = readKey(key, FAMILY.candidate)
  return ended(parts, { subject: parts.text(), predicate: parts.text(), id: parts.hash() })
}

/** The assertion of an S key, which is its end: cheaper than all parts. */
export function candidateId(key: Uint8Array): Hash {
  if (key.length < 36) throw badRow(FAMILY.candidate)
  return hashAt(key, key.length - 32)
}

/** Parts of an MV key. */
export function parseView(key: Uint8Array): KeyParts {
  const parts = readKey(key, FAMILY.view)
  return ended(parts, { subject: parts.text(), predicate: parts.text() })
}

/** Parts of an A key. */
export function parseByAgent(key: Uint8Array): { agentId: PublicKey; timestampMs: number; id: Hash } {
  const parts = readKey(key, FAMILY.byAgent)
  return ended(parts, { agentId: parts.publicKey(), timestampMs: parts.u64(), id: parts.hash() })
}

/** Parts of a P key. */
export function parseByPredicate(key: Uint8Array): KeyParts {
  const parts = readKey(key, FAMILY.byPredicate)
  return ended(parts, { predicate: parts.text(), subject: parts.text() })
}

/** Parts of an R key. */
export function parseReference(key: Uint8Array): KeyParts & { readonly entity: string } {
  const parts = readKey(key, FAMILY.reference)
  return ended(parts, { entity: parts.text(), subject: parts.text(), predicate: parts.text() })
}

/** Parts of a D key. */
export function parseMark(key: Uint8Array): MarkParts {
  const parts = readKey(key, FAMILY.mark)
  const about = { subject: parts.text(), predicate: parts.text() }
  const kind = parts.byte()
  if (kind === 0) return ended(parts, { kind: 'block', sequence: parts.u64(), ...about })
  if (kind !== 1 && kind !== 2) throw badRow(FAMILY.mark)
  const cause = kind === 1 ? 'sweep' : 'trust'
  return ended(parts, { kind: cause, generation: parts.u64(), chunk: parts.u32(), ...about })
}

/** Parts of an f key. */
export function parseFeed(key: Uint8Array): { feed: Hash; seq: number; block: Hash } {
  const parts = readKey(key, FAMILY.feed)
  return ended(parts, { feed: parts.hash(), seq: parts.u64(), block: parts.hash() })
}

/** Parts of a t key. */
export function parseTip(key: Uint8Array): { feed: Hash; block: Hash } {
  const parts = readKey(key, FAMILY.tip)
  return ended(parts, { feed: parts.hash(), block: parts.hash() })
}

/** Parts of an r key. */
export function parseHolder(key: Uint8Array): { record: Hash; block: Hash } {
  const parts = readKey(key, FAMILY.holder)
  return ended(parts, { record: parts.hash(), block: parts.hash() })
}

/** Parts of a w key. */
export function parseWaiting(key: Uint8Array): { missing: Hash; waiting: Hash } {
  const parts = readKey(key, FAMILY.waiting)
  return ended(parts, { missing: parts.hash(), waiting: parts.hash() })
}

/** Parts of a Q key. */
export function parseQuarantined(key: Uint8Array): { releaseMs: number; id: Hash } {
  const parts = readKey(key, FAMILY.quarantined)
  return ended(parts, { releaseMs: parts.u64(), id: parts.hash() })
}

/** The one hash of an H, E, b, c, h, x or u key. */
export function parseId(
  family: 'record' | 'epoch' | 'block' | 'complete' | 'head' | 'fork' | 'unsealed', key: Uint8Array
): Hash {
  const parts = readKey(key, FAMILY[family])
  return ended(parts, parts.hash())
}

function ended<T>(parts: KeyReader, value: T): T {
  parts.end()
  return value
}
