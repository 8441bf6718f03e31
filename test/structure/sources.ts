// Source files of the product as text, keyed by path below src: what the structure tests read.
// A planted set of files has the same form, so each check is tested on violations of its own.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import ts from 'typescript'

/** Text of each file by its path below src, `/` between the parts: `dag/index.ts`. */
export type Sources = ReadonlyMap<string, string>

/** Every TypeScript file below a directory. */
export function readSources(directory: string): Sources {
  const sources = new Map<string, string>()
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
    const path = join(entry.parentPath, entry.name)
    sources.set(relative(directory, path).split(sep).join('/'), readFileSync(path, 'utf8'))
  }
  return sources
}

/** Syntax tree of one file, without types. */
export function parseSource(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS)
}

/** The product's own files. */
export const productSources: Sources = readSources(new URL('../../src', import.meta.url).pathname)
