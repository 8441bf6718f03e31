// Acknowledgements: waits until a record is durable at so many other nodes.
// Rule: a node counts when it said that it holds a block with the record (HAVE, STATUS), when its frontier
// was ours, or when it sealed such a block itself. Its word is all there is: a liar can only claim too much
// for one node key. Records waited for are bounded; past that nothing is admitted either.

import { wait, type Clock, type Hash, type PublicKey } from '../base/index.js'
import type { BlockHeader, Dag, Holdings } from '../dag/index.js'
import type { AdmitResult } from '../ingest/index.js'
import { parseHolder, ranges, type Store } from '../store/index.js'
import { NodeError } from './errors.js'
import type { AcknowledgedResult, AckRequest } from './types.js'

/** Waits for acknowledgements. */
export interface Acks {
  /**
   * Admits records and waits for their acknowledgements, all at once.
   * @throws NodeError NODE_ACK_BUSY before anything is admitted
   */
  admit(records: readonly Uint8Array[], request: AckRequest): Promise<readonly AcknowledgedResult[]>
  /** Records that came into the index. */
  applied(ids: readonly Hash[]): void
  /** Records waited for. */
  readonly waiting: number
  /** Lets all go that wait. */
  stop(): void
}

/** What acknowledgements are counted from. */
export interface AckDeps {
  readonly store: Pick<Store, 'rangeAll'>
  readonly dag: Pick<Dag, 'header'>
  readonly holdings: Holdings
  readonly clock: Clock
  admit(records: readonly Uint8Array[]): Promise<readonly AdmitResult[]>
}

/** Records waited for at once: 16 full batches. */
export const ACK_RECORDS_MAX = 16_384
/** Blocks with one record that are looked at. */
const blocksMax = 4

interface Waiter {
  readonly record: Hash
  readonly peers: number
  readonly blocks: Entry[]
  readonly done: PromiseWithResolvers<void>
}

/** A block with records that are waited for. */
interface Entry {
  readonly header: BlockHeader
  readonly holders: Set<PublicKey>
  readonly waiters: Set<Waiter>
}

/** Nobody waits. */
export function createAcks(deps: AckDeps): Acks {
  return new Waiting(deps)
}

class Waiting implements Acks {
  waiting = 0
  readonly #deps: AckDeps
  readonly #calls = new Set<AbortController>()
  #stopped = false
  /** Records that no block here holds yet. */
  readonly #unsealed = new Map<Hash, Set<Waiter>>()
  readonly #blocks = new Map<Hash, Entry>()

  constructor(deps: AckDeps) {
    this.#deps = deps
    deps.holdings.onChange((node) => this.#heard(node))
  }

  async admit(records: readonly Uint8Array[], request: AckRequest): Promise<readonly AcknowledgedResult[]> {
    const count = records.length
    if (this.waiting + count > ACK_RECORDS_MAX) {
      const detail = { code: 'NODE_ACK_BUSY', max: ACK_RECORDS_MAX } as const
      throw new NodeError(detail, 'too many records wait for acknowledgements')
    }
    this.waiting += count
    try {
      return await this.#acknowledge(await this.#deps.admit(records), request)
    } finally {
      this.waiting -= count
    }
  }

  applied(ids: readonly Hash[]): void {
    if (this.#unsealed.size === 0) return
    for (const id of ids) for (const waiter of this.#unsealed.get(id) ?? []) void this.#attach(waiter)
  }

  stop(): void {
    this.#stopped = true
    for (const call of this.#calls) call.abort()
  }

  async #acknowledge(
    results: readonly AdmitResult[], { peers, timeoutMs }: AckRequest
  ): Promise<readonly AcknowledgedResult[]> {
    const waiters = results.map((result) => {
      const here = result.kind === 'admitted' || result.kind === 'known'
      return here ? this.#open(result.id, peers) : undefined
    })
    const open = waiters.filter((waiter) => waiter !== undefined)
    // Aborted when all are acknowledged, and when the node stops.
    const call = new AbortController()
    if (this.#stopped) call.abort()
    this.#calls.add(call)
    void Promise.all(open.map(({ done }) => done.promise)).then(() => call.abort())
    await wait(this.#deps.clock, timeoutMs, call.signal)
    this.#calls.delete(call)
    for (const waiter of open) this.#close(waiter)
    return results.map((result, i) => this.#outcome(result, peers, waiters[i]))
  }

  #outcome(result: AdmitResult, wanted: number, waiter: Waiter | undefined): AcknowledgedResult {
    const acknowledgedBy = waiter === undefined ? 0 : reached(waiter)
    if (result.kind === 'refused') return { result }
    if (acknowledgedBy >= wanted) return { result, ack: { wanted, acknowledgedBy } }
    const code = result.kind === 'quarantined'
      ? 'ACK_QUARANTINED' : this.#stopped ? 'ACK_STOPPED' : 'ACK_TIMEOUT'
    return { result, ack: { wanted, acknowledgedBy, code } }
  }

  #open(record: Hash, peers: number): Waiter {
    const waiter: Waiter = { record, peers, blocks: [], done: Promise.withResolvers() }
    const others = this.#unsealed.get(record) ?? new Set()
    this.#unsealed.set(record, others.add(waiter))
    void this.#attach(waiter)
    return waiter
  }

  /** Finds the blocks that hold the record; while there are none, `applied` comes back to it. */
  async #attach(waiter: Waiter): Promise<void> {
    const { store, dag, holdings } = this.#deps
    const range = { keysOnly: true, limit: blocksMax, ...ranges.holders(waiter.record) }
    const rows = await store.rangeAll(range).catch(() => [])
    // Another call was faster, or the wait is over.
    if (this.#unsealed.get(waiter.record)?.has(waiter) !== true) return
    for (const [key] of rows) {
      const header = dag.header(parseHolder(key).block)
      if (header === undefined) continue
      const entry = this.#blocks.get(header.id) ??
        { header, holders: new Set(holdings.holders(header)), waiters: new Set() }
      this.#blocks.set(header.id, entry)
      entry.waiters.add(waiter)
      waiter.blocks.push(entry)
    }
    if (waiter.blocks.length === 0) return
    this.#forgetUnsealed(waiter)
    settle(waiter)
  }

  #heard(node: PublicKey): void {
    for (const entry of this.#blocks.values()) {
      if (entry.holders.has(node) || !this.#deps.holdings.holds(node, entry.header)) continue
      entry.holders.add(node)
      for (const waiter of entry.waiters) settle(waiter)
    }
  }

  #close(waiter: Waiter): void {
    this.#forgetUnsealed(waiter)
    for (const entry of waiter.blocks) {
      entry.waiters.delete(waiter)
      if (entry.waiters.size === 0) this.#blocks.delete(entry.header.id)
    }
  }

  #forgetUnsealed(waiter: Waiter): void {
    const waiters = this.#unsealed.get(waiter.record)
    waiters?.delete(waiter)
    if (waiters?.size === 0) this.#unsealed.delete(waiter.record)
  }
}

function settle(waiter: Waiter): void {
  if (reached(waiter) >= waiter.peers) waiter.done.resolve()
}

/** Distinct nodes that hold a block with the record. */
function reached({ blocks }: Waiter): number {
  const [only] = blocks
  if (only === undefined) return 0
  return blocks.length === 1 ? only.holders.size : new Set(blocks.flatMap(({ holders }) => [...holders])).size
}
