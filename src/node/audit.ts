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
  /** A block could not be read whole: the next audit asks for it. */
  suspect(id: Hash): void
  /** A lost block came by another way than an audit, and its rows are back. */
  putBack(id: Hash): void
  counts(): AuditCounts
  /** The last audit that came to its end; none since the start yet. */
  readonly last: AuditReport | undefined
  /** Rows were put back and the views that rested on what was there are not computed anew yet. */
  readonly mending: boolean
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
  readonly onDamage: (found: Pick<AuditReport, 'damaged' | 'repaired' | 'open'>) => void
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
  #mended = 0
  #last: AuditReport | undefined
  /** Blocks put back in the audit under way. */
  #put = 0
  /** Repairs whose views are still to be computed. */
  #settling = 0
  #counting: Promise<unknown> = Promise.resolve()

  constructor(deps: NodeAuditDeps) {
    this.#deps = deps
    this.#after = hashOf(deps.random.bytes(32))
  }

  get last(): AuditReport | undefined {
    return this.#last
  }

  get mending(): boolean {
    return this.#put + this.#settling > 0
  }

  async open({ peer, send }: AuditWire): Promise<AuditRun> {
    const { store, log } = this.#deps
    const pass = this.#pass()
    const damaged = await this.#sample()
    for (const id of damaged) this.#found(id)
    if (damaged.length > 0) log.error({ blocks: damaged.length }, 'rows of blocks are damaged')
    await this.#mendAlone()
    const asked = [...this.#open]
    const repair = (id: Hash, block: Uint8Array): Promise<RepairOutcome> => this.#repair(id, block)
    const audit = createAudit({ reader: store, send, repair, damaged: asked, ...pass })
    const alone = this.#put
    const ended = audit.done.then((result) => this.#ended(peer, result, asked, alone))
    const done = ended.finally(() => this.#closed())
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
      audits: this.#audits, damaged: this.#damaged, repaired: this.#mended, open: this.#open.size
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

  /**
   * Of a block whose header and records are here, the rows that only name it follow. No peer need have it: an
   * owner whose clock was set back leaves its block out.
   */
  async #mendAlone(): Promise<void> {
    for (const id of [...this.#open]) {
      const block = this.#deps.dag.readBlock(id)
      if (block !== undefined && !this.#stopping.signal.aborted) await this.#repair(id, block)
      await this.#deps.yieldNow()
    }
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
    return Promise.race([stopped.promise, repaired.then((outcome) => this.#repaired(id, outcome))])
  }

  #repaired(id: Hash, outcome: RepairOutcome): RepairOutcome {
    if (outcome !== 'repaired') return outcome
    this.#put += 1
    this.#mended += 1
    // A block that was gone shows up by its repair alone.
    if (!this.#open.delete(id)) this.#damaged += 1
    return outcome
  }

  suspect(id: Hash): void {
    if (this.#open.has(id) || this.#open.size >= openMax) return
    this.#deps.log.error({ block: id }, 'a block of the index is damaged: it is asked for in the next audit')
    this.#found(id)
  }

  putBack(id: Hash): void {
    this.#repaired(id, 'repaired')
    this.#closed()
  }

  #found(id: Hash): void {
    if (this.#open.size >= openMax || this.#open.has(id)) return
    this.#open.add(id)
    this.#damaged += 1
  }

  #ended(
    peer: PeerName, { blocks, repaired, lost, rounds }: AuditResult, asked: readonly Hash[], alone: number
  ): void {
    const { clock, log } = this.#deps
    this.#audits += 1
    // What is not lost has come, by this audit or by another way.
    for (const id of asked) if (!lost.includes(id)) this.#open.delete(id)
    const [mended, open] = [alone + repaired.length, lost.length]
    const damaged = mended + open
    this.#last = { atMs: clock.nowMs(), peer, blocks, damaged, repaired: mended, open }
    log.debug({ blocks, rounds }, 'audit done')
    if (open > 0) log.error({ blocks: open }, 'damaged blocks that the peer has not either')
  }

  /** After an audit, also one that broke off half-way. */
  #closed(): void {
    const { log, onDamage } = this.#deps
    const [repaired, open] = [this.#put, this.#open.size]
    this.#put = 0
    if (repaired + open > 0) onDamage({ damaged: repaired + open, repaired, open })
    if (repaired === 0) return
    log.error({ blocks: repaired }, 'blocks that the index had lost or held damaged were put back')
    this.#settling += 1
    this.#counting = this.#counting.then(() => this.#settle()).catch((error: unknown) => {
      log.warn({ reason: String(error) }, 'views were not computed anew after a repair')
    }).finally(() => (this.#settling -= 1))
  }

  async #settle(): Promise<void> {
    const { rescan, recompute } = this.#deps
    const { signal } = this.#stopping
    if (await rescan(signal) && !signal.aborted) await recompute(signal)
  }
}
