// The checks of `stemedb doctor`. They change nothing but what an opened index changes by itself, and work
// beside a running node: what only its process can know is asked over HTTP.

import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { systemCode, systemText, TIME_LIMITS } from '../base/index.js'
import {
  loadConfig, lockDataDirectory, readDirectory, readKeyFile, silentLog, type NodeConfig, type NodeDirectory
} from '../node/index.js'
import { STORE_DEFAULTS, StoreError } from '../store/index.js'
import { createFileDisk, openWal, WAL_DEFAULTS } from '../wal/index.js'
import { connect } from './client.js'
import type { ReadyAnswer } from './commands/status.js'
import { bad, checked, doubtful, good, type DoctorFinding } from './doctor-findings.js'
import { newestBlockMs, withIndex } from './offline-store.js'
import type { Shell } from './shell.js'
import { programVersion } from './version.js'

type Findings = readonly DoctorFinding[]

/** Runs all checks that make sense after the ones before. */
export async function examine(shell: Shell, path: string): Promise<Findings> {
  const versions = versionFindings(process.versions.node)
  const config = await load(shell, path)
  const space = await checked('disk', () => spaceFindings(path))
  if ('findings' in config) return [...versions, ...config.findings, ...space]
  const directory = await read(path)
  if ('findings' in directory) return [...versions, ...directory.findings, ...space]
  const files = good('files', `keys are for their owner alone, network ${directory.found.opened.networkId}`)
  const agent = await checked('agent key', () => agentFindings(directory.found))
  const rest = await checked('node', () => nodeFindings(shell, config.found, directory.found))
  return [...versions, files, ...agent, ...space, ...rest]
}

type Found<T> = { readonly found: T } | { readonly findings: Findings }

async function load(shell: Shell, path: string): Promise<Found<NodeConfig>> {
  let found: NodeConfig | undefined
  const findings = await checked('configuration', async () => {
    found = await loadConfig({ dataDir: path }, shell.env)
    return []
  })
  return found === undefined ? { findings } : { found }
}

async function read(path: string): Promise<Found<NodeDirectory>> {
  let found: NodeDirectory | undefined
  const findings = await checked('files', async () => {
    found = await readDirectory(path)
    return []
  })
  return found === undefined ? { findings } : { found }
}

/** Node 20 gets no more fixes; older ones lack what the program calls. */
export function versionFindings(node: string): Findings {
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const text = `stemedb ${programVersion}, Node ${node}`
  if (major < 20 || (major === 20 && minor < 19)) return [bad('versions', `${text}: 20.19 or newer is needed`)]
  return [major < 22 ? doubtful('versions', `${text}: gets no more fixes, 24 is recommended`) : good('versions', text)]
}

async function agentFindings({ paths }: NodeDirectory): Promise<Findings> {
  const { signer } = await readKeyFile(paths.agentKey)
  return [good('agent key', signer.publicKey)]
}

const GIB = 1_073_741_824
/** What the index keeps free, and the next segment of the ledger. */
const NEEDED_BYTES = STORE_DEFAULTS.reserveBytes + WAL_DEFAULTS.segmentBytes

async function spaceFindings(path: string): Promise<Findings> {
  const { bavail, bsize } = await statfs(path)
  return [spaceFinding(bavail * bsize)]
}

/** What a number of free bytes means. */
export function spaceFinding(freeBytes: number): DoctorFinding {
  const text = `${(freeBytes / GIB).toFixed(1)} GiB free`
  if (freeBytes < NEEDED_BYTES) return bad('disk', `${text}: writes stop below ${NEEDED_BYTES / 1_048_576} MiB`)
  return freeBytes < GIB ? doubtful('disk', `${text}: little`) : good('disk', text)
}

/** A node that runs has the lock: then it is asked. */
async function nodeFindings(shell: Shell, config: NodeConfig, directory: NodeDirectory): Promise<Findings> {
  let lock
  try {
    lock = await lockDataDirectory(config.dataDir)
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'STORE_LOCKED') throw error
    return [good('process', error.message), ...await checked('api', () => runningFindings(shell))]
  }
  try {
    return [
      doubtful('process', 'no node runs on the directory'),
      ...await checked('api port', () => portFindings('api port', config.apiHost, config.apiPort)),
      ...await peerPortFindings(config),
      ...await checked('ledger', () => dataFindings(shell, directory))
    ]
  } finally {
    await lock.release()
  }
}

async function runningFindings(shell: Shell): Promise<Findings> {
  const api = await connect(shell)
  const ready = await api.get<ReadyAnswer>('/readyz')
  const { peers } = await api.get<{ readonly peers: readonly unknown[] }>('/v1/peers')
  const { quarantined } = await api.get<{ readonly quarantined: number }>('/v1/state')
  return [readyFinding(ready), peersFinding(peers.length), ...quarantined > 0
    ? [doubtful('clock', `${quarantined} records lie ahead of this clock: it may be behind`)]
    : [good('clock', 'nothing lies ahead of it')]]
}

/** What `/readyz` means. */
export function readyFinding(ready: ReadyAnswer): DoctorFinding {
  if (ready.index === 'damaged') return bad('index', 'it lost rows: restart the node to rebuild it', 'STORE_READ_FAILED')
  if (ready.read_only !== undefined) {
    return bad('ledger', `writes are refused (${ready.read_only}); look at the log, free the disk, restart`, ready.read_only)
  }
  if (!ready.ready) return doubtful('node', `not ready yet: ${ready.progress?.phase ?? 'starting'}`)
  return ready.index === 'counted' ? good('index', 'whole') : doubtful('index', 'its rows are being counted after a crash')
}

function peersFinding(count: number): DoctorFinding {
  return count === 0 ? doubtful('peers', 'none is connected') : good('peers', `${count} connected`)
}

async function portFindings(what: string, host: string, port: number): Promise<Findings> {
  const refusal = port === 0 ? undefined : await tryPort(host, port)
  if (refusal === undefined) return [good(what, `${host}:${port} is free`)]
  return [bad(what, `${host}:${port} cannot be bound: ${systemText(refusal)}`, systemCode(refusal))]
}

function tryPort(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** Addresses of TCP by number; names and other transports are left to the start. */
async function peerPortFindings(config: NodeConfig): Promise<Findings> {
  const all: DoctorFinding[] = []
  for (const address of config.p2pListen) {
    const found = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/.exec(address)
    const [, host, port] = found ?? []
    if (host !== undefined && port !== undefined) all.push(...await portFindings('peer port', host, Number(port)))
  }
  return all
}

async function dataFindings(shell: Shell, directory: NodeDirectory): Promise<Findings> {
  const { paths, opened: { networkId } } = directory
  const found = await withIndex(directory, async (store) => {
    const { provenSequence, needsRebuild, rebuildReason, unclean } = store
    const newestMs = needsRebuild ? 0 : await newestBlockMs(store)
    const wal = await openWal(
      { directory: paths.wal, networkId, provenSequence, readOnly: true },
      { disk: createFileDisk(), random: shell.random, log: silentLog }
    )
    const { lastSynced } = wal
    await wal.close()
    const behind = lastSynced - store.cursor
    const index = needsRebuild ? doubtful('index', `not whole (${rebuildReason ?? ''}): the next start rebuilds it`)
      : unclean ? doubtful('index', `the last stop was not clean: the next start replays ${behind} frames`)
        : good('index', `holds all ${lastSynced} frames`)
    return [good('ledger', `${lastSynced} frames`), index, clockFinding(newestMs, shell.clock.nowMs())]
  })
  return found ?? [doubtful('index', 'there is none yet: the node has never run here, or it is rebuilt at the next start')]
}

/** The clock against what peers sealed. */
export function clockFinding(newestMs: number, nowMs: number): DoctorFinding {
  const aheadMs = newestMs - nowMs
  if (aheadMs <= TIME_LIMITS.gatewayAheadMsMax) return good('clock', 'no block was sealed ahead of it')
  return doubtful('clock', `a block was sealed ${Math.round(aheadMs / 1_000)} s ahead of this clock: it may be behind`)
}
