// The face of a node over its parts. While it is starting, reads answer only as far as their part is there.

import { createLensRegistry } from '../lenses/index.js'
import { agentPage, type AgentSource, explainAgent } from './agents.js'
import { createEventLog } from './events.js'
import { NodeError } from './errors.js'
import { createLifecycle } from './lifecycle.js'
import { LOCAL_BLOCKS } from './open-graph.js'
import { openParts, type Parts } from './parts.js'
import { admittedBlocks, findRecord, votesOn } from './reading.js'
import type { NodeParts, NodeSetup } from './setup.js'
import { createStateReporter } from './state.js'
import { reportPeers, reportReady, reportStats } from './reports.js'
import type { StemeNode } from './types.js'
import { viewsSettled } from './view-side.js'
import type { Verdict } from '../base/index.js'

/** Records that one call of `admit` takes. */
export const ADMIT_RECORDS_MAX = 1_000

/**
 * Builds a node, not started.
 * @param setup who it is, where its files lie, and its limits
 * @param ports clock, chance, disk, index and network
 * @throws LensError LENS_NAME for a lens of the setup with a malformed or taken name
 */
export function createNode(setup: NodeSetup, ports: NodeParts): StemeNode {
  const events = createEventLog(String(ports.clock.nowMs()))
  const reportState = createStateReporter(ports.clock)
  const life = createLifecycle((onStale) => openParts(setup, ports, events, onStale), ports.log)
  const open = (): Parts => life.use()
  const agentSource = (): AgentSource => ({ ...open(), seeds: setup.genesis.genesis.seeds })
  return {
    nodeKey: setup.signer.publicKey,
    networkId: setup.genesis.networkId,
    genesis: setup.genesis.genesis,
    eventRun: events.run,
    lenses: createLensRegistry(setup.lenses).names,
    start: () => life.start(),
    stop: () => life.stop(),
    admit: async (records) => open().ingest.admitRecords(checked(records)),
    admitAcknowledged: async (records, request) => open().acks.admit(checked(records), request),
    query: async (request) => open().query.get(request),
    queryMany: async (requests, signal) => open().query.getMany(requests, signal),
    subject: async (subject, lens, cursor, limit) => open().query.subject(subject, lens, cursor, limit),
    dispute: async (request) => open().query.dispute(request),
    explain: async (request) => open().query.explain(request),
    constraints: async (request) => open().query.constraints(request),
    preflight: async (request) => open().query.preflight(request),
    record: async (id) => findRecord(open(), id),
    settled: async () => {
      await open().ingest.flush()
      await viewsSettled(open())
    },
    votes: async (assertion, limit) => votesOn(open(), assertion, limit),
    state: async () => reportState(open()),
    agents: async (cursor, limit) => agentPage(agentSource(), cursor, limit),
    agent: async (agent) => explainAgent(agentSource(), agent),
    peers: () => (life.parts === undefined ? [] : reportPeers(life.parts)),
    addresses: () => life.parts?.network?.addresses() ?? [],
    quarantine: async (limit) => open().ingest.quarantined(limit),
    ready: () => reportReady(life.parts, life.running),
    stats: () => (life.parts === undefined ? {} : reportStats(life.parts)),
    onEvent: (listener, after) => events.subscribe(listener, after),
    blocks: () => admittedBlocks(open()),
    admitBlock: async (block) => outcome(await open().ingest.admitBlock(block, LOCAL_BLOCKS)),
    async audit() {
      const { network, replicator } = open()
      let ended = 0
      for (const { peer } of network?.peers() ?? []) {
        if (await replicator?.auditWith(peer) === true) ended += 1
      }
      return ended
    },
    async dial(address) {
      await open().network?.dial(address)
    }
  }
}

function checked(records: readonly Uint8Array[]): readonly Uint8Array[] {
  if (records.length <= ADMIT_RECORDS_MAX) return records
  throw new NodeError({ code: 'NODE_LIST_TOO_LONG', max: ADMIT_RECORDS_MAX }, 'too many records in one call')
}

function outcome(verdict: Verdict): Awaited<ReturnType<StemeNode['admitBlock']>> {
  if (verdict.kind === 'accept') return 'accepted'
  if (verdict.kind === 'reject') return { refused: verdict.why }
  if (verdict.why === 'known') return 'known'
  return verdict.why === 'gap' || verdict.why === 'sealed in the future' ? 'waiting' : { refused: verdict.why }
}
