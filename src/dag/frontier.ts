// Frontier: the set of all feed tips and its hash.
// frontierRoot = BLAKE3 of 256 bucket hashes; a tip's bucket is the first byte of its feed id; a bucket hash
// is BLAKE3 over its sorted (feed 32, seq u64, block id 32), zeros when empty. Two peers with one root hold
// the same blocks.
// Cost: a change touches its own bucket; the next root hashes the touched buckets and 8 KiB.

import { blake3, blake3Hash, hashOf, idBytes, type Hash } from '../base/index.js'
import { ByteWriter } from './wire.js'

/** The last block of a chain: admitted, and no admitted block names it as prev. */
export interface Tip {
  readonly feed: Hash
  readonly seq: number
  readonly id: Hash
}

/** Number of buckets. */
export const bucketCount = 256

/** What the frontier is at one moment; it does not change afterwards. */
export interface FrontierView {
  readonly root: Hash
  /** 256 hashes of 32 bytes. */
  readonly buckets: readonly Uint8Array[]
  readonly tipCount: number
  /** Tips of one bucket, by (feed, seq, id). */
  tipsOf(bucket: number): readonly Tip[]
  /** All tips, by (feed, seq, id). */
  tips(): readonly Tip[]
}

/** The frontier as it grows. */
export interface Frontier {
  /** Adding what is there is harmless. */
  add(tip: Tip): void
  remove(tip: Tip): void
  /** Number of tips; hashes nothing. */
  readonly size: number
  view(): FrontierView
}

const emptyBucket = new Uint8Array(32)

/** Bucket of a feed. */
export function bucketOf(feed: Hash): number {
  return Number.parseInt(feed.slice(0, 2), 16)
}

/** Order of tips: feed, seq, id. */
export function compareTips(a: Tip, b: Tip): number {
  if (a.feed !== b.feed) return a.feed < b.feed ? -1 : 1
  if (a.seq !== b.seq) return a.seq - b.seq
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1
}

/** An empty frontier. */
export function createFrontier(): Frontier {
  const tips: (readonly Tip[])[] = Array.from({ length: bucketCount }, () => [])
  const hashes: Uint8Array[] = Array.from({ length: bucketCount }, () => emptyBucket)
  // The same hashes side by side: hashing one string costs a tenth of hashing 256.
  const joined = new Uint8Array(32 * bucketCount)
  const touched = new Set<number>()
  let count = 0
  let current: FrontierView | undefined

  const replace = (bucket: number, changed: readonly Tip[]): void => {
    count += changed.length - (tips[bucket]?.length ?? 0)
    tips[bucket] = changed
    touched.add(bucket)
    current = undefined
  }
  const locate = (tip: Tip): { bucket: number, at: number, found: boolean, list: readonly Tip[] } => {
    const bucket = bucketOf(tip.feed)
    const list = tips[bucket] ?? []
    const at = lowerBound(list, tip)
    const there = list[at]
    return { bucket, at, found: there !== undefined && compareTips(there, tip) === 0, list }
  }
  return {
    add(tip) {
      const { bucket, at, found, list } = locate(tip)
      if (!found) replace(bucket, list.toSpliced(at, 0, tip))
    },
    remove(tip) {
      const { bucket, at, found, list } = locate(tip)
      if (found) replace(bucket, list.toSpliced(at, 1))
    },
    get size() { return count },
    view() {
      for (const bucket of touched) {
        const hash = bucketHash(tips[bucket] ?? [])
        hashes[bucket] = hash
        joined.set(hash, 32 * bucket)
      }
      touched.clear()
      current ??= freeze(blake3Hash(joined), [...tips], [...hashes], count)
      return current
    }
  }
}

function freeze(
  root: Hash, tips: readonly (readonly Tip[])[], buckets: readonly Uint8Array[], tipCount: number
): FrontierView {
  let all: readonly Tip[] | undefined
  return {
    root, buckets, tipCount,
    tipsOf: (bucket) => tips[bucket] ?? [],
    tips: () => all ??= listOf(tips)
  }
}

/** All tips in one list. Most buckets of a small network are empty. */
function listOf(buckets: readonly (readonly Tip[])[]): readonly Tip[] {
  const all: Tip[] = []
  for (const bucket of buckets) for (const tip of bucket) all.push(tip)
  return all
}

/** Hash of one bucket: 32 bytes. */
export function bucketHash(tips: readonly Tip[]): Uint8Array {
  if (tips.length === 0) return emptyBucket
  const writer = new ByteWriter(72 * tips.length)
  for (const tip of tips) writer.raw(idBytes(tip.feed)).u64(tip.seq).raw(idBytes(tip.id))
  return blake3(writer.done())
}

/** frontierRoot of any set of tips: the reference that the incremental one is held against. */
export function frontierRootOf(tips: readonly Tip[]): Hash {
  const sorted = [...tips].sort(compareTips)
  const buckets = Array.from({ length: bucketCount }, (_, bucket) =>
    bucketHash(sorted.filter((tip) => bucketOf(tip.feed) === bucket)))
  return hashOf(blake3(...buckets))
}

function lowerBound(list: readonly Tip[], tip: Tip): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const there = list[middle]
    if (there !== undefined && compareTips(there, tip) < 0) low = middle + 1
    else high = middle
  }
  return low
}
