// Small files that are there whole or not at all.

import { open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** False only when the file is missing: one that cannot be read is there all the same. */
export async function fileExists(path: string): Promise<boolean> {
  return readFile(path).then(() => true, (error: unknown) => !isMissing(error))
}

/** True when something is there, a directory too. */
export async function pathExists(path: string): Promise<boolean> {
  return stat(path).then(() => true, (error: unknown) => !isMissing(error))
}

/** Writes a file through a temporary one: a crash leaves the old or the new content. Durable, mode 0600. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncDirectory(dirname(path))
}

/** Makes creations and renames in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows opens no directories, and keeps renames in the journal of its file system.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
