// What a side says of itself in a session: STATUS, BUCKETS and TIPS, all from one view of its frontier.

import { toHex, type Hash } from '../base/index.js'
import { bucketCount, type FrontierView, type Tip } from './frontier.js'
import {
  prefixBytes, prefixOf, SYNC_LIMITS, syncVersion, type Buckets, type KnownTip, type Run, type Status,
  type Tips
} from './sync-frames.js'
import { type SyncDeps, type SyncOptions } from './sync-types.js'
import { type Dag } from './types.js'

/** Pending runs that a side lists. */
const pendingListedMax = 256

/**
 * The first frame of a side.
 * @param remoteFeed the feed that the peer seals at present, if its STATUS said so
 */
export function statusOf(
  options: SyncOptions, deps: SyncDeps, view: FrontierView, tipsFollow: boolean, remoteFeed: Hash | undefined
): Status {
  const ownFeed = deps.ownFeed?.()
  const yourTip = knownTip(options, deps.dag, remoteFeed)
  const stateTag = deps.stateTag?.()
  return {
    kind: 'status', versions: [syncVersion, syncVersion], networkId: options.networkId, frontierRoot: view.root,
    tipCount: view.tipCount, recordCount: deps.recordCount(), tipsFollow,
    heads: tipsFollow ? [] : deps.dag.heads().slice(-SYNC_LIMITS.headsMax),
    ...(ownFeed === undefined ? {} : { ownFeed }), ...(yourTip === undefined ? {} : { yourTip }),
    ...(stateTag === undefined ? {} : { stateTag })
  }
}

function knownTip(options: SyncOptions, dag: Dag, remoteFeed: Hash | undefined): KnownTip | undefined {
  const ofNode = options.peerKey === undefined ? undefined : dag.tipOfNode(options.peerKey)
  const tip = (remoteFeed === undefined ? undefined : dag.tipOf(remoteFeed)) ?? ofNode
  return tip === undefined ? undefined : { feed: tip.feed, seq: tip.seq, id: tip.id }
}

/** The bucket hashes of a frontier, cut to 16 bytes. */
export function bucketsOf(view: FrontierView): Buckets {
  return { kind: 'buckets', hashes: view.buckets.map(shortHash) }
}

/** Buckets in which a peer's hashes differ from ours, as far as their tips may be listed in one session. */
export function differingBuckets(view: FrontierView, theirs: Buckets): ReadonlySet<number> {
  const differing = new Set<number>()
  const start = Number.parseInt(view.root.slice(0, 2), 16)
  let listed = 0
  for (let i = 0; i < bucketCount; i++) {
    const bucket = (start + i) % bucketCount
    const mine = view.buckets[bucket]
    if (mine === undefined || shortHash(mine) === theirs.hashes[bucket]) continue
    listed += view.tipsOf(bucket).length
    if (listed > SYNC_LIMITS.sessionRunsMax && differing.size > 0) break
    differing.add(bucket)
  }
  return differing
}

function shortHash(hash: Uint8Array): string {
  return toHex(hash.subarray(0, prefixBytes))
}

/**
 * TIPS of some buckets in one or more frames.
 * @param buckets undefined = all
 * @param known   what the peer has listed: not repeated
 */
export function tipsOf(
  dag: Dag, view: FrontierView, buckets: ReadonlySet<number> | undefined, known: readonly Run[]
): readonly Tips[] {
  const listed = new Set(known.map(nameOf))
  const tips = buckets === undefined ? view.tips() : [...buckets].flatMap((bucket) => view.tipsOf(bucket))
  const unlisted = tips.map(runOf).filter((run) => !listed.has(nameOf(run)))
  const admitted = unlisted.slice(0, SYNC_LIMITS.sessionRunsMax)
  const pending = dag.pending.runs(pendingListedMax)
    .map(({ feed, low, high, top }) => ({ feed: prefixOf(feed), low, high, top: prefixOf(top) }))
  const frames: Tips[] = []
  for (let at = 0; at === 0 || at < admitted.length; at += SYNC_LIMITS.runsMax) {
    const more = at + SYNC_LIMITS.runsMax < admitted.length
    frames.push({
      kind: 'tips', more, ...(buckets === undefined ? {} : { buckets }),
      admitted: admitted.slice(at, at + SYNC_LIMITS.runsMax), pending: more ? [] : pending
    })
  }
  return frames
}

function runOf(tip: Tip): Run {
  return { feed: prefixOf(tip.feed), low: 1, high: tip.seq, top: prefixOf(tip.id) }
}

function nameOf(run: Run): string {
  return run.feed + run.top
}
