// Small files that are there whole or not at all.

import { open, readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { saysForbidden, saysMissing, systemText } from '../base/index.js'
import { NodeError } from './errors.js'

/**
 * True when something is there, readable or not, a directory too; false only when it is missing.
 * @throws NodeError NODE_NO_ACCESS, NODE_FILE_UNREADABLE when that cannot be told
 */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (saysMissing(error)) return false
    throw unreadable(path, error)
  }
}

/** Bytes of a file; undefined only when it is missing. Errors as `pathExists`. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (saysMissing(error)) return undefined
    throw unreadable(path, error)
  }
}

/** The failure of reading a file or of looking for it, with the reason. */
export function unreadable(path: string, cause: unknown): NodeError {
  return fileFault('read', path, cause)
}

/** The failure of making or writing a file or directory, with the reason. */
export function unwritable(path: string, cause: unknown): NodeError {
  return fileFault('write', path, cause)
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

/** Without the right to look into a directory nobody knows what is in it: the text claims no more. */
function fileFault(verb: 'read' | 'write', path: string, cause: unknown): NodeError {
  if (saysForbidden(cause)) {
    const text = `no permission to ${verb} ${path}${verb === 'read' ? ', or to see whether it is there' : ''}`
    return new NodeError({ code: 'NODE_NO_ACCESS', path }, text, { cause })
  }
  const text = `cannot ${verb} ${path}: ${systemText(cause)}`
  return new NodeError({ code: 'NODE_FILE_UNREADABLE', path }, text, { cause })
}
