// Open segment files for readers: a few, shared, closed when others are wanted.
// Rule: a file in use is never closed.

import { join } from 'node:path'
import type { Disk, DiskFile } from '../base/index.js'
import { guarded } from './errors.js'
import { segmentName } from './segment-files.js'

/** Shared open files. */
export interface SegmentHandles {
  /** Runs a read on a segment's file. @throws WalError WAL_IO */
  use<T>(index: number, action: (file: DiskFile) => Promise<T>): Promise<T>
  close(): Promise<void>
}

interface Handle {
  readonly file: Promise<DiskFile>
  users: number
  closed: boolean
}

interface Pool {
  readonly open: Map<number, Handle>
  /** 0 once closed: then a file is closed as soon as its last user is done. */
  openMax: number
}

const openMax = 8

/** No files are open at first. */
export function createSegmentHandles(disk: Disk, directory: string): SegmentHandles {
  const pool: Pool = { open: new Map(), openMax }
  return {
    use: (index, action) => use(pool, disk, join(directory, segmentName(index)), index, action),
    close() {
      pool.openMax = 0
      return trim(pool)
    }
  }
}

async function use<T>(
  pool: Pool, disk: Disk, path: string, index: number, action: (file: DiskFile) => Promise<T>
): Promise<T> {
  const { open } = pool
  const handle = open.get(index) ?? { file: disk.open(path, 'read'), users: 0, closed: false }
  open.delete(index)
  open.set(index, handle)
  handle.users += 1
  try {
    return await guarded('read', path, async () => action(await handle.file))
  } catch (error) {
    open.delete(index)
    throw error
  } finally {
    handle.users -= 1
    await trim(pool)
    if (open.get(index) !== handle && handle.users === 0) await closeHandle(handle)
  }
}

async function trim(pool: Pool): Promise<void> {
  const { open } = pool
  for (const [index, handle] of open) {
    if (open.size <= pool.openMax) return
    if (handle.users > 0) continue
    open.delete(index)
    await closeHandle(handle)
  }
}

async function closeHandle(handle: Handle): Promise<void> {
  if (handle.closed) return
  handle.closed = true
  await handle.file.then((file) => file.close()).catch(() => undefined)
}
