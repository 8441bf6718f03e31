// One process at a time works on a data directory. Whoever writes in it holds this lock before anything else
// (ports, index, ledger) is opened, so that a second start says who is there and touches nothing.

import { lockDirectory, type DirectoryLock } from '../store/index.js'
import { directoryPaths, requireDirectory } from './directory.js'

/**
 * Locks the data directory of a node until `release`.
 * @throws NodeError NODE_DIRECTORY_MISSING; StoreError STORE_LOCKED, STORE_LOCK_UNUSABLE
 */
export async function lockDataDirectory(directory: string): Promise<DirectoryLock> {
  await requireDirectory(directory)
  return lockDirectory(directory, directoryPaths(directory).lock)
}

/** Runs work while the data directory is locked. Errors as `lockDataDirectory`. */
export async function whileLocked<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockDataDirectory(directory)
  try {
    return await work()
  } finally {
    await lock.release()
  }
}
