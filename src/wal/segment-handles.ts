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
}

const openMax = 8

/** No files are open at first. */
export function createSegmentHandles(disk: Disk, directory: string): SegmentHandles {
  const open = new Map<number, Handle>()
  return {
    use: (index, action) => use(open, disk, join(directory, segmentName(index)), index, action),
    async close() {
      const handles = [...open.values()]
      open.clear()
      for (const handle of handles) await closeHandle(handle)
    }
  }
}

async function use<T>(
  open: Map<number, Handle>, disk: Disk, path: string, index: number, action: (file: DiskFile) => Promise<T>
): Promise<T> {
  const handle = open.get(index) ?? { file: disk.open(path, 'read'), users: 0 }
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
    await trim(open)
    if (open.get(index) !== handle && handle.users === 0) await closeHandle(handle)
  }
}

async function trim(open: Map<number, Handle>): Promise<void> {
  for (const [index, handle] of open) {
    if (open.size <= openMax) return
    if (handle.users > 0) continue
    open.delete(index)
    await closeHandle(handle)
  }
}

async function closeHandle(handle: Handle): Promise<void> {
  await handle.file.then((file) => file.close()).catch(() => undefined)
}
