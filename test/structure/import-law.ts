// The import law: imports run strictly downward, folders of one floor never import each other, a folder is
// entered by its index.ts alone, each third-party package has one door, and files form no circle.

import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { importsOf } from './imports.js'
import type { Sources } from './sources.js'

/** Folders of src by floor, lowest first. */
const FLOORS: readonly (readonly string[])[] = [
  ['base'],
  ['record', 'wal'],
  ['lenses', 'trustrank', 'store'],
  ['dag'],
  ['ingest', 'materializer', 'query', 'p2p'],
  ['node'],
  ['api'],
  ['cli']
]

/** Folders without I/O, clock and randomness, and the built-in modules that break none of that. */
const PURE_FOLDERS: ReadonlySet<string> = new Set(['base', 'record', 'lenses', 'trustrank'])
const PURE_BUILTINS: ReadonlySet<string> = new Set(['node:crypto', 'node:module', 'node:buffer', 'node:util'])

/** The one folder that may import a package. A name that ends in `*` stands for all that begin so. */
const DOORS: readonly (readonly [name: string, folder: string])[] = [
  ['hash-wasm', 'base'],
  ['@noble/hashes', 'base'],
  ['@ipld/dag-cbor', 'record'],
  ['multiformats', 'record'],
  ['@noble/ed25519', 'record'],
  ['sodium-native', 'record'],
  ['level', 'store'],
  ['libp2p', 'p2p'],
  ['@libp2p/*', 'p2p'],
  ['@multiformats/multiaddr', 'p2p'],
  ['it-*', 'p2p'],
  ['smol-toml', 'node'],
  ['pino', 'node'],
  ['fastify', 'api'],
  ['@fastify/swagger', 'api'],
  ['typebox', 'api'],
  ['prom-client', 'api'],
  ['commander', 'cli'],
  ['picocolors', 'cli'],
  ['@ipld/car', 'cli']
]

/** What a file does against the law. */
export type ViolationKind =
  | 'empty' | 'homeless' | 'outside' | 'unresolved' | 'upward' | 'sibling' | 'deep' | 'door' | 'impure' | 'circle'

/** One breach, with the file and line that make it. */
export interface Violation {
  readonly kind: ViolationKind
  readonly where: string
  readonly what: string
}

/** All breaches of the law in a set of files. An empty set is one: a scan of nothing proves nothing. */
export function checkImportLaw(sources: Sources): readonly Violation[] {
  if (sources.size === 0) return [{ kind: 'empty', where: 'src', what: 'no file was scanned' }]
  const violations: Violation[] = []
  const edges = new Map<string, string[]>()
  for (const [path, text] of sources) {
    const targets: string[] = []
    edges.set(path, targets)
    if (floorOf(path) < 0) {
      violations.push({ kind: 'homeless', where: path, what: 'its folder stands on no floor' })
      continue
    }
    for (const { specifier, line } of importsOf(path, text)) {
      const where = `${path}:${line}`
      const breach = specifier.startsWith('.')
        ? judgeRelative(sources, path, specifier, targets)
        : judgePackage(folderOf(path), specifier)
      if (breach !== undefined) violations.push({ kind: breach, where, what: specifier })
    }
  }
  return [...violations, ...findCircles(edges)]
}

function judgeRelative(
  sources: Sources, path: string, specifier: string, targets: string[]
): ViolationKind | undefined {
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
  if (target === '../package.json') return undefined
  if (target.startsWith('..')) return 'outside'
  if (!sources.has(target)) return 'unresolved'
  targets.push(target)
  if (folderOf(target) === folderOf(path)) return undefined
  if (floorOf(target) > floorOf(path)) return 'upward'
  if (floorOf(target) === floorOf(path)) return 'sibling'
  return target === `${folderOf(target)}/index.ts` ? undefined : 'deep'
}

function judgePackage(folder: string, specifier: string): ViolationKind | undefined {
  if (isBuiltin(specifier)) {
    return PURE_FOLDERS.has(folder) && !PURE_BUILTINS.has(specifier) ? 'impure' : undefined
  }
  const door = DOORS.find(([name]) => name.endsWith('*')
    ? specifier.startsWith(name.slice(0, -1))
    : specifier === name || specifier.startsWith(`${name}/`))
  return door?.[1] === folder ? undefined : 'door'
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : ''
}

function floorOf(path: string): number {
  return FLOORS.findIndex((floor) => floor.includes(folderOf(path)))
}

/** One violation for each edge that closes a circle on a depth-first walk. */
function findCircles(edges: ReadonlyMap<string, readonly string[]>): readonly Violation[] {
  const found: Violation[] = []
  const done = new Set<string>()
  const trail: string[] = []
  const walk = (path: string): void => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push({ kind: 'circle', where: path, what: [...trail.slice(start), path].join(' -> ') })
    if (start >= 0 || done.has(path)) return
    trail.push(path)
    for (const target of edges.get(path) ?? []) walk(target)
    trail.pop()
    done.add(path)
  }
  for (const path of edges.keys()) walk(path)
  return found
}
