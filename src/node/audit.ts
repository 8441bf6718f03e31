// Audits of a node: what of its index was lost or changed, found by sampled bodies and by comparison with a
// peer, and put back.
// Rule: damage is never silent. It is counted and logged when it is found, and after a repair the whole index
// is counted: what blocks cannot mend condemns it, and the next start rebuilds it from the ledger. An index
// that is whole again gets all its views anew.

import { hashOf, type Clock, type Hash, type Log, type PeerName, type Random } from '../base/index.js'
import {
  createAudit, createAuditServer, sampleBodies, type AuditResult, type Dag, type RepairOutcome
} from '../dag/index.js'
import type { AuditRun, AuditWire } from '../p2p/index.js'
import type { Store } from '../store/index.js'
import type { AuditReport } from './types.js'

/** Audits and what came of them. */
export interface NodeAudit {
  /** The asking side, after a sample of bodies. */
  open(wire: AuditWire): Promise<AuditRun>
  serve(wire: AuditWire): AuditRun
  counts(): AuditCounts
  /** The last audit that came to its end; none since the start yet. */
  readonly last: AuditReport | undefined
  /** Resolves when nothing runs that an audit asked for. */
  stop(): Promise<void>
}

/** Numbers of audits since the start. */
export interface AuditCounts {
  /** Audits that came to their end. */
  readonly audits: number
  /** Blocks found lost or damaged, and those of them put back. */
  readonly damaged: number
  readonly repaired: number
  /** Damaged blocks that no peer has given back yet. */
  readonly open: number
}

/** What audits work on. */
export interface NodeAuditDeps {
  readonly store: Store
  readonly dag: Dag
  readonly repair: (id: Hash, block: Uint8Array) => Promise<RepairOutcome>
  /** Counts the index against its digest; false when it is damaged. */
  readonly rescan: (signal: AbortSignal) => Promise<boolean>
  /** Computes all views anew: some may have been computed while rows were missing. */
  readonly recompute: (signal: AbortSignal) => Promise<void>
  /** Hears of each audit that found damage. */
  readonly onDamage: (report: AuditReport) => void
  readonly yieldNow: () => Promise<void>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Blocks whose bodies are hashed in one audit: about 15 MiB of full ones, and all of a small network. */
export const AUDIT_SAMPLE_BLOCKS = 256
/** Damaged blocks that are remembered. */
const openMax = 1_024

/** Nothing was audited yet. */
export function createNodeAudit(deps: NodeAuditDeps): NodeAudit {
  return new Auditor(deps)
}

class Auditor implements NodeAudit {
  readonly #deps: NodeAuditDeps
  readonly #stopping = new AbortController()
  /** Damaged blocks that are not mended. */
  readonly #open = new Set<Hash>()
  #after: Hash | undefined
  #audits = 0
  #damaged = 0
  #repaired = 0
  #last: AuditReport | undefined
  #counting: Promise<unknown> = Promise.resolve()

  constructor(deps: NodeAuditDeps) {
    this.#deps = deps
    this.#after = hashOf(deps.random.bytes(32))
  }

  get last(): AuditReport | undefined {
    return this.#last
  }

  async open({ peer, send }: AuditWire): Promise<AuditRun> {
    const { store, log } = this.#deps
    const pass = this.#pass()
    const damaged = await this.#sample()
    for (const id of damaged) this.#found(id)
    if (damaged.length > 0) log.error({ blocks: damaged.length }, 'rows of blocks are damaged: a peer is asked')
    const repair = (id: Hash, block: Uint8Array): Promise<RepairOutcome> => this.#repair(id, block)
    const audit = createAudit({ reader: store, send, repair, damaged: [...this.#open], ...pass })
    const done = audit.done.then((result) => this.#ended(peer, result))
    // Whoever runs it hears of its failure too.
    done.catch(() => undefined)
    return {
      done,
      start: () => audit.start(),
      receive: (frame) => audit.receive(frame),
      closed: () => audit.closed(),
      abort: () => audit.abort()
    }
  }

  serve({ send }: AuditWire): AuditRun {
    const { store, dag } = this.#deps
    return createAuditServer({ reader: store, dag, send, ...this.#pass() })
  }

  counts(): AuditCounts {
    return {
      audits: this.#audits, damaged: this.#damaged, repaired: this.#repaired, open: this.#open.size
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#counting
  }

  /** Samples go round: what is left of one at the end is taken from the beginning. */
  async #sample(): Promise<readonly Hash[]> {
    const { store } = this.#deps
    const first = await sampleBodies(store, this.#after, AUDIT_SAMPLE_BLOCKS, this.#pass())
    this.#after = first.next
    if (first.next !== undefined) return first.damaged
    const rest = AUDIT_SAMPLE_BLOCKS - first.blocks
    const second = await sampleBodies(store, undefined, rest, this.#pass())
    this.#after = second.next
    return [...new Set([...first.damaged, ...second.damaged])]
  }

  #pass(): { readonly pause: () => Promise<void>, readonly signal: AbortSignal } {
    return { pause: this.#deps.yieldNow, signal: this.#stopping.signal }
  }

  /** A full disk may hold a repair up for long: a stop does not wait for it. */
  #repair(id: Hash, block: Uint8Array): Promise<RepairOutcome> {
    const { signal } = this.#stopping
    const stopped = Promise.withResolvers<RepairOutcome>()
    const stop = (): void => stopped.resolve('unknown')
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const repaired = this.#deps.repair(id, block).finally(() => signal.removeEventListener('abort', stop))
    return Promise.race([stopped.promise, repaired])
  }

  #found(id: Hash): void {
    if (this.#open.size >= openMax || this.#open.has(id)) return
    this.#open.add(id)
    this.#damaged += 1
  }

  #ended(peer: PeerName, result: AuditResult): AuditResult {
    const { clock, log, onDamage } = this.#deps
    const { blocks, repaired, lost, rounds } = result
    this.#audits += 1
    this.#repaired += repaired.length
    // A block that was gone shows up by its repair alone.
    this.#damaged += repaired.filter((id) => !this.#open.has(id)).length
    this.#open.clear()
    for (const id of lost) this.#open.add(id)
    const [mended, open] = [repaired.length, lost.length]
    const report = { atMs: clock.nowMs(), peer, blocks, damaged: mended + open, repaired: mended, open }
    this.#last = report
    log.debug({ blocks, rounds }, 'audit done')
    if (report.damaged > 0) onDamage(report)
    if (open > 0) log.error({ blocks: open }, 'damaged blocks that the peer has not either')
    if (mended === 0) return result
    log.error({ blocks: mended }, 'blocks that the index had lost or held damaged were put back')
    this.#counting = this.#settle().catch((error: unknown) => {
      log.warn({ reason: String(error) }, 'views were not computed anew after a repair')
    })
    return result
  }

  async #settle(): Promise<void> {
    const { rescan, recompute } = this.#deps
    const { signal } = this.#stopping
    if (await rescan(signal) && !signal.aborted) await recompute(signal)
  }
}
