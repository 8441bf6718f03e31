// Small files that are there whole or not at all.

import { open, readFile, rename } from 'node:fs/promises'

/** False only when the file is missing: one that cannot be read is there all the same. */
export async function fileExists(path: string): Promise<boolean> {
  return readFile(path).then(() => true, (error: unknown) => !isMissing(error))
}

/** Writes a file through a temporary one, so that a crash leaves the old or the new content. Mode 0600. */
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
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
