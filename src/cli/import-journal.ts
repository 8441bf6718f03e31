// Journal of an import: the last line up to which all records are acknowledged, so that a killed import goes
// on there. It belongs to one file of one size and time in one network; anything else starts from the top.
// Losing it costs time alone: the same bytes sent twice are one record.

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { blake3Hash, utf8Bytes, type NetworkId } from '../base/index.js'
import { fileError } from './input-file.js'

/** The journal of one import. */
export interface ImportJournal {
  /** Line to go on behind; 0 at the first time. */
  readonly startLine: number
  note(line: number): Promise<void>
  /** Forgets the import: it is complete. */
  complete(): Promise<void>
}

/** Opens the journal of a file; by default it lies in the data directory. */
export async function openJournal(
  place: { readonly directory: string; readonly path?: string | undefined },
  file: string, networkId: NetworkId
): Promise<ImportJournal> {
  const { size, mtimeMs } = await stat(file).catch((cause: unknown) => {
    throw fileError(file, cause)
  })
  const subject = blake3Hash(utf8Bytes([networkId, resolve(file), size, mtimeMs].join('\n')))
  const path = place.path ?? join(place.directory, 'imports', `${subject.slice(0, 16)}.json`)
  await mkdir(dirname(path), { recursive: true })
  const startLine = await readLine(path, subject)
  let last = Promise.resolve()
  let noted = startLine
  const inTurn = (write: () => Promise<void>): Promise<void> => {
    last = last.then(write)
    return last
  }
  return {
    startLine,
    note: (line) => inTurn(async () => {
      if (line <= noted) return
      noted = line
      await writeFile(`${path}.tmp`, JSON.stringify({ subject, line }))
      await rename(`${path}.tmp`, path)
    }),
    complete: () => inTurn(() => rm(path, { force: true }))
  }
}

async function readLine(path: string, subject: string): Promise<number> {
  try {
    const noted = JSON.parse(await readFile(path, 'utf8')) as { readonly subject?: unknown; readonly line?: unknown }
    return noted.subject === subject && Number.isSafeInteger(noted.line) ? Number(noted.line) : 0
  } catch {
    return 0
  }
}
