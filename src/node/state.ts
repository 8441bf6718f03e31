// What a node holds, in numbers and as a signed tag. Tags of converged peers of one version are equal but
// for their signatures. A tag exists only when no mark is left.

import { blake3Hash, toHex } from '../base/index.js'
import { tagVersion, type StateTag } from '../dag/index.js'
import type { Parts } from './parts.js'
import type { StateReport, StateTagReport } from './types.js'

/** Frontier, counters and, when nothing is left to compute, the tag. */
export async function reportState(parts: Parts): Promise<StateReport> {
  const { dag, store, ingest, materializer } = parts
  const frontier = dag.frontier()
  const counts = dag.counts()
  const pending = ingest.counts()
  const tag = await parts.tags.make()
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
    trustGeneration: parts.trust().generation,
    ...(tag === undefined ? {} : { tag: reportTag(tag) })
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
