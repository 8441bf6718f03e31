// Keys: one constructor for each family of the keyspace. Format: docs/formats/keyspace.md.

import type { Hash, PublicKey } from '../base/index.js'
import { beginKey, endKey, putByte, putHash, putText, putU32, putU64 } from './key-bytes.js'

/** Prefixes of the families. */
export const FAMILY = {
  record: 'H:', vote: 'V:', epoch: 'E:', candidate: 'S:', view: 'MV:', byAgent: 'A:', byPredicate: 'P:',
  reference: 'R:', mark: 'D:', block: 'b/', complete: 'c/', feed: 'f/', tip: 't/', head: 'h/', holder: 'r/',
  fork: 'x/', waiting: 'w/', unsealed: 'u/', quarantined: 'Q:', trust: 'T:', meta: 'meta/'
} as const

/** Key constructors. Each gives a new byte string; no argument is checked beyond its type. */
export const keys = {
  /** H: bytes of a record. */
  record: (id: Hash): Uint8Array => ofHash(FAMILY.record, id),
  /** V: one vote on an assertion. */
  vote: (assertion: Hash, agent: PublicKey, timestampMs: number, id: Hash): Uint8Array => {
    beginKey(FAMILY.vote)
    putHash(assertion)
    putHash(agent)
    putU64(timestampMs)
    putHash(id)
    return endKey()
  },
  /** V: there are votes on the assertion. A batch adds this row with the first of them. */
  voted: (assertion: Hash): Uint8Array => ofHash(FAMILY.vote, assertion),
  /** E: summary of an epoch record. */
  epoch: (id: Hash): Uint8Array => ofHash(FAMILY.epoch, id),
  /** S: an assertion about (subject, predicate). */
  candidate: (subject: string, predicate: string, id: Hash): Uint8Array => {
    beginKey(FAMILY.candidate)
    putText(subject)
    putText(predicate)
    putHash(id)
    return endKey()
  },
  /** MV: stored view of (subject, predicate). */
  view: (subject: string, predicate: string): Uint8Array => ofTexts(FAMILY.view, subject, predicate),
  /** A: an effective record of an agent. */
  byAgent: (agent: PublicKey, timestampMs: number, id: Hash): Uint8Array => {
    beginKey(FAMILY.byAgent)
    putHash(agent)
    putU64(timestampMs)
    putHash(id)
    return endKey()
  },
  /** P: a subject that has the predicate. */
  byPredicate: (predicate: string, subject: string): Uint8Array =>
    ofTexts(FAMILY.byPredicate, predicate, subject),
  /** R: (subject, predicate) points at the entity. */
  reference: (entity: string, subject: string, predicate: string): Uint8Array => {
    beginKey(FAMILY.reference)
    putText(entity)
    putText(subject)
    putText(predicate)
    return endKey()
  },
  /** D: dirty mark of the block with this WAL sequence. */
  blockMark: (subject: string, predicate: string, sequence: number): Uint8Array => {
    beginKey(FAMILY.mark)
    putText(subject)
    putText(predicate)
    putByte(0)
    putU64(sequence)
    return endKey()
  },
  /** D: dirty mark of a sweep: its generation and the chunk that wrote it. */
  sweepMark: (subject: string, predicate: string, generation: number, chunk: number): Uint8Array =>
    ofMark(subject, predicate, 1, generation, chunk),
  /** D: dirty mark of a change of trust: the generation of the snapshot and the chunk that wrote it. */
  trustMark: (subject: string, predicate: string, generation: number, chunk: number): Uint8Array =>
    ofMark(subject, predicate, 2, generation, chunk),
  /** b: header and record ids of a block. */
  block: (id: Hash): Uint8Array => ofHash(FAMILY.block, id),
  /** c: the block is complete. */
  complete: (id: Hash): Uint8Array => ofHash(FAMILY.complete, id),
  /** f: a block in its feed. */
  feed: (feed: Hash, seq: number, block: Hash): Uint8Array => {
    beginKey(FAMILY.feed)
    putHash(feed)
    putU64(seq)
    putHash(block)
    return endKey()
  },
  /** t: a last block of a feed. */
  tip: (feed: Hash, block: Hash): Uint8Array => ofHashes(FAMILY.tip, feed, block),
  /** h: a block no other refers to. */
  head: (block: Hash): Uint8Array => ofHash(FAMILY.head, block),
  /** r: a block that holds the record. */
  holder: (record: Hash, block: Hash): Uint8Array => ofHashes(FAMILY.holder, record, block),
  /** x: first proof that the feed forked. */
  fork: (feed: Hash): Uint8Array => ofHash(FAMILY.fork, feed),
  /** w: a block whose completeness waits for a missing one. */
  waiting: (missing: Hash, waiting: Hash): Uint8Array => ofHashes(FAMILY.waiting, missing, waiting),
  /** u: a record accepted here that no block holds yet. */
  unsealed: (id: Hash): Uint8Array => ofHash(FAMILY.unsealed, id),
  /** Q: a record held back until its release time. */
  quarantined: (releaseMs: number, id: Hash): Uint8Array => {
    beginKey(FAMILY.quarantined)
    putU64(releaseMs)
    putHash(id)
    return endKey()
  },
  /** T: a part of the trust snapshots, named by its owner. */
  trust: (name: string): Uint8Array => Buffer.from(FAMILY.trust + name, 'utf8'),
  /** meta: a named fact of the index. Names of the store: format, kinds, network, ckpt, cursor. */
  meta: (name: string): Uint8Array => Buffer.from(FAMILY.meta + name, 'utf8')
} as const

/** Key bytes of a family with one hash. */
export function ofHash(prefix: string, id: Hash | PublicKey): Uint8Array {
  beginKey(prefix)
  putHash(id)
  return endKey()
}

/** Key bytes of a family with two texts. */
export function ofTexts(prefix: string, first: string, second: string): Uint8Array {
  beginKey(prefix)
  putText(first)
  putText(second)
  return endKey()
}

function ofHashes(prefix: string, first: Hash, second: Hash): Uint8Array {
  beginKey(prefix)
  putHash(first)
  putHash(second)
  return endKey()
}

function ofMark(
  subject: string, predicate: string, kind: number, generation: number, chunk: number
): Uint8Array {
  beginKey(FAMILY.mark)
  putText(subject)
  putText(predicate)
  putByte(kind)
  putU64(generation)
  putU32(chunk)
  return endKey()
}
