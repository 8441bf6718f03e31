// Lenses of one's own: modules that `stemedb start --lens FILE` loads into the node.
// They run with all rights of the node, so only the operator names them, never a request.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Lens } from '../node/index.js'
import { CliError } from './errors.js'

/**
 * The default exports of modules: a lens each, or a list of lenses.
 * @throws CliError CLI_LENS_FILE
 */
export async function loadLenses(paths: readonly string[]): Promise<readonly Lens[]> {
  const lenses: Lens[] = []
  for (const path of paths) {
    const exported = await loadDefault(path)
    const found: readonly unknown[] = Array.isArray(exported) ? exported : [exported]
    for (const lens of found) {
      if (!isLens(lens)) throw unreadable(path, 'its default export is no lens {name, resolve} and no list of them')
      // A view code would let it answer from views that others wrote.
      lenses.push({ name: lens.name, resolve: (input) => lens.resolve(input) })
    }
  }
  return lenses
}

async function loadDefault(path: string): Promise<unknown> {
  try {
    const loaded = await import(pathToFileURL(resolve(path)).href) as { readonly default?: unknown }
    return loaded.default
  } catch (cause) {
    throw unreadable(path, String(cause), cause)
  }
}

function isLens(value: unknown): value is Lens {
  if (typeof value !== 'object' || value === null) return false
  return typeof Reflect.get(value, 'name') === 'string' && typeof Reflect.get(value, 'resolve') === 'function'
}

function unreadable(path: string, why: string, cause?: unknown): CliError {
  return new CliError({ code: 'CLI_LENS_FILE', path }, `${path} cannot be used as a lens: ${why}`, { cause })
}
