// Ranges: all keys of a family, or those that share their first parts.

import type { Hash, PublicKey } from '../base/index.js'
import { afterPrefix, beginKey, endKey, putHash, putText, putU64 } from './key-bytes.js'
import { FAMILY, ofHash, ofTexts } from './keys.js'

/** Bounds of a range of keys in byte order. */
export interface KeyRange {
  readonly gte?: Uint8Array
  readonly gt?: Uint8Array
  readonly lt?: Uint8Array
}

/** Range makers. Without an argument: the whole family. */
export const ranges = {
  records: (): KeyRange => family(FAMILY.record),
  /** Votes on one assertion by (agent, timestamp, id), without the row that says there are some. */
  votes: (assertion: Hash): KeyRange => within(ofHash(FAMILY.vote, assertion)),
  /** The V family, rows of both forms: `parseVote` tells them apart. */
  allVotes: (): KeyRange => family(FAMILY.vote),
  epochs: (): KeyRange => family(FAMILY.epoch),
  /** Candidates of a (subject, predicate), of a subject by predicate, or all. */
  candidates: (subject?: string, predicate?: string): KeyRange => texts(FAMILY.candidate, subject, predicate),
  /** Views of a subject, or all. */
  views: (subject?: string): KeyRange => texts(FAMILY.view, subject),
  /** Records of an agent by time, or all. */
  byAgent: (agent?: PublicKey): KeyRange =>
    agent === undefined ? family(FAMILY.byAgent) : under(ofHash(FAMILY.byAgent, agent)),
  /** Subjects of a predicate, or all. */
  byPredicate: (predicate?: string): KeyRange => texts(FAMILY.byPredicate, predicate),
  /** Reverse edges of an entity, or all. */
  references: (entity?: string): KeyRange => texts(FAMILY.reference, entity),
  /** Dirty marks of a (subject, predicate), or all. */
  marks: (subject?: string, predicate?: string): KeyRange => texts(FAMILY.mark, subject, predicate),
  blocks: (): KeyRange => family(FAMILY.block),
  complete: (): KeyRange => family(FAMILY.complete),
  /** Blocks of a feed with seq in [fromSeq, toSeq], both optional; or all feeds. */
  feed: (feed?: Hash, fromSeq?: number, toSeq?: number): KeyRange => feedRange(feed, fromSeq, toSeq),
  /** Tips of a feed, or all. */
  tips: (feed?: Hash): KeyRange => feed === undefined ? family(FAMILY.tip) : under(ofHash(FAMILY.tip, feed)),
  heads: (): KeyRange => family(FAMILY.head),
  /** Blocks that hold a record, or all. */
  holders: (record?: Hash): KeyRange =>
    record === undefined ? family(FAMILY.holder) : under(ofHash(FAMILY.holder, record)),
  forks: (): KeyRange => family(FAMILY.fork),
  /** Blocks that wait for the missing one, or all. */
  waiting: (missing?: Hash): KeyRange =>
    missing === undefined ? family(FAMILY.waiting) : under(ofHash(FAMILY.waiting, missing)),
  unsealed: (): KeyRange => family(FAMILY.unsealed),
  /** Quarantined records, all or those released at or before `untilMs`. */
  quarantined: (untilMs?: number): KeyRange => untilMs === undefined
    ? family(FAMILY.quarantined)
    : { ...family(FAMILY.quarantined), lt: quarantinedFrom(untilMs + 1) },
  trust: (): KeyRange => family(FAMILY.trust),
  meta: (): KeyRange => family(FAMILY.meta)
} as const

/** All keys that start with `prefix`. */
export function under(prefix: Uint8Array): KeyRange {
  const lt = afterPrefix(prefix)
  return lt === undefined ? { gte: prefix } : { gte: prefix, lt }
}

/** The part of a range behind `key`: where a page goes on. */
export function behind(range: KeyRange, key: Uint8Array): KeyRange {
  return range.lt === undefined ? { gt: key } : { gt: key, lt: range.lt }
}

function within(prefix: Uint8Array): KeyRange {
  return behind(under(prefix), prefix)
}

function family(prefix: string): KeyRange {
  return under(Buffer.from(prefix, 'latin1'))
}

function texts(prefix: string, first?: string, second?: string): KeyRange {
  if (first === undefined) return family(prefix)
  if (second !== undefined) return under(ofTexts(prefix, first, second))
  beginKey(prefix)
  putText(first)
  return under(endKey())
}

function feedRange(feed?: Hash, fromSeq = 0, toSeq?: number): KeyRange {
  if (feed === undefined) return family(FAMILY.feed)
  const all = under(ofHash(FAMILY.feed, feed))
  const gte = feedFrom(feed, fromSeq)
  const lt = toSeq === undefined ? all.lt : feedFrom(feed, toSeq + 1)
  return lt === undefined ? { gte } : { gte, lt }
}

function feedFrom(feed: Hash, seq: number): Uint8Array {
  beginKey(FAMILY.feed)
  putHash(feed)
  putU64(seq)
  return endKey()
}

function quarantinedFrom(releaseMs: number): Uint8Array {
  beginKey(FAMILY.quarantined)
  putU64(releaseMs)
  return endKey()
}
