// Version of the program, from the package file above this module.

import { existsSync, readFileSync } from 'node:fs'

/** Version in package.json. */
export const programVersion: string = versionAbove(new URL('.', import.meta.url))

// Built code lies one folder deeper than its source.
function versionAbove(directory: URL): string {
  const file = new URL('package.json', directory)
  if (!existsSync(file)) return directory.pathname === '/' ? 'unknown' : versionAbove(new URL('..', directory))
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { readonly version?: string }
  return manifest.version ?? 'unknown'
}
