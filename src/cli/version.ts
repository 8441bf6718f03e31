// Version of the program, from the package file above this module.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Version in package.json. */
export const programVersion: string = versionAbove(import.meta.dirname)

// Built code lies one folder deeper than its source.
function versionAbove(directory: string): string {
  const file = join(directory, 'package.json')
  if (!existsSync(file)) return directory === dirname(directory) ? 'unknown' : versionAbove(dirname(directory))
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { readonly version?: string }
  return manifest.version ?? 'unknown'
}
