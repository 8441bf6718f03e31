// A database in memory below the store, with the crashes of a real one: what was not synced may be lost,
// newest batches first and each as a whole.

import { MemoryLevel } from 'memory-level'
import {
  StoreError, type LevelDatabase, type LevelOperation, type LevelSource
} from '../../src/store/index.js'

/** A database that lives as long as this object, closed or open. */
export interface MemoryIndex extends LevelSource {
  /** Batches written since the last synced one. */
  readonly unsynced: number
  /** Ends the process in its memory: all synced batches and the first `kept` others stay. */
  crash(kept?: number): void
  /** Fails the next batch without writing any of it. */
  failNextBatch(error: Error): void
  /** Changes rows behind the back of whoever has the database open. */
  damage(operations: readonly LevelOperation[]): Promise<void>
  /** Every row, in key order. */
  rows(): Promise<readonly (readonly [key: Uint8Array, value: Uint8Array])[]>
}

/** An index in memory that does not exist yet. */
export function createMemoryIndex(): MemoryIndex {
  let level: MemoryLevel<Uint8Array, Uint8Array> | undefined
  let opened = false
  let stable = new Map<string, Uint8Array>()
  let unsynced: (readonly LevelOperation[])[] = []
  let failure: Error | undefined

  async function open(create: boolean): Promise<LevelDatabase> {
    const directory = 'memory'
    if (opened) throw new StoreError({ code: 'STORE_LOCKED', directory }, 'in use')
    if (level === undefined && !create) {
      throw new StoreError({ code: 'STORE_OPEN_FAILED', directory, kind: 'missing' }, 'missing')
    }
    const inner = level ?? emptyLevel()
    level = inner
    opened = true
    await inner.open()
    return {
      getSync: (key, options) => asPort(inner).getSync(key, options),
      getMany: (keys, options) => asPort(inner).getMany(keys, options),
      iterator: (options) => asPort(inner).iterator(options),
      snapshot: () => inner.snapshot(),
      async batch(operations, { sync }) {
        if (inner !== level || !opened) throw new Error('the process is gone')
        if (failure !== undefined) {
          const error = failure
          failure = undefined
          throw error
        }
        const copies = operations.map(copyOf)
        unsynced.push(copies)
        await asPort(inner).batch(copies, { sync })
        if (sync) settle(unsynced.length)
      },
      rotate: async () => true,
      close: async () => {
        if (inner === level) opened = false
      }
    }
  }

  function settle(count: number): void {
    for (const batch of unsynced.slice(0, count)) {
      for (const operation of batch) {
        const name = Buffer.from(operation.key).toString('latin1')
        if (operation.type === 'put') stable.set(name, operation.value)
        else stable.delete(name)
      }
    }
    unsynced = unsynced.slice(count)
  }

  return {
    directory: 'memory',
    open,
    async destroy() {
      level = undefined
      stable = new Map()
      unsynced = []
    },
    sizes: async () => [],
    prints: async () => [],
    compare: async () => level === undefined ? 'missing' : 'same',
    get unsynced() {
      return unsynced.length
    },
    crash(kept = 0) {
      settle(kept)
      unsynced = []
      opened = false
      const inner = emptyLevel()
      level = inner
      const rows = [...stable].map(([name, value]) => ({ type: 'put', key: Buffer.from(name, 'latin1'), value } as const))
      // Applied before the database opens for the next reader.
      void asPort(inner).batch(rows, { sync: false })
    },
    failNextBatch(error) {
      failure = error
    },
    async rows() {
      if (level === undefined) return []
      const iterator = asPort(level).iterator({ keyEncoding: 'buffer', valueEncoding: 'buffer' })
      const rows = await iterator.nextv(1_000_000)
      await iterator.close()
      return rows
    },
    async damage(operations) {
      if (level === undefined) throw new Error('there is no database')
      await asPort(level).batch(operations.map(copyOf), { sync: false })
    }
  }
}

function emptyLevel(): MemoryLevel<Uint8Array, Uint8Array> {
  return new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'buffer', valueEncoding: 'buffer' })
}

// The store hands back only snapshots of the same database.
function asPort(level: MemoryLevel<Uint8Array, Uint8Array>): LevelDatabase {
  return level as unknown as LevelDatabase
}

function copyOf(operation: LevelOperation): LevelOperation {
  const key = Buffer.from(operation.key)
  return operation.type === 'put' ? { type: 'put', key, value: Buffer.from(operation.value) } : { type: 'del', key }
}

