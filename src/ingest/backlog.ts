// Records accepted here that are in no admitted block yet: waiting to be sealed, or in a block of ours on its
// way through the log. The durable twin is the `u/` family; this one keeps the opened form, so that nothing
// is decoded twice between acknowledgement and index.

import type { Hash } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'

/** One accepted record. */
export interface BacklogEntry {
  readonly opened: OpenedRecord
  /** WAL sequence of its frame. */
  readonly sequence: number
  /** True once the store holds its `u/` row. */
  stored: boolean
  /** `arrivals` when the index was found not to hold the record; undefined when nobody looked. */
  readonly absentAt: number | undefined
}

/** The accepted, unsealed records in order of arrival. */
export interface Backlog {
  /** Adds an entry; a known id stays as it is. @param absentAt see BacklogEntry */
  add(opened: OpenedRecord, sequence: number, stored: boolean, absentAt?: number): BacklogEntry
  get(id: Hash): BacklogEntry | undefined
  bySequence(sequence: number): BacklogEntry | undefined
  remove(id: Hash): BacklogEntry | undefined
  /** The index holds records that did not come from here: what was found absent before may be among them. */
  noteArrivals(): void
  /** How often that has happened. */
  readonly arrivals: number
  /** True when no look into the index is needed to know that it does not hold the entry's record. */
  isAbsent(entry: BacklogEntry): boolean
  /** Entries that no block holds yet, oldest first; iterating may be stopped at any point. */
  waiting(): IterableIterator<BacklogEntry>
  /** Takes the entries out of `waiting`; `release` puts back what no block holds after all. */
  claim(entries: readonly BacklogEntry[]): void
  release(entries: readonly BacklogEntry[]): void
  readonly size: number
  readonly bytes: number
  readonly waitingCount: number
  readonly waitingBytes: number
  /** WAL sequence of the entry that is sealed next; Infinity when none waits. */
  readonly oldestWaiting: number
  /** Highest WAL sequence of an entry that is here or was; 0 before the first. */
  readonly newestSequence: number
}

/** An empty backlog. */
export function createBacklog(): Backlog {
  return new RecordBacklog()
}

class RecordBacklog implements Backlog {
  readonly #entries = new Map<Hash, BacklogEntry>()
  readonly #sequences = new Map<number, BacklogEntry>()
  readonly #open = new Map<Hash, BacklogEntry>()
  #bytes = 0
  #openBytes = 0
  #arrivals = 0
  #newest = 0

  add(opened: OpenedRecord, sequence: number, stored: boolean, absentAt?: number): BacklogEntry {
    const known = this.#entries.get(opened.id)
    if (known !== undefined) return known
    const entry: BacklogEntry = { opened, sequence, stored, absentAt }
    this.#entries.set(opened.id, entry)
    this.#sequences.set(sequence, entry)
    this.#enqueue(entry)
    this.#bytes += opened.bytes.length
    this.#newest = Math.max(this.#newest, sequence)
    return entry
  }

  get(id: Hash): BacklogEntry | undefined {
    return this.#entries.get(id)
  }

  bySequence(sequence: number): BacklogEntry | undefined {
    return this.#sequences.get(sequence)
  }

  remove(id: Hash): BacklogEntry | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    this.#entries.delete(id)
    this.#sequences.delete(entry.sequence)
    this.#dequeue(entry)
    this.#bytes -= entry.opened.bytes.length
    return entry
  }

  noteArrivals(): void {
    this.#arrivals += 1
  }

  get arrivals(): number {
    return this.#arrivals
  }

  isAbsent(entry: BacklogEntry): boolean {
    return entry.absentAt === this.#arrivals
  }

  waiting(): IterableIterator<BacklogEntry> {
    return this.#open.values()
  }

  claim(entries: readonly BacklogEntry[]): void {
    for (const entry of entries) this.#dequeue(entry)
  }

  release(entries: readonly BacklogEntry[]): void {
    for (const entry of entries) {
      if (this.#entries.has(entry.opened.id)) this.#enqueue(entry)
    }
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get waitingCount(): number {
    return this.#open.size
  }

  get waitingBytes(): number {
    return this.#openBytes
  }

  get oldestWaiting(): number {
    for (const { sequence } of this.#open.values()) return sequence
    return Number.POSITIVE_INFINITY
  }

  get newestSequence(): number {
    return this.#newest
  }

  #enqueue(entry: BacklogEntry): void {
    if (this.#open.has(entry.opened.id)) return
    this.#open.set(entry.opened.id, entry)
    this.#openBytes += entry.opened.bytes.length
  }

  #dequeue(entry: BacklogEntry): void {
    if (this.#open.delete(entry.opened.id)) this.#openBytes -= entry.opened.bytes.length
  }
}
