// The lock of a whole directory: an empty LevelDB of its own, kept open for nothing but its lock.
// Rule: the operating system holds it (fcntl on POSIX, LockFile on Windows), so it ends with its process,
// however that ends, and no process id is ever judged. The file `holder` only names the process in errors.
// Why a database: docs/decisions/230-lock-of-the-data-directory.md.

import { mkdir, stat } from 'node:fs/promises'
import { saysForbidden } from '../base/index.js'
import { openLevel } from './disk-level.js'
import { StoreError } from './errors.js'
import type { LevelDatabase } from './level.js'

/** A held lock. */
export interface DirectoryLock {
  /** Gives the directory back. May be called twice. */
  release(): Promise<void>
}

/** As little memory as LevelDB takes: nothing is ever stored. */
const SMALL = { cacheBytes: 1_024, writeBufferBytes: 65_536, openFilesMax: 64 } as const

// fcntl gives the lock of a file back when its process closes any handle of that file, and LevelDB opens the
// file before it sees that this process has it already: a second try from within must not get that far.
const heldHere = new Set<string>()

/**
 * Locks a directory for this process.
 * @param directory named in the error; `place` is where in it the lock lies, made if need be
 * @throws StoreError STORE_LOCKED (names directory and holder), STORE_LOCK_UNUSABLE
 */
export async function lockDirectory(directory: string, place: string): Promise<DirectoryLock> {
  const identity = await identify(place).catch((cause: unknown) => {
    throw unusable(directory, place, cause)
  })
  if (heldHere.has(identity)) throw locked(directory, String(process.pid))
  heldHere.add(identity)
  try {
    const database = await openLevel({ directory: place, ...SMALL }).open(true)
    let releasing: Promise<void> | undefined
    return { release: () => releasing ??= release(database, identity) }
  } catch (error) {
    heldHere.delete(identity)
    const detail = error instanceof StoreError ? error.detail : undefined
    throw detail?.code === 'STORE_LOCKED' ? locked(directory, detail.holder, error) : unusable(directory, place, error)
  }
}

async function release(database: LevelDatabase, identity: string): Promise<void> {
  try {
    await database.close()
  } finally {
    heldHere.delete(identity)
  }
}

/** Device and inode: one directory may have many paths. */
async function identify(place: string): Promise<string> {
  await mkdir(place, { recursive: true })
  const { dev, ino } = await stat(place, { bigint: true })
  return `${dev} ${ino}`
}

function locked(directory: string, holder: string | undefined, cause?: unknown): StoreError {
  const detail = { code: 'STORE_LOCKED', directory } as const
  const who = holder === undefined ? 'another process' : `process ${holder}`
  return new StoreError(
    holder === undefined ? detail : { ...detail, holder }, `${directory} is in use by ${who}`, { cause }
  )
}

function unusable(directory: string, place: string, cause: unknown): StoreError {
  const text = isForbidden(cause) ? `no permission to work in ${directory}: its lock ${place} cannot be opened`
    : `the lock of ${directory} cannot be taken; if no process uses it, remove ${place} and try again`
  return new StoreError({ code: 'STORE_LOCK_UNUSABLE', directory }, text, { cause })
}

/** LevelDB tells it in its message alone. */
function isForbidden(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  return saysForbidden(cause) || /Permission denied/.test(cause.message) || isForbidden(cause.cause)
}
