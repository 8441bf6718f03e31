// Files that a command is given to read. Whatever fails says which file, and why.

import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { concatBytes, systemText } from '../base/index.js'
import { CliError } from './errors.js'

/** The bytes of a file as they are read, unpacked when its name ends in `.gz`. @throws CliError CLI_FILE */
export async function* readBytes(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = createReadStream(path)
  const source: Readable = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file
  try {
    yield* source as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw fileError(path, cause)
  }
}

/**
 * The first bytes of a file, unpacked likewise, and at least `count` of them if there are as many. Nothing of
 * what is no regular file: a pipe gives its bytes once.
 * @throws CliError CLI_FILE
 */
export async function firstBytes(path: string, count: number): Promise<Uint8Array> {
  const found = await stat(path).catch((cause: unknown) => {
    throw fileError(path, cause)
  })
  let bytes: Uint8Array = new Uint8Array(0)
  if (!found.isFile()) return bytes
  for await (const chunk of readBytes(path)) {
    bytes = concatBytes(bytes, chunk)
    if (bytes.length >= count) break
  }
  return bytes
}

/** The value of a JSON file. @throws CliError CLI_FILE */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError(path, cause)
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CliError({ code: 'CLI_FILE', path }, `${path} is not JSON: ${why}`, { cause })
  }
}

/** The failure of reading a file, with the reason. */
export function fileError(path: string, cause: unknown): CliError {
  return new CliError({ code: 'CLI_FILE', path }, `cannot read ${path}: ${systemText(cause)}`, { cause })
}
