// What a node holds, in numbers and as a signed tag. Tags of converged peers of one version are equal but
// for their signatures. A tag exists only when no mark is left.

import { blake3Hash, toHex, wait, type Clock } from '../base/index.js'
import { tagVersion, type StateTag } from '../dag/index.js'
import type { Parts } from './parts.js'
import type { StateReport, StateTagReport } from './types.js'

/** What a report is made of. */
export type ReportedParts = Pick<Parts, 'dag' | 'store' | 'ingest' | 'materializer' | 'trust' | 'tags' | 'audit'>

/** Makes reports of a node's state; what they may cost is bounded, however often they are asked for. */
export type StateReporter = (parts: ReportedParts) => Promise<StateReport>

/**
 * After a pass over all views the next one waits this many times as long: callers take at most a fifth of one
 * core.
 */
const REST_FACTOR = 4
/** A caller waits for the end of a rest at most this long; else its answer comes without a tag. */
const REST_MS_MAX = 5_000

/** A reporter that has made no tag yet. */
export function createStateReporter(clock: Clock): StateReporter {
  const tagOf = createTagTurns(clock)
  return async (parts) => report(parts, await tagOf(parts))
}

/** The tag of the present state: all who ask while one is due share the pass that makes it. */
function createTagTurns(clock: Clock): (parts: ReportedParts) => Promise<StateTag | undefined> {
  let restedMs = -Infinity
  let turn: Promise<StateTag | undefined> | undefined
  const make = async ({ tags }: ReportedParts): Promise<StateTag | undefined> => {
    const restMs = restedMs - clock.monotonicMs()
    if (restMs > REST_MS_MAX) return undefined
    if (restMs > 0) await wait(clock, restMs)
    const startedMs = clock.monotonicMs()
    try {
      return await tags.make()
    } finally {
      const endedMs = clock.monotonicMs()
      restedMs = endedMs + REST_FACTOR * (endedMs - startedMs)
    }
  }
  return async (parts) => parts.tags.current() ?? (turn ??= make(parts).finally(() => (turn = undefined)))
}

function report(parts: ReportedParts, tag: StateTag | undefined): StateReport {
  const { dag, store, ingest, materializer } = parts
  const frontier = dag.frontier()
  const counts = dag.counts()
  const pending = ingest.counts()
  const { last } = parts.audit
  return {
    frontierRoot: frontier.root,
    records: store.totals.recordCount,
    blocks: counts.blocks,
    feeds: new Set(frontier.tips().map((tip) => tip.feed)).size,
    heads: dag.heads(),
    forks: counts.forks,
    pendingBlocks: counts.pendingBlocks,
    wantedBlocks: counts.wanted,
    unsealed: pending.unsealed,
    quarantined: pending.quarantined,
    dirtyMarks: materializer.lag().marks,
    trustGeneration: parts.trust.snapshot().generation, trustLagMs: parts.trust.lagMs,
    alarms: parts.tags.doubts.alarms.map(({ atMs, ours, theirs }) => (
      { peerKey: theirs.nodeKey, atMs, ours: reportTag(ours), theirs: reportTag(theirs) }
    )),
    ...(last === undefined ? {} : { lastAudit: last }),
    // One that was shared with an earlier caller may be of a state that has passed.
    ...(tag === undefined || tag.frontierRoot !== frontier.root ? {} : { tag: reportTag(tag) })
  }
}

function reportTag(tag: StateTag): StateTagReport {
  const { recordCount, bytes, frontierRoot, schemaVersion, viewVersion, trustDigest, viewDigest } = tag
  return {
    tagVersion, frontierRoot, records: recordCount, schemaVersion, viewVersion, trustDigest, viewDigest,
    signed: toHex(bytes)
  }
}

/** The tag without its signature, as one hash: what peers compare at a glance. */
export function tagFingerprint(tag: StateTagReport): string {
  const text = [tag.tagVersion, tag.frontierRoot, tag.records, tag.trustDigest, tag.viewDigest].join(' ')
  return blake3Hash(Buffer.from(text, 'utf8')).slice(0, 16)
}
