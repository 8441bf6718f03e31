// Configuration of a node, checked before anything starts. The one file that reads the environment.
// Rule: flags > environment (STEMEDB_*) > stemedb.toml > defaults.

import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse as parseToml } from 'smol-toml'
import { NodeError } from './errors.js'
import { readIfThere } from './whole-file.js'

/** A checked configuration. */
export interface NodeConfig {
  readonly dataDir: string
  /** Host and port of the HTTP API; port 0 = any free one. */
  readonly apiHost: string
  readonly apiPort: number
  /** Allows a host that others can reach. */
  readonly apiPublic: boolean
  /** Host names allowed in the Host header, beside the bound one and loopback. */
  readonly apiHosts: readonly string[]
  /** Multiaddrs to listen on; none = dial only. */
  readonly p2pListen: readonly string[]
  readonly p2pAnnounce: readonly string[]
  /** Multiaddrs to dial beside those that came with the invite. */
  readonly p2pBootstrap: readonly string[]
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
  readonly verifyWorkers: number
  /** Threads that compute trust: 0 = on the main thread, 1. */
  readonly trustWorkers: number
  readonly cacheMib: number
  /** MiB of blocks of one other node that an open network's node admits an hour; 0 = no bound. */
  readonly nodeMibPerHour: number
}

type Setting = keyof NodeConfig
type Raw = string | number | boolean | readonly string[]

/** Settings as given on the command line, by their names in NodeConfig. */
export type ConfigFlags = { readonly [Name in Setting]?: Raw | undefined }

/** The environment's variables. */
export type Environment = Readonly<Record<string, string | undefined>>

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

/** Where each setting is found, its default and how it is checked. */
const SETTINGS: { readonly [Name in Setting]: readonly [env: string, toml: string, fallback: Raw] } = {
  dataDir: ['STEMEDB_DATA_DIR', '', ''],
  apiHost: ['STEMEDB_API_HOST', 'api.host', '127.0.0.1'],
  apiPort: ['STEMEDB_API_PORT', 'api.port', 8470],
  apiPublic: ['STEMEDB_API_PUBLIC', 'api.public', false],
  apiHosts: ['STEMEDB_API_HOSTS', 'api.hosts', []],
  p2pListen: ['STEMEDB_P2P_LISTEN', 'p2p.listen', ['/ip4/0.0.0.0/tcp/8471']],
  p2pAnnounce: ['STEMEDB_P2P_ANNOUNCE', 'p2p.announce', []],
  p2pBootstrap: ['STEMEDB_P2P_BOOTSTRAP', 'p2p.bootstrap', []],
  logLevel: ['STEMEDB_LOG_LEVEL', 'log.level', 'info'],
  // One worker a core of the reference machine.
  verifyWorkers: ['STEMEDB_VERIFY_WORKERS', 'ingest.verify_workers', 2],
  trustWorkers: ['STEMEDB_TRUST_WORKERS', 'trust.workers', 1],
  // Point reads are 7-10 times cheaper from the cache; below 128 MiB they fall off at a million views.
  cacheMib: ['STEMEDB_CACHE_MIB', 'store.cache_mib', 128],
  // About 200,000 records an hour: more than agents write, and a stranger fills 1.5 GiB a day at most.
  nodeMibPerHour: ['STEMEDB_NODE_MIB_PER_HOUR', 'p2p.node_mib_per_hour', 64]
}

/** The process environment, for callers that read no other variable. */
export function environment(): Environment {
  return process.env
}

/** Absolute path of the data directory that flags and environment name: `~/.stemedb` without either. */
export function dataDirectory(flags: ConfigFlags, env: Environment = process.env): string {
  return resolve(String(flags.dataDir ?? env[SETTINGS.dataDir[0]] ?? join(homedir(), '.stemedb')))
}

/**
 * Reads and checks the configuration of a data directory. A missing stemedb.toml is no error.
 * @throws NodeError NODE_CONFIG, NODE_NO_ACCESS
 */
export async function loadConfig(
  flags: ConfigFlags = {}, env: Environment = process.env
): Promise<NodeConfig> {
  const dataDir = dataDirectory(flags, env)
  const file = await readSettings(join(dataDir, 'stemedb.toml'))
  const raw = (name: Setting): Raw => {
    const [variable, path, fallback] = SETTINGS[name]
    return flags[name] ?? env[variable] ?? file.get(path) ?? fallback
  }
  return {
    dataDir,
    apiHost: text(raw, 'apiHost'),
    apiPort: whole(raw, 'apiPort', 0, 65_535),
    apiPublic: flag(raw, 'apiPublic'),
    apiHosts: list(raw, 'apiHosts'),
    p2pListen: list(raw, 'p2pListen'),
    p2pAnnounce: list(raw, 'p2pAnnounce'),
    p2pBootstrap: list(raw, 'p2pBootstrap'),
    logLevel: level(raw),
    verifyWorkers: whole(raw, 'verifyWorkers', 0, 64),
    trustWorkers: whole(raw, 'trustWorkers', 0, 1),
    cacheMib: whole(raw, 'cacheMib', 8, 65_536),
    nodeMibPerHour: whole(raw, 'nodeMibPerHour', 0, 1_048_576)
  }
}

type RawOf = (name: Setting) => Raw

async function readSettings(path: string): Promise<ReadonlyMap<string, Raw>> {
  const settings = new Map<string, Raw>()
  const source = await readIfThere(path).catch((cause: unknown) => {
    if (!(cause instanceof NodeError) || cause.code === 'NODE_NO_ACCESS') throw cause
    throw new NodeError({ code: 'NODE_CONFIG', setting: path }, cause.message, { cause })
  })
  if (source === undefined) return settings
  const known = new Set(Object.values(SETTINGS).map(([, toml]) => toml))
  for (const [name, value] of flatten(parseSource(path, source.toString('utf8')))) {
    if (!known.has(name)) throw bad(name, `stemedb.toml: unknown setting ${name}`)
    settings.set(name, value)
  }
  return settings
}

function parseSource(path: string, source: string): object {
  try {
    return parseToml(source)
  } catch (error) {
    throw new NodeError({ code: 'NODE_CONFIG', setting: path }, `${path} is not TOML`, { cause: error })
  }
}

function flatten(tables: object): [string, Raw][] {
  const found: [string, Raw][] = []
  for (const [table, members] of Object.entries(tables) as [string, unknown][]) {
    if (typeof members !== 'object' || members === null || Array.isArray(members)) {
      throw bad(table, `stemedb.toml: ${table} must be a table`)
    }
    for (const [name, value] of Object.entries(members) as [string, Raw][]) found.push([`${table}.${name}`, value])
  }
  return found
}

function text(raw: RawOf, name: Setting): string {
  const value = raw(name)
  if (typeof value !== 'string' || value === '') throw bad(name, `${name} must be a text`)
  return value
}

function whole(raw: RawOf, name: Setting, least: number, most: number): number {
  const given = raw(name)
  const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw bad(name, `${name} must be a whole number from ${least} to ${most}`)
  }
  return value
}

function flag(raw: RawOf, name: Setting): boolean {
  const value = raw(name)
  if (value === true || value === 'true' || value === '1') return true
  if (value === false || value === 'false' || value === '0') return false
  throw bad(name, `${name} must be true or false`)
}

function list(raw: RawOf, name: Setting): readonly string[] {
  const value = raw(name)
  if (typeof value === 'string') return value.split(',').map((part) => part.trim()).filter((part) => part !== '')
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string')) {
    throw bad(name, `${name} must be a list of texts`)
  }
  return value as readonly string[]
}

function level(raw: RawOf): NodeConfig['logLevel'] {
  const found = LOG_LEVELS.find((name) => name === raw('logLevel'))
  if (found === undefined) throw bad('logLevel', `logLevel must be one of ${LOG_LEVELS.join(', ')}`)
  return found
}

function bad(setting: string, message: string): NodeError {
  return new NodeError({ code: 'NODE_CONFIG', setting }, message)
}
