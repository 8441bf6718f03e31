// The inspector: checks invariants while a run goes on, and waits for convergence at its end.

import type { Hash } from '../../src/base/index.js'
import { DAG_DEFAULTS, type AdmissionRules, type DagOptions } from '../../src/dag/index.js'
import type { Parts } from '../../src/node/parts.js'
import { NETWORK_LIMITS, REPLICATION_LIMITS, type OpenedGenesis } from '../../src/p2p/index.js'
import {
  checkMemory, checkOwnFeeds, checkRows, holdsRecord, quarantinedIds, type Graph, type Report
} from './checks.js'
import { keys } from '../../src/store/index.js'
import type { FeedWatch } from './feed-watch.js'
import { rebuildElsewhere } from './model.js'
import type { Machine, MachineDeps } from './machine.js'
import type { CountingVerifier } from './memo.js'
import type { SimHub } from './network.js'
import type { SimOptions } from './options.js'
import { START_MS } from './machine.js'
import type { Workload } from './workload.js'
import type { World } from './world.js'

/** Who checks. */
export interface Inspector {
  /** A node has started: what it acknowledged in earlier lives must be there. */
  checkStarted(machine: Machine): Promise<void>
  /** Cheap checks of a running node. */
  checkRunning(machine: Machine): void
  /** Everything that must hold at any moment. */
  checkAll(when: string): Promise<void>
  /** Runs until all nodes are equal, at the latest until a time. */
  converge(untilMs: number): Promise<void>
  /** What must hold of equal nodes. */
  finish(): Promise<void>
  /** Records that all nodes hold at the end. */
  readonly records: number
}

/** What the inspector looks at. */
export interface InspectorDeps {
  readonly world: World
  readonly machines: readonly Machine[]
  readonly workload: Workload
  readonly genesis: OpenedGenesis
  readonly verifier: CountingVerifier
  readonly options: SimOptions
  readonly hub: SimHub
  readonly feeds: FeedWatch
  readonly onLog: MachineDeps['onLog']
}

const WATCH_MS = 500
/** What a peer may open, and as many that are opened here or linger. */
const LINK_STREAMS_MAX = 2 * NETWORK_LIMITS.inboundStreamsMax
const SESSIONS_MAX = REPLICATION_LIMITS.sessionsMax + REPLICATION_LIMITS.servedMax
/** A batch of a slow index, and one before it, are written by then. */
const MOVING_MS = 2_000

/** An inspector of a run. */
export function createInspector(deps: InspectorDeps): Inspector {
  return new Watchman(deps)
}

class Watchman implements Inspector {
  records = 0
  readonly #deps: InspectorDeps
  readonly #rules: AdmissionRules
  readonly #limits: Required<DagOptions>
  /** Blocks and records whose signature was seen to be good. */
  readonly #checked = new Set<Hash>()
  readonly #auditing = new Set<Machine>()

  constructor(deps: InspectorDeps) {
    this.#deps = deps
    const { genesis, networkId } = deps.genesis
    const { admission, governors, feedWorkBits } = genesis
    this.#limits = { ...DAG_DEFAULTS, ...deps.options.dag }
    this.#rules = { networkId, admission, governors: new Set(governors), feedWorkBits }
  }

  async checkStarted(machine: Machine): Promise<void> {
    if (machine.level.rotten) return
    await this.#guard(machine, 'after its start', async () => {
      await this.#checkAcknowledged(machine)
      await this.#checkTimes(machine, await this.#checkNode(machine, 'after its start'), 'after its start')
    })
  }

  checkRunning(machine: Machine): void {
    const { world } = this.#deps
    const parts = machine.life?.parts
    if (parts === undefined) return
    const { pendingBytes, deferred, wanted } = parts.dag.counts()
    const { frames } = parts.wal.queued()
    const { totalBytesMax, deferredHeadersMax, wantedMax } = this.#limits
    const bounded = pendingBytes <= totalBytesMax && deferred <= deferredHeadersMax && wanted <= wantedMax &&
      frames <= 65_536
    if (!bounded) world.fail('limits hold', `machine ${machine.index}: ${JSON.stringify(parts.dag.counts())}`)
    const streams = machine.life?.endpoint?.openStreams ?? 0
    const links = machine.life?.endpoint?.peers().length ?? 0
    if (streams > Math.max(64, LINK_STREAMS_MAX * links)) world.fail('limits hold', `machine ${machine.index}: ${streams} open streams`)
    const sessions = parts.replicator?.stats().sessionsRunning ?? 0
    if (sessions > SESSIONS_MAX) world.fail('limits hold', `machine ${machine.index}: ${sessions} sessions`)
    this.#deps.feeds.look(machine)
    this.#checkRest(machine, parts)
    this.#checkEarly(machine, parts)
  }

  async checkAll(when: string): Promise<void> {
    await this.#checkEach(when)
  }

  /** @returns what each node that could be checked holds */
  async #checkEach(when: string): Promise<ReadonlyMap<Machine, Graph>> {
    const graphs = new Map<Machine, Graph>()
    for (const machine of this.#deps.machines) {
      if (machine.life?.started !== true || machine.level.rotten) continue
      await this.#guard(machine, when, async () => {
        const graph = await this.#checkNode(machine, when)
        graphs.set(machine, graph)
        await this.#checkTimes(machine, graph, when)
      })
    }
    this.#checkFeeds([...graphs.values()])
    return graphs
  }

  async converge(untilMs: number): Promise<void> {
    const { world, machines } = this.#deps
    let equal = false
    const watch = (): void => {
      equal = this.#looksEqual()
      if (equal) for (const machine of machines) this.#audit(machine)
      world.plan(WATCH_MS, 'watch', undefined, watch)
    }
    world.plan(WATCH_MS, 'watch', undefined, watch)
    while (world.violation === undefined && world.nowMs < untilMs) {
      equal = false
      await world.run(untilMs, () => equal)
      if (equal && await this.#allMended() && await this.#tagsEqual()) return
    }
    if (world.violation !== undefined) return
    world.fail('all tags are equal after healing', machines.map((machine) => this.#stateOf(machine)).join('; '))
  }

  async finish(): Promise<void> {
    const { world, machines, workload } = this.#deps
    if (world.violation !== undefined) return
    const graphs = await this.#checkEach('at the end')
    for (const machine of machines) {
      const parts = machine.life?.parts
      const graph = graphs.get(machine)
      if (parts === undefined || graph === undefined) continue
      const report = this.#report(machine, 'at the end')
      world.count('trust snapshots published', parts.trust.stats().publicationsTotal)
      await checkMemory(parts, graph, report)
      this.records = graph.records.size
      const quarantined = await quarantinedIds(parts.store)
      for (const { id, releaseMs, machine: index } of workload.acknowledged.values()) {
        const where = holdsRecord(parts, quarantined, id)
        const due = releaseMs <= START_MS + world.nowMs
        if (where === 'admitted' || (!due && (index !== machine.index || where !== undefined))) continue
        report('acknowledged writes reach all', `${id} of machine ${index} is ${where ?? 'unknown'}`)
      }
    }
    if (world.violation === undefined) await this.#checkViews()
  }

  /** The same blocks in another order, at a node that never saw a fault, must give the same answers. */
  async #checkViews(): Promise<void> {
    const { machines, world } = this.#deps
    const parts = machines[0]?.life?.parts
    if (parts === undefined) return
    const a = await parts.tags.make()
    const b = await rebuildElsewhere(parts, this.#deps)
    if (world.violation !== undefined) return
    if (a === undefined || b === undefined) return world.fail('view = recomputed', 'a tag is missing')
    for (const field of ['frontierRoot', 'recordCount', 'trustDigest', 'viewDigest'] as const) {
      if (a[field] !== b[field]) world.fail('view = recomputed', `${field}: ${a[field]}, a new node has ${b[field]}`)
    }
  }

  #looksEqual(): boolean {
    const roots = new Set<Hash>()
    for (const { level, life } of this.#deps.machines) {
      const parts = life?.parts
      // While equal nodes are looked at, nothing moves: what waits for a batch would wait for ever.
      if (life?.started !== true || parts === undefined || level.busy) return false
      const { unsealed, behind } = parts.ingest.counts()
      if (unsealed > 0 || behind > 0 || parts.materializer.lag().marks > 0 || !parts.trust.quiet) return false
      roots.add(parts.dag.frontier().root)
    }
    const mending = this.#deps.machines.some(({ life }) => life?.parts?.audit.mending === true)
    return roots.size === 1 && !mending && this.#dueReleased()
  }

  /** Records of the quarantine whose time has come are out of it. */
  #dueReleased(): boolean {
    const { world, workload } = this.#deps
    for (const { releaseMs } of workload.acknowledged.values()) {
      const left = releaseMs - (START_MS + world.nowMs)
      if (left > -5_000 && left < 300_000) return false
    }
    return true
  }

  /** What rotted is audited, by the operator's hand: of itself that comes within the hour. */
  #audit(machine: Machine): void {
    const { life, level } = machine
    const names = new Set(this.#deps.machines.map(({ name }) => name))
    const link = life?.endpoint?.peers().find(({ peer }) => names.has(peer))
    if (!level.rotten || link === undefined || this.#auditing.has(machine)) return
    this.#auditing.add(machine)
    void life?.parts?.replicator?.auditWith(link.peer).then((done) => {
      if (done) this.#deps.world.count('audits of rotten rows')
    }).finally(() => this.#auditing.delete(machine))
  }

  /** Looks whether what rotted is whole again, to the last row and count. */
  async #allMended(): Promise<boolean> {
    const { machines, world } = this.#deps
    for (const machine of machines) {
      const { life, level } = machine
      if (!level.rotten || life?.parts === undefined) continue
      const broken: string[] = []
      const { equal } = await life.parts.store.verifyDigest()
      if (!equal) return false
      const note: Report = (invariant) => void broken.push(invariant)
      await this.#checkNode(machine, 'after rot', note).catch(() => broken.push('it cannot be read'))
      if (broken.length > 0) return false
      level.rotten = false
      world.count('rotten rows mended')
    }
    return true
  }

  async #tagsEqual(): Promise<boolean> {
    const { world } = this.#deps
    const tags = new Set<string>()
    for (const { life } of this.#deps.machines) {
      if (life?.parts === undefined) return false
      // The wall clock may have been set forward: what is due is looked for once a minute.
      for (const releaseMs of (await quarantinedIds(life.parts.store)).values()) {
        if (releaseMs <= START_MS + world.nowMs) return false
      }
      const tag = await life.parts.tags.make()
      if (tag === undefined) return false
      tags.add([tag.frontierRoot, tag.recordCount, tag.trustDigest, tag.viewDigest].join(' '))
    }
    if (tags.size > 1) world.fail('all tags are equal after healing', `one frontier, but ${[...tags].join(' and ')}`)
    return tags.size === 1
  }

  async #checkNode(machine: Machine, when: string, report?: Report): Promise<Graph> {
    const parts = machine.life?.parts
    if (parts === undefined) throw new Error('no node runs')
    const snapshot = parts.store.snapshot()
    try {
      return await checkRows(
        snapshot, this.#rules, this.#deps.verifier.verify, this.#checked,
        report ?? this.#report(machine, when)
      )
    } finally {
      await snapshot.close()
    }
  }

  async #checkAcknowledged(machine: Machine): Promise<void> {
    const parts = machine.life?.parts
    if (parts === undefined) return
    const { index, replaced } = machine
    const written = [...this.#deps.workload.acknowledged.values()]
    let gone = written.filter((one) => one.machine === index && one.disk === replaced).map(({ id }) => id)
    // Twice: what goes back into the quarantine is nowhere until its row is written.
    for (const pauseMs of [0, MOVING_MS]) {
      if (pauseMs > 0) await this.#deps.world.sleep(pauseMs, 'check', machine.life)
      const quarantined = await quarantinedIds(parts.store)
      gone = gone.filter((id) => holdsRecord(parts, quarantined, id) === undefined)
      if (gone.length === 0 || machine.life?.started !== true || machine.life.parts !== parts) return
    }
    for (const id of gone) {
      this.#report(machine, 'after its start')('acknowledged writes survive their node', `${id} is gone`)
    }
  }

  /** Where no clock was ever wrong, nothing from the future is admitted. */
  async #checkTimes(machine: Machine, { headers }: Graph, when: string): Promise<void> {
    const { machines, world } = this.#deps
    const parts = machine.life?.parts
    if (parts === undefined || machines.some(({ clockTouched }) => clockTouched)) return
    const nowMs = START_MS + world.nowMs
    const report = this.#report(machine, when)
    for (const { id, sealedAtMs } of headers.values()) {
      if (sealedAtMs > nowMs + 300_000) report('the future waits', `block ${id} is admitted`)
    }
  }

  /** Where no clock was ever wrong, no record is admitted before its time. */
  #checkEarly({ index }: Machine, { store }: Parts): void {
    const { machines, workload, world } = this.#deps
    if (machines.some(({ clockTouched }) => clockTouched)) return
    for (const { id, releaseMs } of workload.waiting()) {
      if (store.get(keys.record(id)) === undefined) continue
      const earlyMs = releaseMs - START_MS - world.nowMs
      world.fail('the future waits', `machine ${index}: record ${id} is admitted ${earlyMs} ms early`)
    }
  }

  /** A node gives no tag of a state that is still being computed. */
  #checkRest({ index }: Machine, { audit, ingest, materializer, tags }: Parts): void {
    const { marks } = materializer.lag()
    const { behind } = ingest.counts()
    if (marks === 0 && behind === 0 && !audit.mending) return
    if (tags.current() === undefined) return
    this.#deps.world.fail('tags are of states at rest', `machine ${index}: ${marks} marks, ${behind} frames are left`)
  }

  #checkFeeds(graphs: readonly Graph[]): void {
    const { machines, world } = this.#deps
    const honest = new Set(machines.map(({ signer }) => signer.publicKey))
    checkOwnFeeds(graphs, honest, (invariant, message) => world.fail(invariant, message))
  }

  #report(machine: Machine, when: string): Report {
    return (invariant, message) => this.#deps.world.fail(invariant, `machine ${machine.index} ${when}: ${message}`)
  }

  async #guard(machine: Machine, when: string, check: () => Promise<void>): Promise<void> {
    try {
      await check()
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error)
      this.#deps.world.fail('the index can be read', `machine ${machine.index} ${when}: ${text}`)
    }
  }

  #stateOf({ index, life }: Machine): string {
    const parts = life?.parts
    if (parts === undefined || life?.started !== true) return `machine ${index} is down`
    const { blocks, tips, pendingBlocks, deferred, wanted } = parts.dag.counts()
    const { unsealed, quarantined, behind } = parts.ingest.counts()
    const state = {
      root: parts.dag.frontier().root.slice(0, 8), records: parts.store.totals.recordCount, blocks, tips,
      pendingBlocks, deferred, wanted, unsealed, quarantined, behind, marks: parts.materializer.lag().marks,
      links: life.endpoint?.peers().length
    }
    return `machine ${index} ${JSON.stringify(state)}`
  }
}
