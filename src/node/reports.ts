// What a node says of itself: peers, readiness, numbers for metrics.

import { CodedError } from '../base/index.js'
import { publicKeyOfPeer } from '../p2p/index.js'
import type { Parts } from './parts.js'
import type { NodeStats, PeerReport, ReadyReport } from './types.js'

/** Connected peers with what they sent and got. */
export function reportPeers(parts: Parts): readonly PeerReport[] {
  const stats = new Map((parts.replicator?.peerStats() ?? []).map((entry) => [entry.peer, entry]))
  return (parts.network?.peers() ?? []).flatMap((link) => {
    const publicKey = publicKeyOfPeer(link.peer)
    const entry = stats.get(link.peer)
    if (publicKey === undefined) return []
    const { blocksIn = 0, blocksOut = 0, bytesIn = 0, bytesOut = 0, lastSyncMs } = entry ?? {}
    const equalFrontier = entry?.equalFrontier ?? false
    const report = { ...link, publicKey, blocksIn, blocksOut, bytesIn, bytesOut, equalFrontier }
    return [lastSyncMs === undefined ? report : { ...report, lastSyncMs }]
  })
}

/** Whether the node may be used, and what it is busy with. */
export function reportReady(parts: Parts | undefined, started: boolean): ReadyReport {
  if (parts === undefined) {
    return { ready: false, walReplayed: false, storeOpen: false, firstSync: 'alone', index: 'uncounted' }
  }
  const readOnly = failureOf(parts)
  const progress = started ? joinProgress(parts) : replayProgress(parts)
  const { damaged, vouched } = parts.scan
  const damagedBlocks = parts.audit.counts().open
  return {
    ready: started && readOnly === undefined && !damaged,
    walReplayed: started,
    storeOpen: true,
    firstSync: firstSync(parts),
    index: damaged ? 'damaged' : vouched ? 'counted' : 'uncounted',
    ...(damagedBlocks === 0 ? {} : { damagedBlocks }),
    ...(readOnly === undefined ? {} : { readOnly }),
    ...(progress === undefined ? {} : { progress })
  }
}

/** The code of what keeps the node from writing, or from showing what it writes. */
function failureOf({ wal, store, ingest, materializer }: Parts): string | undefined {
  const failure = wal.failure ?? store.failure ?? ingest.failure ?? materializer.failure
  if (failure === undefined) return undefined
  return failure instanceof CodedError ? failure.code : 'NODE_FAILED'
}

/** Gauges and counters by name. */
export function reportStats(parts: Parts): NodeStats {
  const { ingest, dag, store, wal, materializer, replicator, network } = parts
  const written = ingest.counts()
  const graph = dag.counts()
  const lag = materializer.lag()
  const replication = replicator?.stats()
  const links = network?.counts()
  const trust = parts.trust.stats()
  return {
    store_records_count: store.totals.recordCount,
    store_cursor_sequence: store.totals.sequence,
    store_index_damaged: parts.scan.damaged ? 1 : 0,
    wal_synced_sequence: wal.lastSynced,
    wal_size_bytes: wal.sizeBytes(),
    wal_queue_frames: wal.queued().frames,
    wal_failed: wal.failure === undefined ? 0 : 1,
    ingest_unsealed_records: written.unsealed,
    ingest_quarantined_records: written.quarantined,
    ingest_verifying_signatures: written.verifying,
    ingest_behind_frames: written.behind,
    dag_tips_count: graph.tips,
    dag_heads_count: graph.heads,
    dag_forks_count: graph.forks,
    dag_wanted_blocks: graph.wanted,
    dag_pending_blocks: graph.pendingBlocks,
    dag_pending_bytes: graph.pendingBytes,
    materializer_marks_count: lag.marks,
    materializer_lag_seconds: lag.oldestMs / 1_000,
    trust_generation_count: parts.trust.snapshot().generation,
    trust_agents_count: parts.trust.snapshot().agents.size,
    trust_lag_seconds: parts.trust.lagMs / 1_000,
    trust_unsettled: parts.trust.quiet ? 0 : 1,
    trust_queue_rows: trust.queueRows,
    trust_ballots_count: trust.rows,
    trust_compute_seconds: trust.computeSeconds,
    trust_computations_total: trust.computationsTotal,
    trust_publications_total: trust.publicationsTotal,
    trust_restarts_total: trust.restartsTotal,
    p2p_peers_count: network?.peers().length ?? 0,
    p2p_links_count: links?.links ?? 0,
    p2p_gossip_refreshes_total: links?.refreshes ?? 0,
    p2p_gossip_redials_total: links?.redials ?? 0,
    p2p_gossip_queue_bytes: links?.gossipQueueBytes ?? 0,
    p2p_silence_dials_total: links?.silences ?? 0,
    p2p_sync_sessions_total: replication?.sessions ?? 0,
    p2p_sync_failures_total: replication?.sessionsFailed ?? 0,
    p2p_tag_mismatches_total: parts.tags.doubts.raised,
    ...auditStats(parts),
    p2p_tag_doubts_count: parts.tags.doubts.open,
    p2p_views_healed_total: parts.tags.doubts.healed
  }
}

function auditStats(parts: Parts): NodeStats {
  const { audits, damaged, repaired, open } = parts.audit.counts()
  return {
    p2p_audits_total: audits, store_damaged_blocks_total: damaged, store_repaired_blocks_total: repaired,
    store_unrepaired_blocks: open
  }
}

function firstSync(parts: Parts): ReadyReport['firstSync'] {
  if (parts.network === undefined || parts.replicator === undefined) return 'alone'
  if (parts.replicator.progress().synced) return 'done'
  return parts.network.peers().length === 0 ? 'alone' : 'running'
}

function replayProgress(parts: Parts): ReadyReport['progress'] {
  const { behind } = parts.ingest.counts()
  const total = parts.wal.lastSynced
  return { phase: 'replay', done: total - behind, total }
}

function joinProgress(parts: Parts): ReadyReport['progress'] {
  const progress = parts.replicator?.progress()
  if (progress === undefined || progress.synced || progress.remoteRecords === undefined) return undefined
  const { here, remoteRecords, recordsPerSecond, bytesPerSecond, leftMs } = progress
  return {
    phase: 'join', done: here, total: Math.max(here, remoteRecords), recordsPerSecond, bytesPerSecond,
    ...(leftMs === undefined ? {} : { leftMs })
  }
}
