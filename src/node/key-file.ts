// Key files: PEM PKCS#8, readable by their owner alone. A looser mode is refused, for a key that others may
// have read signs nothing of worth.

import { open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSigner, keyFromPem, keyToPem, type Signer } from '../record/index.js'
import { NodeError } from './errors.js'
import { syncDirectory, unreadable, unwritable } from './whole-file.js'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/** A key with its seed, as a node needs it for its own connections. */
export interface LoadedKey {
  readonly seed: Uint8Array
  readonly signer: Signer
}

/**
 * Reads a key file.
 * @throws NodeError NODE_FILE_UNREADABLE, NODE_NO_ACCESS, NODE_KEY_MODE, NODE_FILE_INVALID
 */
export async function readKeyFile(path: string): Promise<LoadedKey> {
  const pem = await readOwnFile(path)
  try {
    const seed = keyFromPem(pem)
    return { seed, signer: createSigner(seed) }
  } catch (error) {
    const detail = { code: 'NODE_FILE_INVALID', path } as const
    throw new NodeError(detail, `${path} holds no Ed25519 key in PEM PKCS#8`, { cause: error })
  }
}

/**
 * Writes a new key file, mode 0600. An existing file is never overwritten.
 * @throws NodeError NODE_DIRECTORY_EXISTS when the file is there
 */
export async function writeKeyFile(path: string, seed: Uint8Array): Promise<Signer> {
  await writeOwnFile(path, keyToPem(seed))
  return createSigner(seed)
}

/** Text of a file that only its owner may read: keys and the API token. Errors as `readKeyFile`. */
export async function readOwnFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path)
    if ((mode & OTHERS) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0')
      const message = `${path} has mode ${shown}: others can read it. Make a new key, or chmod 600 it if none did.`
      throw new NodeError({ code: 'NODE_KEY_MODE', path, mode: shown }, message)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw unreadable(path, error)
  }
}

/**
 * Writes a new file of mode 0600, durable.
 * @throws NodeError NODE_DIRECTORY_EXISTS when it is there, NODE_FILE_UNREADABLE, NODE_NO_ACCESS
 */
export async function writeOwnFile(path: string, text: string): Promise<void> {
  let file
  try {
    file = await open(path, 'wx', OWNER_ONLY)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new NodeError({ code: 'NODE_DIRECTORY_EXISTS', directory: path }, `${path} exists`, { cause: error })
    }
    throw unwritable(path, error)
  }
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(dirname(path))
}
