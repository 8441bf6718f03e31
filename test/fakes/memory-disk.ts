// A disk in memory that forgets what was not synced, and fails on demand.
// Model: data is lost by sector of 512 bytes, each one kept or lost by chance; names are lost from the end of
// a directory's unsynced changes; after a failed sync the pages look clean and read back, yet never reach the
// platter.

import { dirname } from 'node:path'
import type { Disk, DiskFile, Random } from '../../src/base/index.js'

export type DiskOperation =
  | 'makeDirectory' | 'list' | 'open' | 'stat' | 'rename' | 'remove' | 'syncDirectory' | 'freeBytes' | 'totalBytes'
  | 'read' | 'write' | 'sizeBytes' | 'truncate' | 'sync'

/** An error to come. */
export interface DiskFault {
  readonly operation: DiskOperation
  /** 'EIO', 'ENOSPC' … */
  readonly code: string
  /** Operations of this kind that still succeed. @default 0 */
  readonly after?: number
  /** How many then fail. @default 1 */
  readonly times?: number
  /** Only paths that contain this text. */
  readonly path?: string
}

export interface MemoryDiskOptions {
  /** Awaited before each operation takes effect: a place to crash. */
  readonly pause?: (operation: DiskOperation, path: string) => Promise<void>
  readonly capacityBytes?: number
}

export interface MemoryDisk extends Disk {
  /** Power fails: what was not synced is kept or lost by chance. Open files are dead. */
  crash(): void
  /** The process dies: open files are dead, the page cache stays. */
  kill(): void
  inject(fault: DiskFault): void
  clearFaults(): void
  setCapacity(bytes: number): void
  /** Writes take a random part of what they are given. */
  setShortWrites(on: boolean): void
  /** Bit rot: changes one stored byte. */
  flip(path: string, offset: number, mask: number): void
  /** Replaces a file's bytes, as if they had always been there. */
  put(path: string, bytes: Uint8Array): void
  /** A copy of a file's bytes. */
  contents(path: string): Buffer
  /** An equal disk of its own, without faults or open files. @param renamed every file is another inode */
  copy(random: Random, renamed?: boolean): MemoryDisk
  /** How often each operation was done. */
  readonly counts: Readonly<Record<DiskOperation, number>>
}

interface Inode {
  readonly id: bigint
  bytes: Buffer
  size: number
  stableSize: number
  /** Sectors written since the last sync, with what is on the platter. */
  readonly dirty: Map<number, Buffer>
  /** Sectors whose sync failed, with what is on the platter. */
  readonly lost: Map<number, Buffer>
}

type Entry = Inode | { readonly id: bigint }
type Change = (names: Map<string, Entry>) => void

interface State {
  random: Random
  names: Map<string, Entry>
  stableNames: Map<string, Entry>
  /** Unsynced changes by directory. */
  readonly changes: Map<string, Change[]>
  faults: { fault: DiskFault; after: number; times: number }[]
  capacityBytes: number
  shortWrites: boolean
  generation: number
  nextId: bigint
  readonly counts: Record<DiskOperation, number>
  readonly pause: (operation: DiskOperation, path: string) => Promise<void>
}

const sectorBytes = 512

export function createMemoryDisk(random: Random, options: MemoryDiskOptions = {}): MemoryDisk {
  const root: Entry = { id: 1n }
  return diskOver({
    random,
    names: new Map([['/', root]]),
    stableNames: new Map([['/', root]]),
    changes: new Map(),
    faults: [],
    capacityBytes: options.capacityBytes ?? Number.MAX_SAFE_INTEGER,
    shortWrites: false,
    generation: 0,
    nextId: 2n,
    counts: {
      makeDirectory: 0, list: 0, open: 0, stat: 0, rename: 0, remove: 0, syncDirectory: 0, freeBytes: 0,
      totalBytes: 0,
      read: 0, write: 0, sizeBytes: 0, truncate: 0, sync: 0
    },
    pause: options.pause ?? (() => Promise.resolve())
  })
}

function diskOver(state: State): MemoryDisk {
  return {
    makeDirectory: (path) => operate(state, 'makeDirectory', path, () => makeDirectory(state, path)),
    list: (path) => operate(state, 'list', path, () => list(state, path)),
    open: (path, mode) => operate(state, 'open', path, () => open(state, path, mode)),
    stat: (path) => operate(state, 'stat', path, () => {
      const entry = state.names.get(path)
      if (entry === undefined) return undefined
      return { device: 1n, inode: entry.id, sizeBytes: 'bytes' in entry ? entry.size : 0 }
    }),
    rename: (from, to) => operate(state, 'rename', from, () => {
      const entry = fileAt(state, from)
      change(state, dirname(from), (names) => {
        names.delete(from)
        names.set(to, entry)
      })
    }),
    remove: (path) => operate(state, 'remove', path, () => {
      fileAt(state, path)
      change(state, dirname(path), (names) => void names.delete(path))
    }),
    syncDirectory: (path) => operate(state, 'syncDirectory', path, () => {
      directoryAt(state, path)
      for (const apply of state.changes.get(path) ?? []) apply(state.stableNames)
      state.changes.delete(path)
    }),
    freeBytes: (path) =>
      operate(state, 'freeBytes', path, () => Math.max(0, state.capacityBytes - usedBytes(state))),
    totalBytes: (path) => operate(state, 'totalBytes', path, () => state.capacityBytes),
    crash: () => crash(state),
    kill: () => void (state.generation += 1),
    inject: (fault) => void state.faults.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 }),
    clearFaults: () => void (state.faults = []),
    setCapacity: (bytes) => void (state.capacityBytes = bytes),
    setShortWrites: (on) => void (state.shortWrites = on),
    flip(path, offset, mask) {
      const { bytes } = fileAt(state, path)
      bytes[offset] = (bytes[offset] ?? 0) ^ mask
    },
    put(path, bytes) {
      const inode = newInode(state)
      Object.assign(inode, { bytes: Buffer.from(bytes), size: bytes.length, stableSize: bytes.length })
      state.names.set(path, inode)
      state.stableNames.set(path, inode)
    },
    contents(path) {
      const inode = fileAt(state, path)
      return Buffer.from(inode.bytes.subarray(0, inode.size))
    },
    copy: (random, renamed = false) => copyOf(state, random, renamed),
    counts: state.counts
  }
}

async function operate<T>(state: State, operation: DiskOperation, path: string, action: () => T): Promise<T> {
  const { generation } = state
  await state.pause(operation, path)
  if (generation !== state.generation) throw failure('EBADF', path)
  state.counts[operation] += 1
  const code = dueFault(state, operation, path)
  if (code !== undefined) throw failure(code, path)
  return action()
}

function dueFault(state: State, operation: DiskOperation, path: string): string | undefined {
  for (const entry of state.faults) {
    if (entry.fault.operation !== operation || !path.includes(entry.fault.path ?? '')) continue
    if (entry.after > 0) {
      entry.after -= 1
      continue
    }
    entry.times -= 1
    if (entry.times === 0) state.faults = state.faults.filter((other) => other !== entry)
    return entry.fault.code
  }
  return undefined
}

function makeDirectory(state: State, path: string): void {
  if (state.names.has(path)) return
  const parent = dirname(path)
  makeDirectory(state, parent)
  const entry = { id: state.nextId++ }
  change(state, parent, (names) => void names.set(path, entry))
}

function list(state: State, path: string): readonly string[] {
  directoryAt(state, path)
  const prefix = path.endsWith('/') ? path : `${path}/`
  const inside = [...state.names.keys()].filter((name) => name !== '/' && dirname(name) === path)
  return inside.map((name) => name.slice(prefix.length)).sort()
}

function open(state: State, path: string, mode: 'read' | 'write' | 'create'): DiskFile {
  if (!state.names.has(path) && mode === 'create') {
    directoryAt(state, dirname(path))
    const created = newInode(state)
    change(state, dirname(path), (names) => void names.set(path, created))
  }
  return fileOver(state, path, fileAt(state, path), mode)
}

function fileOver(state: State, path: string, inode: Inode, mode: string): DiskFile {
  const { generation } = state
  let closed = false
  const guard = (writing: boolean): void => {
    if (closed || generation !== state.generation || (writing && mode === 'read')) throw failure('EBADF', path)
  }
  const on = <T>(operation: DiskOperation, writing: boolean, action: () => T): Promise<T> =>
    operate(state, operation, path, () => {
      guard(writing)
      return action()
    })
  return {
    read: (into, position) => on('read', false, () => {
      const count = Math.max(0, Math.min(into.length, inode.size - position))
      into.set(inode.bytes.subarray(position, position + count))
      return count
    }),
    write: (from, position) => on('write', true, () => write(state, inode, from, position, path)),
    sizeBytes: () => on('sizeBytes', false, () => inode.size),
    truncate: (sizeBytes) => on('truncate', true, () => resize(state, inode, sizeBytes, path)),
    sync: () => operateSync(state, inode, path, () => guard(false)),
    async close() {
      guard(false)
      closed = true
    }
  }
}

async function operateSync(state: State, inode: Inode, path: string, guard: () => void): Promise<void> {
  try {
    await operate(state, 'sync', path, guard)
  } catch (error) {
    for (const [sector, stable] of inode.dirty) inode.lost.set(sector, stable)
    inode.dirty.clear()
    throw error
  }
  inode.dirty.clear()
  inode.stableSize = inode.size
}

function write(state: State, inode: Inode, from: Uint8Array, position: number, path: string): number {
  const wanted = state.shortWrites && from.length > 1 ? 1 + state.random.integer(from.length) : from.length
  const room = Math.max(0, state.capacityBytes - usedBytes(state))
  const count = Math.max(0, Math.min(wanted, Math.max(inode.size + room, inode.size) - position))
  if (count === 0 && from.length > 0) throw failure('ENOSPC', path)
  touch(inode, position, position + count)
  reserve(inode, position + count)
  inode.bytes.set(from.subarray(0, count), position)
  inode.size = Math.max(inode.size, position + count)
  return count
}

function resize(state: State, inode: Inode, size: number, path: string): void {
  if (size - inode.size > state.capacityBytes - usedBytes(state)) throw failure('ENOSPC', path)
  touch(inode, Math.min(size, inode.size), Math.max(size, inode.size))
  reserve(inode, size)
  inode.bytes.fill(0, Math.min(size, inode.size))
  inode.size = size
}

/** Keeps what the platter has of the sectors that are about to change. */
function touch(inode: Inode, from: number, to: number): void {
  for (let sector = Math.floor(from / sectorBytes); sector * sectorBytes < to; sector += 1) {
    if (inode.dirty.has(sector)) continue
    const start = sector * sectorBytes
    const stable = inode.lost.get(sector) ?? Buffer.from(inode.bytes.subarray(start, start + sectorBytes))
    inode.lost.delete(sector)
    inode.dirty.set(sector, stable)
  }
}

function reserve(inode: Inode, size: number): void {
  if (size <= inode.bytes.length) return
  const larger = Buffer.alloc(Math.max(size, inode.bytes.length * 2))
  larger.set(inode.bytes)
  inode.bytes = larger
}

function crash(state: State): void {
  state.generation += 1
  for (const changes of state.changes.values()) {
    const kept = state.random.integer(changes.length + 1)
    for (const apply of changes.slice(0, kept)) apply(state.stableNames)
  }
  state.changes.clear()
  state.names = new Map([...state.stableNames].filter(([path]) => state.stableNames.has(dirname(path))))
  state.stableNames = new Map(state.names)
  for (const entry of state.names.values()) if ('bytes' in entry) loseUnsynced(state, entry)
}

function loseUnsynced(state: State, inode: Inode): void {
  for (const [sector, stable] of inode.lost) restore(inode, sector, stable)
  for (const [sector, stable] of inode.dirty) {
    if (state.random.integer(2) === 0) restore(inode, sector, stable)
  }
  inode.lost.clear()
  inode.dirty.clear()
  if (inode.size !== inode.stableSize && state.random.integer(2) === 0) {
    reserve(inode, inode.stableSize)
    inode.size = inode.stableSize
    inode.bytes.fill(0, inode.size)
  }
  inode.stableSize = inode.size
}

function restore(inode: Inode, sector: number, stable: Buffer): void {
  const start = sector * sectorBytes
  inode.bytes.fill(0, start, Math.min(start + sectorBytes, inode.bytes.length))
  inode.bytes.set(stable.subarray(0, Math.max(0, inode.bytes.length - start)), start)
}

function copyOf(state: State, random: Random, renamed: boolean): MemoryDisk {
  const inodes = new Map<Entry, Entry>()
  const shift = renamed ? state.nextId : 0n
  for (const entry of [...state.names.values(), ...state.stableNames.values()]) {
    const id = entry.id + shift
    inodes.set(entry, 'bytes' in entry ? copyInode(entry, id) : { ...entry, id })
  }
  const copied = (names: Map<string, Entry>): Map<string, Entry> =>
    new Map([...names].map(([path, entry]) => [path, inodes.get(entry) ?? entry]))
  return diskOver({
    ...state, random, names: copied(state.names), stableNames: copied(state.stableNames), changes: new Map(),
    nextId: state.nextId + shift, faults: [], counts: { ...state.counts }
  })
}

function copyInode(inode: Inode, id: bigint): Inode {
  const [dirty, lost] = [new Map(inode.dirty), new Map(inode.lost)]
  return { ...inode, id, bytes: Buffer.from(inode.bytes), dirty, lost }
}

function newInode(state: State): Inode {
  const bytes = Buffer.alloc(0)
  return { id: state.nextId++, bytes, size: 0, stableSize: 0, dirty: new Map(), lost: new Map() }
}

function change(state: State, directory: string, apply: Change): void {
  apply(state.names)
  const changes = state.changes.get(directory) ?? []
  changes.push(apply)
  state.changes.set(directory, changes)
}

function usedBytes(state: State): number {
  let used = 0
  for (const entry of state.names.values()) used += 'bytes' in entry ? entry.size : 0
  return used
}

function fileAt(state: State, path: string): Inode {
  const entry = state.names.get(path)
  if (entry === undefined) throw failure('ENOENT', path)
  if (!('bytes' in entry)) throw failure('EISDIR', path)
  return entry
}

function directoryAt(state: State, path: string): void {
  const entry = state.names.get(path)
  if (entry === undefined) throw failure('ENOENT', path)
  if ('bytes' in entry) throw failure('ENOTDIR', path)
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
