// What a node holds, in numbers and as a signed tag. Tags of converged peers of one version are equal but
// for their signatures. A tag exists only when no mark is left.

import { blake3Hash, toHex } from '../base/index.js'
import { signTag, tagVersion, viewDigestAlgorithm } from '../dag/index.js'
import { VIEW_VERSION } from '../lenses/index.js'
import { viewDigest as digestOfViews } from '../materializer/index.js'
import { STORE_DEFAULTS } from '../store/index.js'
import type { Parts } from './parts.js'
import type { StateReport, StateTagReport } from './types.js'

/** Frontier, counters and, when nothing is left to compute, the tag. */
export async function reportState(parts: Parts): Promise<StateReport> {
  const { dag, store, ingest, materializer } = parts
  const frontier = dag.frontier()
  const counts = dag.counts()
  const pending = ingest.counts()
  const tag = await makeTag(parts)
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
    ...(tag === undefined ? {} : { tag })
  }
}

/** The tag of the present state; undefined while blocks, marks or records are on their way. */
async function makeTag(parts: Parts): Promise<StateTagReport | undefined> {
  const { store, dag, ingest, materializer, ownFeed, rules } = parts
  const isQuiet = (): boolean => materializer.lag().marks === 0 && ingest.counts().behind === 0
  if (!isQuiet()) return undefined
  const frontierRoot = dag.frontier().root
  const snapshot = store.snapshot()
  try {
    const recordCount = store.totals.recordCount
    const viewDigest = await digestOfViews(snapshot)
    // A block that came in meanwhile makes the digest one of no single state.
    if (!isQuiet() || dag.frontier().root !== frontierRoot) return undefined
    const fields = {
      algorithm: viewDigestAlgorithm, frontierRoot, recordCount,
      schemaVersion: STORE_DEFAULTS.schemaVersion, viewVersion: VIEW_VERSION,
      trustDigest: parts.trust().digest, viewDigest
    }
    const tag = signTag(fields, ownFeed.current.signer, rules.networkId)
    return {
      tagVersion, frontierRoot, records: recordCount, schemaVersion: fields.schemaVersion,
      viewVersion: fields.viewVersion, trustDigest: fields.trustDigest, viewDigest, signed: toHex(tag.bytes)
    }
  } finally {
    await snapshot.close()
  }
}

/** The tag without its signature, as one hash: what peers compare at a glance. */
export function tagFingerprint(tag: StateTagReport): string {
  const text = [tag.tagVersion, tag.frontierRoot, tag.records, tag.trustDigest, tag.viewDigest].join(' ')
  return blake3Hash(Buffer.from(text, 'utf8')).slice(0, 16)
}
