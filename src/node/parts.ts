// The parts list: opens and wires the parts of a node in order, and closes them the other way round.
// Order: index, ledger, graph, replay, views, network. The simulator builds the same node from other ports.

import type { Hash } from '../base/index.js'
import { createHoldings, type AdmissionRules, type BlockHeader, type Dag, type Holdings } from '../dag/index.js'
import { createIngest, type AppliedStep, type FeedIdentity, type Ingest } from '../ingest/index.js'
import type { Materializer } from '../materializer/index.js'
import type { PeerNetwork, Replicator } from '../p2p/index.js'
import { createQuery, type Query } from '../query/index.js'
import { openStore, type Store } from '../store/index.js'
import { openWal, type Wal } from '../wal/index.js'
import { createAcks, type Acks } from './acks.js'
import { createNodeAudit, type NodeAudit } from './audit.js'
import { createDueBlocks } from './due-blocks.js'
import type { EventLog } from './events.js'
import { createIndexScan, type IndexScan } from './index-scan.js'
import { openGraph } from './open-graph.js'
import { openOwnFeed, type OwnFeed } from './own-feed.js'
import { createReplication } from './replication.js'
import type { NodeParts, NodeSetup } from './setup.js'
import { createStateTags, type StateTags } from './state-tag.js'
import { createTrustCauses } from './trust-cause.js'
import type { TrustKeeper } from './trust-keeper.js'
import {
  authorityOf, createViewSide, trustLagMs, trustSettled, viewsSettled, type ViewSide
} from './view-side.js'

/** The parts of a node that is starting or running. */
export interface Parts {
  readonly store: Store
  /** Whether the index may be believed. */
  readonly scan: IndexScan
  readonly wal: Wal
  readonly dag: Dag
  readonly rules: AdmissionRules
  readonly ownFeed: OwnFeed
  readonly tags: StateTags
  readonly holdings: Holdings
  readonly acks: Acks
  readonly audit: NodeAudit
  readonly ingest: Ingest
  readonly materializer: Materializer
  readonly query: Query
  readonly trust: TrustKeeper
  readonly network: PeerNetwork | undefined
  readonly replicator: Replicator | undefined
  /** Replays, computes, connects. */
  start(): Promise<void>
  /** Stops what was started and closes all; leaves a clean checkpoint when all went well. */
  stop(): Promise<void>
}

/**
 * Opens index, ledger and graph and builds the rest. Nothing runs yet.
 * @param onStale the clock was set back so far that the parts must be stopped and opened anew
 */
export async function openParts(
  setup: NodeSetup, ports: NodeParts, events: EventLog, onStale: () => void = () => undefined
): Promise<Parts> {
  const undo: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const store = await openIndex(setup, ports)
    const scan = createIndexScan(store, ports)
    undo.push(() => closeIndex(store, scan))
    const wal = await openLedger(setup, ports, store)
    undo.push(() => wal.close())
    // Only now: a ledger that does not open must not cost the index as well.
    if (store.needsRebuild) {
      ports.log.warn({ reason: store.rebuildReason }, 'the index is not whole: it is rebuilt from the ledger')
      await store.dropDerived()
    }
    const wires: Wires = {
      applied: () => undefined, sealed: () => undefined, seal: () => Promise.resolve(), halt: () => undefined,
      damaged: () => undefined, putBack: () => undefined
    }
    const dag = await openGraph(setup, ports, store, wal, (id) => wires.damaged(id))
    const { expectsPeers } = setup
    const ownFeed = await openOwnFeed(setup, ports, {
      wal, dag, expectsPeers, onAhead: onStale,
      seal: (identity) => wires.seal(identity), halt: () => wires.halt()
    })
    const holdings = createHoldings({ dag, self: setup.signer.publicKey })
    const core = { store, wal, dag, ownFeed, holdings, scan, wires, rules: admissionRules(setup) }
    return assemble(setup, ports, events, core, await ports.createNetwork?.(), close)
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

/** Records on their way into a block from which on views give way to writes. */
const BUSY_RECORDS = 16

interface Core extends Pick<Parts, 'store' | 'scan' | 'wal' | 'dag' | 'ownFeed' | 'holdings' | 'rules'> {
  readonly wires: Wires
}

function assemble(
  setup: NodeSetup,
  ports: NodeParts,
  events: EventLog,
  core: Core,
  network: PeerNetwork | undefined,
  close: () => Promise<void>
): Parts {
  const { ownFeed, scan, wires } = core
  const ingest = createWriteSide(setup, ports, core)
  wires.seal = (identity) => ingest.seal(identity)
  wires.halt = () => ingest.halt()
  const { trust, materializer } = createViewSide(setup, ports, {
    ...core, isBusy: () => ingest.counts().unsealed >= BUSY_RECORDS, onFailed: (error) => scan.suspect(error)
  })
  const query = createReadSide(setup, ports, core, trust, ingest, materializer)
  const audit = createNodeAudit({
    ...core, ...ports,
    repair: (id, block) => ingest.repairBlock(id, block), rescan: (signal) => scan.rescan(signal),
    recompute: (signal) => recompute({ materializer, trust }, signal),
    onDamage: (found) => events.emit({ kind: 'damage', ...found })
  })
  wires.damaged = (id) => audit.suspect(id)
  wires.putBack = (id) => audit.putBack(id)
  const tags = createTags(setup, ports, events, core, trust, { ingest, materializer, audit })
  const replicator = network === undefined
    ? undefined : createReplication(ports, { ...core, tags, audit }, ingest, network)
  const due = replicator === undefined
    ? undefined : createDueBlocks({ ...core, ...ports, ask: (peers) => replicator.ask(peers) })
  const acks = createAcks({ ...core, clock: ports.clock, admit: (records) => ingest.admitRecords(records) })
  connect(core, events, { materializer, trust, acks, replicator, network })
  return {
    ...core, tags, acks, audit, ingest, materializer, query, trust, network, replicator,
    async start() {
      await ingest.start()
      await materializer.start()
      trust.start()
      scan.start()
      replicator?.start()
      due?.start()
      await network?.start()
      tags.start()
      // Not awaited: an old feed waits up to five seconds for a peer's word, and the node answers meanwhile.
      if (setup.seals !== false) void ownFeed.begin()
    },
    async stop() {
      due?.stop()
      acks.stop()
      await ownFeed.stop()
      await tags.stop()
      await audit.stop()
      await replicator?.stop()
      await network?.stop()
      await ingest.stop()
      await materializer.stop()
      await trust.stop()
      await scan.stop()
      await close()
    }
  }
}

function createTags(
  setup: NodeSetup, ports: NodeParts, events: EventLog, core: Core, trust: TrustKeeper,
  { ingest, materializer, audit }: Pick<Parts, 'ingest' | 'materializer' | 'audit'>
): StateTags {
  const { clock, log } = ports
  return createStateTags({
    ...core, clock, log, networkId: core.rules.networkId, signer: setup.signer,
    trustDigest: () => trust.snapshot().digest,
    quiet: () =>
      trust.quiet && materializer.lag().marks === 0 && ingest.counts().behind === 0 && !audit.mending,
    rescan: (signal) => core.scan.rescan(signal),
    recompute: (signal) => recompute({ materializer, trust }, signal),
    onTag: ({ frontierRoot, viewDigest }) => events.emit({ kind: 'state', frontierRoot, viewDigest }),
    onAlarm: ({ ours, theirs }) => {
      events.emit({ kind: 'alarm', peerKey: theirs.nodeKey, frontierRoot: ours.frontierRoot })
    }
  })
}

function createWriteSide(setup: NodeSetup, ports: NodeParts, core: Core): Ingest {
  const { clock, log } = ports
  const { scan, wires } = core
  return createIngest(setup.ingest, {
    ...core, clock, log, disk: ports.disk, directory: setup.dataDirectory, self: setup.signer.publicKey,
    ...(ports.verify === undefined ? {} : { verify: ports.verify }),
    onApplied: (step) => wires.applied(step),
    onWithheld: (header) => core.ownFeed.strayed(header),
    onVerified: (header) => core.ownFeed.strayed(header),
    onPutBack: (id) => wires.putBack(id),
    onClockBehind: () => core.ownFeed.retire('the clock stands before its last block'),
    onSealed: (block, header) => wires.sealed(block, header),
    mayCheckpoint: () => !scan.damaged,
    onFailed: (error) => {
      log.error({ error: String(error) }, 'the index no longer follows the ledger')
      void scan.suspect(error)
    }
  })
}

function createReadSide(
  setup: NodeSetup, ports: NodeParts, { store }: Core, trust: TrustKeeper, ingest: Ingest,
  materializer: Materializer
): Query {
  return createQuery({}, {
    store, clock: ports.clock, yieldNow: ports.yieldNow, authority: authorityOf(setup),
    trust: () => trust.snapshot(),
    epochs: (asOfMs) => materializer.epochs(asOfMs),
    lagMs: () => materializer.lag().oldestMs, lenses: setup.lenses ?? [],
    trustLagMs: () => trustLagMs({ materializer, trust }),
    settled: async (subject, predicate, signal) => {
      await unlessAborted(ingest.flush(), signal)
      await materializer.settled(subject, predicate, signal)
    },
    trustSettled: async (signal) => {
      await unlessAborted(ingest.flush(), signal)
      await trustSettled({ materializer, trust }, signal)
    }
  })
}

/** Calls between parts that are built before their listeners. */
interface Wires {
  applied: (step: AppliedStep) => void
  sealed: (block: Uint8Array, header: BlockHeader) => void
  seal: (identity: FeedIdentity) => Promise<void>
  halt: () => void
  damaged: (id: Hash) => void
  putBack: (id: Hash) => void
}

type Connected = Pick<Parts, 'materializer' | 'trust' | 'acks' | 'replicator' | 'network'>

function connect(
  { wires, dag, holdings }: Core,
  events: EventLog,
  { materializer, trust, acks, replicator, network }: Connected
): void {
  const causeOf = createTrustCauses(trust)
  wires.applied = (step) => {
    for (const { id, kind } of step.records) events.emit({ kind: 'record', id, recordKind: kind })
    acks.applied(step.records.map(({ id }) => id))
    for (const id of step.blocks) {
      const header = dag.header(id)
      if (header !== undefined) replicator?.admitted(header)
    }
    if (step.dirty) materializer.wake(step.keys)
  }
  wires.sealed = (block, header) => {
    holdings.sealed(header)
    void replicator?.publish(block)
  }
  materializer.onChange((change) => {
    const { subject, predicate, lens, before, after, cause, records, trust: step } = change
    events.emit({
      kind: 'winner', subject, predicate, lens, cause,
      ...(before === undefined ? {} : { before: before.claim.id }),
      ...(after === undefined ? {} : { after: after.claim.id }),
      ...(records === undefined ? {} : { records }),
      ...(step === undefined ? {} : { trust: causeOf(predicate, step) })
    })
  })
  network?.onPeer(({ kind, peer }) => {
    if (kind !== 'renewed') events.emit({ kind: 'peer', peer, state: kind })
  })
}

function openIndex(setup: NodeSetup, ports: NodeParts): Promise<Store> {
  const { networkId } = setup.genesis
  return openStore(
    { networkId, markerPath: setup.markerPath },
    { level: ports.level, disk: ports.disk, log: ports.log }
  )
}

/** An index that nobody has counted stays unclean: the next start goes on from here and scans it again. */
async function closeIndex(store: Store, scan: IndexScan): Promise<void> {
  const { vouched, damaged } = scan
  if (!vouched && !damaged && !store.needsRebuild) await store.writeCheckpoint().catch(() => undefined)
  await store.close({ clean: vouched })
}

async function openLedger(setup: NodeSetup, ports: NodeParts, store: Store): Promise<Wal> {
  const { disk, random, log } = ports
  const { networkId } = setup.genesis
  const { provenSequence } = store
  const wal = await openWal(
    { directory: setup.walDirectory, networkId, provenSequence, ...setup.wal },
    { disk, random, log }
  )
  store.setIdentity({ device: wal.identity.device, inode: wal.identity.inode })
  return wal
}

function admissionRules(setup: NodeSetup): AdmissionRules {
  const { genesis, networkId } = setup.genesis
  const { admission, governors, feedWorkBits } = genesis
  return { networkId, admission, governors: new Set(governors), feedWorkBits }
}

/** Computes all views anew and waits for them, as long as the signal does not abort. */
async function recompute(parts: ViewSide, signal: AbortSignal): Promise<void> {
  await unlessAborted(parts.materializer.sweep(), signal)
  await unlessAborted(viewsSettled(parts), signal)
}

/** The promise, or nothing once the signal aborts. */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  // Nobody may be left to hear of its failure.
  work.catch(() => undefined)
  if (signal.aborted) return Promise.resolve()
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  return Promise.race([work, aborted])
}
