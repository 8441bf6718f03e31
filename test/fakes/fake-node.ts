// A node in memory behind the face that the API uses: records are opened and kept, nothing is durable, nobody
// else is there. Single functions are replaced to plan failures.

import { blake3Hash, hashOf, publicKeyOf, type Hash } from '../../src/base/index.js'
import type { AdmitResult, FoundRecord, NodeEvent, StemeNode } from '../../src/node/index.js'
import { createGenesis, type OpenedGenesis } from '../../src/p2p/index.js'
import { createSigner, decodeRecord, type Signer } from '../../src/record/index.js'

/** The agent of fake nodes' genesis. */
export const fakeAgent: Signer = createSigner(new Uint8Array(32).fill(7))

/** The genesis of fake nodes. */
export const fakeGenesis: OpenedGenesis = createGenesis({ name: 'fake', created: 1, governors: [fakeAgent.publicKey] })

/** Time of the fake node: records later than this + 30 s are quarantined. */
export const fakeNowMs = 1_000_000

/** A fake node, and how to make it emit an event. */
export interface FakeNode extends StemeNode {
  emit(event: NodeEvent): void
  readonly listeners: number
}

/** Makes a fake node; `overrides` replace single functions. */
export function createFakeNode(overrides: Partial<StemeNode> = {}): FakeNode {
  const records = new Map<Hash, FoundRecord>()
  const kept: (readonly [number, NodeEvent])[] = []
  const listeners = new Set<(sequence: number, event: NodeEvent) => void>()
  const unplanned = async (): Promise<never> => {
    throw new Error('unplanned call')
  }
  const admitOne = (bytes: Uint8Array): AdmitResult => {
    const opened = decodeRecord(bytes, fakeGenesis.networkId)
    if (opened.grade === 'invalid') {
      const code = opened.rule === 'signature' ? 'RECORD_SIGNATURE' : 'RECORD_INVALID'
      return { kind: 'refused', code, rule: opened.rule }
    }
    if (opened.grade === 'inert') return { kind: 'refused', code: 'RECORD_INERT', rule: opened.rule }
    if (records.has(opened.id)) return { kind: 'known', id: opened.id }
    if (opened.timestampMs > fakeNowMs + 30_000) {
      return { kind: 'quarantined', id: opened.id, releaseMs: opened.timestampMs - 30_000 }
    }
    const { agentId, timestampMs, record } = opened
    records.set(opened.id, { bytes, agentId, timestampMs, record })
    return { kind: 'admitted', id: opened.id }
  }
  return {
    nodeKey: publicKeyOf(new Uint8Array(32).fill(1)),
    networkId: fakeGenesis.networkId,
    genesis: fakeGenesis.genesis,
    eventRun: '7',
    lenses: ['Consensus', 'Recency'],
    start: async () => undefined,
    stop: async () => undefined,
    admit: async (list) => list.map(admitOne),
    admitAcknowledged: async (list, { peers }) => list.map(admitOne).map((result) => (
      result.kind === 'refused' ? { result } : { result, ack: { wanted: peers, acknowledgedBy: peers } }
    )),
    query: unplanned,
    queryMany: unplanned,
    subject: unplanned,
    dispute: unplanned,
    explain: unplanned,
    constraints: unplanned,
    preflight: unplanned,
    agents: unplanned,
    agent: unplanned,
    record: async (id) => records.get(id),
    votes: async (assertion, limit) => [...records.values()].map(({ record }) => record)
      .filter((record) => record?.kind === 'vote').filter((vote) => vote.assertion === assertion)
      .map((vote) => ({ ...vote, current: true })).slice(0, limit),
    state: async () => ({
      frontierRoot: hashOf(new Uint8Array(32)), records: records.size, blocks: 0, feeds: 0, heads: [],
      forks: 0,
      pendingBlocks: 0, wantedBlocks: 0, unsealed: 0, quarantined: 0, dirtyMarks: 0, trustGeneration: 0,
      trustLagMs: 0,
      alarms: [],
      tag: {
        tagVersion: 1, frontierRoot: hashOf(new Uint8Array(32)), records: records.size, schemaVersion: 1,
        viewVersion: 1, trustDigest: blake3Hash(), viewDigest: blake3Hash(), signed: '00'
      }
    }),
    peers: () => [],
    addresses: () => ['/ip4/127.0.0.1/tcp/1'],
    quarantine: async () => [],
    ready: () => ({ ready: true, walReplayed: true, storeOpen: true, firstSync: 'alone', index: 'counted' }),
    stats: () => ({ wal_size_bytes: 3, p2p_sync_sessions_total: 5 }),
    onEvent(listener, after) {
      for (const [sequence, event] of kept) {
        if (after !== undefined && sequence > after.sequence) listener(sequence, event)
      }
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async* blocks() {},
    admitBlock: async () => 'known',
    audit: async () => 0,
    dial: async () => undefined,
    settled: async () => undefined,
    ...overrides,
    emit(event) {
      kept.push([kept.length + 1, event])
      for (const listener of listeners) listener(kept.length, event)
    },
    get listeners() {
      return listeners.size
    }
  }
}
