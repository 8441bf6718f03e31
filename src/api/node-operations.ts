// What the node tells of itself: network, state, peers, quarantine, health.

import { Type } from 'typebox'
import { BLOCK_LIMITS, RECORD_LIMITS, TIME_LIMITS } from '../base/index.js'
import type {
  AuditReport, PeerReport, QuarantineRow, ReadyProgress, ReadyReport, StateReport, StateTagReport
} from '../node/index.js'
import { defineOperation, type Operation } from './operation.js'
import { API_LIMITS } from './options.js'
import { countSchema, hashSchema, keySchema, limitSchema, timeSchema } from './schemas.js'

const networkSchema = Type.Object({
  network_id: hashSchema,
  node_key: keySchema,
  addresses: Type.Array(Type.String()),
  genesis: Type.Object({}),
  limits: Type.Object({
    record: Type.Object({}), block: Type.Object({}), time: Type.Object({}), api: Type.Object({})
  })
})

const tagSchema = Type.Object({
  tag_version: countSchema,
  frontier_root: hashSchema,
  records: countSchema,
  schema_version: countSchema,
  view_version: countSchema,
  trust_digest: hashSchema,
  view_digest: hashSchema,
  signed: Type.String()
})

const stateSchema = Type.Object({
  frontier_root: hashSchema,
  records: countSchema,
  blocks: countSchema,
  feeds: countSchema,
  heads: Type.Array(hashSchema),
  forks: countSchema,
  pending_blocks: countSchema,
  wanted_blocks: countSchema,
  unsealed: countSchema,
  quarantined: countSchema,
  dirty_marks: countSchema,
  trust_generation: countSchema,
  trust_lag_ms: Type.Number({ minimum: 0, description: '0: published trust covers every ballot' }),
  tag: Type.Optional(tagSchema),
  alarms: Type.Array(Type.Object({
    node_key: keySchema, at: timeSchema, ours: tagSchema, theirs: tagSchema
  }), { description: 'peers that hold the same blocks and answer differently; the last 16, oldest first' }),
  last_audit: Type.Optional(Type.Object({
    at: timeSchema, peer: Type.String(), blocks: countSchema, damaged: countSchema, repaired: countSchema,
    open: countSchema
  }, { description: 'the index was compared with a peer; blocks damaged, put back, not given back yet' }))
})

const peersSchema = Type.Object({
  peers: Type.Array(Type.Object({
    peer: Type.String(),
    node_key: keySchema,
    direction: Type.Union([Type.Literal('inbound'), Type.Literal('outbound')]),
    address: Type.String(),
    gossip: Type.Boolean(),
    blocks_in: countSchema,
    blocks_out: countSchema,
    bytes_in: countSchema,
    bytes_out: countSchema,
    last_sync: Type.Optional(timeSchema),
    equal_frontier: Type.Boolean()
  }))
})

const quarantineSchema = Type.Object({
  records: Type.Array(Type.Object({ id: hashSchema, agent_id: keySchema, release_time: timeSchema }))
})

const readySchema = Type.Object({
  ready: Type.Boolean(),
  wal_replayed: Type.Boolean(),
  store_open: Type.Boolean(),
  first_sync: Type.Union([Type.Literal('done'), Type.Literal('running'), Type.Literal('alone')]),
  index: Type.Union(['counted', 'uncounted', 'damaged'].map((name) => Type.Literal(name)), {
    description: 'damaged: rows are missing; restart the node to rebuild the index from its ledger'
  }),
  damaged_blocks: Type.Optional(Type.Integer({
    minimum: 1, description: 'found damaged by an audit and not given back by a peer yet'
  })),
  read_only: Type.Optional(Type.String()),
  progress: Type.Optional(Type.Object({
    phase: Type.Union([Type.Literal('replay'), Type.Literal('join')]), done: countSchema, total: countSchema,
    records_per_second: Type.Optional(countSchema), bytes_per_second: Type.Optional(countSchema),
    seconds_left: Type.Optional(countSchema)
  }))
})

/** Operations on the node itself. */
export const nodeOperations: readonly Operation[] = [
  defineOperation({
    name: 'getNetwork', summary: 'Network id, genesis, limits',
    method: 'GET', paths: ['/v1/network'], access: 'read', cost: 'point',
    output: networkSchema, statuses: [200],
    run: async ({ node }) => ({
      kind: 'json', status: 200,
      value: {
        network_id: node.networkId, node_key: node.nodeKey, addresses: node.addresses(),
        genesis: node.genesis,
        limits: { record: RECORD_LIMITS, block: BLOCK_LIMITS, time: TIME_LIMITS, api: API_LIMITS }
      }
    })
  }),
  defineOperation({
    name: 'getState', summary: 'Counters, frontier and, when no work is left, the signed state tag',
    method: 'GET', paths: ['/v1/state'], access: 'read', cost: 'scan', output: stateSchema, statuses: [200],
    run: async ({ node }) => ({ kind: 'json', status: 200, value: stateJson(await node.state()) })
  }),
  defineOperation({
    name: 'getPeers', summary: 'Connected peers with their sync progress',
    method: 'GET', paths: ['/v1/peers'], access: 'read', cost: 'point', output: peersSchema, statuses: [200],
    run: async ({ node }) => ({ kind: 'json', status: 200, value: { peers: node.peers().map(peerJson) } })
  }),
  defineOperation({
    name: 'getQuarantine', summary: 'Records held back until their time has come, soonest first',
    method: 'GET', paths: ['/v1/quarantine'], access: 'read', cost: 'range',
    query: Type.Object({ limit: limitSchema }, { additionalProperties: false }),
    output: quarantineSchema, statuses: [200],
    run: async ({ node }, { query }) => {
      const rows = await node.quarantine(Number(query.limit ?? API_LIMITS.pageDefault))
      return { kind: 'json', status: 200, value: { records: rows.map(quarantineJson) } }
    }
  }),
  defineOperation({
    name: 'getHealth', summary: 'The process answers',
    method: 'GET', paths: ['/healthz'], access: 'read', cost: 'point',
    output: Type.Object({ status: Type.Literal('ok') }), statuses: [200],
    run: async () => ({ kind: 'json', status: 200, value: { status: 'ok' } })
  }),
  defineOperation({
    name: 'getReady',
    summary: 'Log replayed, store open and not damaged, first sync done or alone, writes taken; 503 until then',
    method: 'GET', paths: ['/readyz'], access: 'read', cost: 'point', output: readySchema, statuses: [200, 503],
    run: async ({ node }) => {
      const report = node.ready()
      const usable = report.ready && report.readOnly === undefined
      return { kind: 'json', status: usable ? 200 : 503, value: readyJson(report) }
    }
  })
]

function stateJson(state: StateReport): object {
  const { tag, lastAudit } = state
  return {
    frontier_root: state.frontierRoot, records: state.records, blocks: state.blocks, feeds: state.feeds,
    heads: state.heads, forks: state.forks, pending_blocks: state.pendingBlocks,
    wanted_blocks: state.wantedBlocks, unsealed: state.unsealed, quarantined: state.quarantined,
    dirty_marks: state.dirtyMarks,
    trust_generation: state.trustGeneration, trust_lag_ms: state.trustLagMs,
    ...(tag === undefined ? {} : { tag: tagJson(tag) }),
    alarms: state.alarms.map(({ peerKey, atMs, ours, theirs }) => (
      { node_key: peerKey, at: atMs, ours: tagJson(ours), theirs: tagJson(theirs) }
    )),
    ...(lastAudit === undefined ? {} : { last_audit: auditJson(lastAudit) })
  }
}

function auditJson({ atMs, ...counts }: AuditReport): object {
  return { at: atMs, ...counts }
}

function tagJson(tag: StateTagReport): object {
  return {
    tag_version: tag.tagVersion, frontier_root: tag.frontierRoot, records: tag.records,
    schema_version: tag.schemaVersion, view_version: tag.viewVersion, trust_digest: tag.trustDigest,
    view_digest: tag.viewDigest, signed: tag.signed
  }
}

function quarantineJson(row: QuarantineRow): object {
  return { id: row.id, agent_id: row.agentId, release_time: row.releaseMs }
}

function peerJson(peer: PeerReport): object {
  return {
    peer: peer.peer, node_key: peer.publicKey, direction: peer.direction, address: peer.address,
    gossip: peer.gossip, blocks_in: peer.blocksIn, blocks_out: peer.blocksOut, bytes_in: peer.bytesIn,
    bytes_out: peer.bytesOut, equal_frontier: peer.equalFrontier,
    ...(peer.lastSyncMs === undefined ? {} : { last_sync: peer.lastSyncMs })
  }
}

function progressJson(progress: ReadyProgress): object {
  const { phase, done, total, recordsPerSecond, bytesPerSecond, leftMs } = progress
  return {
    phase, done, total,
    ...(recordsPerSecond === undefined ? {} : { records_per_second: recordsPerSecond }),
    ...(bytesPerSecond === undefined ? {} : { bytes_per_second: bytesPerSecond }),
    ...(leftMs === undefined ? {} : { seconds_left: Math.ceil(leftMs / 1_000) })
  }
}

function readyJson(report: ReadyReport): object {
  return {
    ready: report.ready, wal_replayed: report.walReplayed, store_open: report.storeOpen,
    first_sync: report.firstSync, index: report.index,
    ...(report.damagedBlocks === undefined ? {} : { damaged_blocks: report.damagedBlocks }),
    ...(report.readOnly === undefined ? {} : { read_only: report.readOnly }),
    ...(report.progress === undefined ? {} : { progress: progressJson(report.progress) })
  }
}
