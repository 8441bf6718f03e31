// What can be saved of a damaged ledger, as a new one: whole blocks in an order that admits them, then every
// record that is in none of them.
// Rule: no valid record is lost. A block goes in as it was sealed, after the one before it; one whose
// predecessor is gone cannot, so its records go in alone and are sealed anew. Peers bring such blocks back.

import type { Hash } from '../base/index.js'
import { decodeBlock, decodeHeader, encodeBlock, type Block, type BlockHeader } from '../dag/index.js'
import { decodeOwnBlock, FRAME } from '../ingest/index.js'
import type { Frame, Salvage, Wal } from '../wal/index.js'

/** What a salvage took over. */
export interface SalvageCounts {
  readonly blocks: number
  /** Of these, blocks that only the index had. */
  readonly blocksOfIndex: number
  /** Blocks that are gone, or whose predecessor is. */
  readonly blocksLost: number
  /** Records that go in without their block. */
  readonly records: number
}

/** The index as a second source of blocks, if it can be read. */
export interface BlockSource {
  /** Bytes of a block as it travels; undefined when it is not there whole. */
  read(id: Hash): Promise<Uint8Array | undefined>
  /** Every block, in any order. */
  ids(): AsyncIterable<Hash>
}

/** Where a salvage reads and writes. */
export interface SalvageDeps {
  readonly from: Pick<Salvage, 'sequences' | 'read' | 'frames'>
  readonly index: BlockSource | undefined
  readonly to: Pick<Wal, 'append'>
  /** Called often; throws to stop. */
  readonly progress: (done: number, total: number) => void
}

const openAppendsMax = 256

/** Writes what is left of one ledger into another, empty one. */
export function salvageLedger(deps: SalvageDeps): Promise<SalvageCounts> {
  return new LedgerSalvage(deps).run()
}

class LedgerSalvage {
  readonly #deps: SalvageDeps
  readonly #kept = new Set<Hash>()
  /** Frames of records that a kept block holds. */
  readonly #held = new Set<number>()
  /** Frames of records, and of blocks that could not go in. */
  readonly #records: number[] = []
  readonly #orphans: number[] = []
  readonly #lost = new Set<Hash>()
  #appends: Promise<number>[] = []
  #ofIndex = 0
  #loose = 0

  constructor(deps: SalvageDeps) {
    this.#deps = deps
  }

  async run(): Promise<SalvageCounts> {
    const { from, index, progress } = this.#deps
    let done = 0
    for (const sequence of from.sequences()) {
      progress(done += 1, from.frames)
      const frame = await from.read(sequence)
      if (frame !== undefined) await this.#take(frame)
    }
    if (index !== undefined) for await (const id of index.ids()) await this.#fromIndex(id)
    for (const id of this.#kept) this.#lost.delete(id)
    await this.#looseRecords()
    await this.#settle()
    const { size: blocks } = this.#kept
    return { blocks, blocksOfIndex: this.#ofIndex, blocksLost: this.#lost.size, records: this.#loose }
  }

  async #take(frame: Frame): Promise<void> {
    const { sequence, payload } = frame
    switch (frame.type) {
      case FRAME.record:
        this.#records.push(sequence)
        return
      case FRAME.foreignBlock: {
        const decoded = decodeBlock(payload)
        if (decoded.kind === 'ok' && !await this.#keep(decoded.block, payload)) this.#orphans.push(sequence)
        return
      }
      case FRAME.ownBlock:
        await this.#takeOwn(payload)
        return
      // A frame of a later version: what it says cannot be carried over.
      default:
    }
  }

  /** An own block names its records by their frames: it can be put together if all of them are left. */
  async #takeOwn(payload: Uint8Array): Promise<void> {
    const own = decodeOwnBlock(payload)
    const decoded = own === undefined ? undefined : decodeHeader(own.header)
    if (own === undefined || decoded?.kind !== 'ok') return
    const { header } = decoded
    const bytes = await this.#ownBytes(header, own.sequences)
    const block = bytes === undefined ? undefined : decodeBlock(bytes)
    if (bytes !== undefined && block?.kind === 'ok') {
      if (await this.#keep(block.block, bytes)) for (const at of own.sequences) this.#held.add(at)
      return
    }
    if (await this.#fromIndex(header.id)) for (const at of own.sequences) this.#held.add(at)
    else this.#lost.add(header.id)
  }

  async #ownBytes(header: BlockHeader, sequences: readonly number[]): Promise<Uint8Array | undefined> {
    const records: Uint8Array[] = []
    for (const sequence of sequences) {
      const frame = await this.#deps.from.read(sequence)
      if (frame?.type !== FRAME.record) return undefined
      records.push(frame.payload)
    }
    return encodeBlock(header, records)
  }

  /** Puts a block in, its predecessors before it; false when one of them is gone. */
  async #keep({ header }: Block, bytes: Uint8Array): Promise<boolean> {
    if (this.#kept.has(header.id)) return true
    if (header.prev !== undefined && !await this.#fromIndex(header.prev)) {
      this.#lost.add(header.id)
      return false
    }
    await this.#append(FRAME.foreignBlock, bytes)
    this.#kept.add(header.id)
    return true
  }

  /** Puts a block in from the index, with all before it that is missing. */
  async #fromIndex(id: Hash): Promise<boolean> {
    const chain: Hash[] = []
    for (let next: Hash | undefined = id; next !== undefined && !this.#kept.has(next);) {
      const header: BlockHeader | undefined = await this.#headerInIndex(next)
      if (header === undefined) {
        this.#lost.add(next)
        return false
      }
      chain.push(next)
      next = header.prev
    }
    for (const kept of chain.reverse()) {
      const bytes = await this.#deps.index?.read(kept)
      if (bytes === undefined) return false
      await this.#append(FRAME.foreignBlock, bytes)
      this.#kept.add(kept)
      this.#ofIndex += 1
    }
    return true
  }

  async #headerInIndex(id: Hash): Promise<BlockHeader | undefined> {
    const bytes = await this.#deps.index?.read(id)
    const decoded = bytes === undefined ? undefined : decodeBlock(bytes)
    return decoded?.kind === 'ok' && decoded.block.header.id === id ? decoded.block.header : undefined
  }

  /** What a block holds by now is only noted once more: replay passes over it. */
  async #looseRecords(): Promise<void> {
    const { from } = this.#deps
    for (const sequence of this.#records) {
      const frame = this.#held.has(sequence) ? undefined : await from.read(sequence)
      if (frame !== undefined) await this.#appendLoose(frame.payload)
    }
    for (const sequence of this.#orphans) {
      const frame = await from.read(sequence)
      const decoded = frame === undefined ? undefined : decodeBlock(frame.payload)
      if (decoded?.kind !== 'ok' || this.#kept.has(decoded.block.header.id)) continue
      for (const record of decoded.block.records) await this.#appendLoose(Uint8Array.from(record))
    }
  }

  #appendLoose(record: Uint8Array): Promise<void> {
    this.#loose += 1
    return this.#append(FRAME.record, record)
  }

  /** Many appends share a sync. */
  async #append(type: number, payload: Uint8Array): Promise<void> {
    const append = this.#deps.to.append(type, payload)
    // Met below, with the others.
    append.catch(() => undefined)
    this.#appends.push(append)
    if (this.#appends.length >= openAppendsMax) await this.#settle()
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#appends.splice(0))
  }
}
