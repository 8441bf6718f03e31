// The database below the store, over rows in memory, with the crashes of a real one: the newest batches that
// were not synced are lost; or the files are damaged in silence and it opens in an older state, with a hole,
// empty, or not at all.

import { StoreError, type LevelDatabase, type LevelOperation, type LevelSource } from '../../src/store/index.js'
import { createMemoryRows, type MemoryRows } from '../fakes/memory-rows.js'

/** What is left of the database after a crash. */
export type IndexFate =
  /** The process died: all that was written. */
  | 'kept'
  /** The power failed: all that was synced, and some of the rest. */
  | 'unsynced-lost'
  /** Silent damage: an older state than the last synced one, one batch missing, no row, no database. */
  | 'older' | 'hole' | 'emptied' | 'missing'

/** A database that outlives its process. */
export interface SimIndex extends LevelSource {
  /** @param draw in [0, 1): how much is left where chance decides */
  crash(fate: IndexFate, draw: number): void
  setFull(full: boolean): void
  copy(): IndexCopy
  /** Goes back to a copy, as after a power loss at its time. */
  restore(copy: IndexCopy): void
  /** Failing batches to come. */
  failBatches(count: number): void
  /** Loses or changes rows behind the back of the node that has them open. */
  rot(operations: readonly LevelOperation[]): void
  /** Keys of a family that were ever written to this database, in the order of their first time. */
  keysOf(prefix: string): readonly Uint8Array[]
  /** Rows rotted, and nobody has seen them whole since. */
  rotten: boolean
  /** Rows rotted at some time: what was answered from them may still be held against it. */
  readonly rotted: boolean
  /** A batch is under way: whoever asks the store for its turn waits for it. */
  readonly busy: boolean
}

/** The batches of an index up to the last synced one. */
export type IndexCopy = Journal['batches'] | undefined

/** What a batch waits for before and after it takes effect. */
export type Latency = (label: string) => Promise<void>

interface Journal {
  readonly batches: { readonly operations: readonly LevelOperation[]; readonly sync: boolean }[]
}

/** An index that does not exist yet. @param latency of the process that opens it */
export function createSimIndex(latency: () => Latency): SimIndex {
  return new JournalledIndex(latency)
}

class JournalledIndex implements SimIndex {
  readonly directory = 'memory'
  rotten = false
  rotted = false
  #waiting = 0
  readonly #latency: () => Latency
  #level: MemoryRows | undefined
  #journal: Journal['batches'] = []
  #opened: object | undefined
  #damaged = false
  /** Batches when the marker was last told of the files. */
  #printed = -1
  #full = false
  #failing = 0

  constructor(latency: () => Latency) {
    this.#latency = latency
  }

  async open(create: boolean): Promise<LevelDatabase> {
    const { directory } = this
    if (this.#opened !== undefined) throw new StoreError({ code: 'STORE_LOCKED', directory }, 'in use')
    if (this.#level === undefined && !create) {
      throw new StoreError({ code: 'STORE_OPEN_FAILED', directory, kind: 'missing' }, 'missing')
    }
    const token = {}
    const life = this.#latency()
    // What a dead process still asks for keeps nobody waiting.
    const isOpen = (): boolean => this.#opened === token
    const latency = async (label: string): Promise<void> => {
      if (isOpen()) this.#waiting += 1
      await life(label)
      if (isOpen()) this.#waiting -= 1
    }
    const level = (this.#level ??= createMemoryRows())
    this.#opened = token
    this.#waiting = 0
    this.#damaged = false
    return this.#database(level, token, latency)
  }

  async destroy(): Promise<void> {
    this.#level = undefined
    this.#journal = []
    this.rotten = false
  }

  sizes(): Promise<[]> {
    return Promise.resolve([])
  }

  prints(): Promise<[]> {
    this.#printed = this.#journal.length
    return Promise.resolve([])
  }

  compare(): Promise<'same' | 'grown' | 'reopened' | 'missing'> {
    if (this.#level === undefined) return Promise.resolve('missing')
    if (this.#damaged) return Promise.resolve('reopened')
    return Promise.resolve(this.#printed === this.#journal.length ? 'same' : 'grown')
  }

  get busy(): boolean {
    return this.#waiting > 0
  }

  crash(fate: IndexFate, draw: number): void {
    this.#opened = undefined
    this.#waiting = 0
    const total = this.#journal.length
    const synced = this.#journal.findLastIndex((batch) => batch.sync) + 1
    const between = (low: number, high: number): number => low + Math.floor(draw * (high - low + 1))
    switch (fate) {
      case 'kept':
        break
      case 'unsynced-lost':
        return this.#rebuild(this.#journal.slice(0, between(synced, total)))
      case 'older':
        this.#damaged = true
        return this.#rebuild(this.#journal.slice(0, between(0, Math.max(0, synced - 1))))
      case 'hole': {
        this.#damaged = true
        const at = between(1, Math.max(1, total - 1))
        return this.#rebuild(this.#journal.filter((_, index) => index !== at))
      }
      case 'emptied':
        this.#damaged = true
        return this.#rebuild([])
      case 'missing':
        this.#level = undefined
        this.#journal = []
        return
    }
    // The object of a dead process must not be written to any more.
    this.#rebuild(this.#journal)
  }

  rot(operations: readonly LevelOperation[]): void {
    if (this.#level === undefined) return
    this.rotten = true
    this.rotted = true
    this.#journal.push({ operations, sync: false })
    this.#level.write(operations)
  }

  keysOf(prefix: string): readonly Uint8Array[] {
    const found = new Map<string, Uint8Array>()
    for (const { key } of this.#journal.flatMap(({ operations }) => operations)) {
      const name = Buffer.from(key).toString('latin1')
      if (name.startsWith(prefix) && !found.has(name)) found.set(name, key)
    }
    return [...found.values()]
  }

  copy(): IndexCopy {
    const synced = this.#journal.findLastIndex((batch) => batch.sync) + 1
    return this.#level === undefined ? undefined : this.#journal.slice(0, synced)
  }

  restore(copy: IndexCopy): void {
    this.#damaged = true
    if (copy === undefined) this.crash('missing', 0)
    else this.#rebuild(copy)
  }

  setFull(full: boolean): void {
    this.#full = full
  }

  failBatches(count: number): void {
    this.#failing = count
  }

  #rebuild(batches: Journal['batches']): void {
    const level = createMemoryRows()
    this.#level = level
    this.#journal = [...batches]
    const rows = new Map<string, LevelOperation>()
    for (const { operations } of batches) {
      for (const operation of operations) rows.set(Buffer.from(operation.key).toString('latin1'), operation)
    }
    const puts = [...rows.values()].filter((operation) => operation.type === 'put')
    level.write(puts)
  }

  #database(level: MemoryRows, token: object, latency: Latency): LevelDatabase {
    return {
      getSync: (key, options) => level.getSync(key, options),
      getMany: (keys, options) => level.getMany(keys, options),
      iterator: (options) => level.iterator(options),
      snapshot: () => level.snapshot(),
      batch: async (operations, { sync }) => {
        await latency('index')
        if (this.#opened !== token) throw new Error('the process is gone')
        if (this.#full) throw Object.assign(new Error('No space left on device'), { code: 'ENOSPC' })
        if (this.#failing > 0) {
          this.#failing -= 1
          throw Object.assign(new Error('IO error'), { code: 'EIO' })
        }
        const copies = operations.map(copyOf)
        this.#journal.push({ operations: copies, sync })
        level.write(copies)
        await latency('index')
      },
      rotate: () => Promise.resolve(true),
      close: async () => {
        if (this.#opened === token) this.#opened = undefined
      }
    }
  }
}

function copyOf(operation: LevelOperation): LevelOperation {
  const key = Buffer.from(operation.key)
  return operation.type === 'put' ? { type: 'put', key, value: Buffer.from(operation.value) } : { type: 'del', key }
}
