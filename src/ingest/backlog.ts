// Records accepted here that are in no admitted block yet: waiting to be sealed, or in a block of ours on its way
// through the log. The durable twin is the `u/` family; this one keeps the opened form, so that nothing is decoded
// twice between acknowledgement and index.

import type { Hash } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'

/** One accepted record. */
export interface BacklogEntry {
  readonly opened: OpenedRecord
  /** WAL sequence of its frame. */
  readonly sequence: number
  /** True once the store holds its `u/` row. */
  stored: boolean
  /** True while a block that holds it is being written. */
  sealing: boolean
}

/** The accepted, unsealed records in order of arrival. */
export interface Backlog {
  /** Adds an entry; a known id stays as it is. */
  add(opened: OpenedRecord, sequence: number, stored: boolean): BacklogEntry
  get(id: Hash): BacklogEntry | undefined
  bySequence(sequence: number): BacklogEntry | undefined
  remove(id: Hash): BacklogEntry | undefined
  /** Entries that no block holds yet, oldest first; iterating may be stopped at any point. */
  waiting(): IterableIterator<BacklogEntry>
  /** Takes the entries out of `waiting`; `release` puts them back when their block could not be written. */
  claim(entries: readonly BacklogEntry[]): void
  release(entries: readonly BacklogEntry[]): void
  readonly size: number
  readonly bytes: number
  readonly waitingCount: number
  readonly waitingBytes: number
}

/** An empty backlog. */
export function createBacklog(): Backlog {
  const entries = new Map<Hash, BacklogEntry>()
  const sequences = new Map<number, BacklogEntry>()
  const open = new Map<Hash, BacklogEntry>()
  let bytes = 0
  let openBytes = 0

  function enqueue(entry: BacklogEntry): void {
    open.set(entry.opened.id, entry)
    openBytes += entry.opened.bytes.length
  }

  function dequeue(entry: BacklogEntry): void {
    if (open.delete(entry.opened.id)) openBytes -= entry.opened.bytes.length
  }

  return {
    add(opened, sequence, stored) {
      const known = entries.get(opened.id)
      if (known !== undefined) return known
      const entry: BacklogEntry = { opened, sequence, stored, sealing: false }
      entries.set(opened.id, entry)
      sequences.set(sequence, entry)
      enqueue(entry)
      bytes += opened.bytes.length
      return entry
    },
    get: (id) => entries.get(id),
    bySequence: (sequence) => sequences.get(sequence),
    remove(id) {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      entries.delete(id)
      sequences.delete(entry.sequence)
      dequeue(entry)
      bytes -= entry.opened.bytes.length
      return entry
    },
    waiting: () => open.values(),
    claim(claimed) {
      for (const entry of claimed) {
        entry.sealing = true
        dequeue(entry)
      }
    },
    release(released) {
      for (const entry of released) {
        entry.sealing = false
        if (entries.has(entry.opened.id)) enqueue(entry)
      }
    },
    get size() {
      return entries.size
    },
    get bytes() {
      return bytes
    },
    get waitingCount() {
      return open.size
    },
    get waitingBytes() {
      return openBytes
    }
  }
}
