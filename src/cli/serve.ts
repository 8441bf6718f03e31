// Running a node in this process: core, HTTP interface, and a clean stop on a signal.

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startApi, type ApiServer } from '../api/index.js'
import { wait } from '../base/index.js'
import { type Lens, openNode, type NodeConfig, type NodeMode, type OpenedNode, type StemeNode } from '../node/index.js'
import { API_URL_FILE } from './client.js'
import { CliError } from './errors.js'
import { facts } from './output.js'
import { startProgress } from './progress.js'
import type { Shell } from './shell.js'
import { programVersion } from './version.js'

/** Until a node must have stopped. */
const stopMsMax = 10_000
const progressMs = 100

/** Runs a node without its HTTP interface for as long as the work takes. */
export async function runNode(
  shell: Shell, config: NodeConfig, work: (node: StemeNode) => Promise<void>, mode: NodeMode = 'serving'
): Promise<void> {
  const { node } = await openNode(config, mode)
  try {
    if (!await startNode(shell, node)) throw interrupted()
    await work(node)
  } finally {
    await stopInTime(shell, () => node.stop())
  }
}

/**
 * Runs a node with its HTTP interface until SIGTERM (returns) or SIGINT (throws). The interface is there
 * while the ledger is replayed, and says so.
 * @param onStarted runs once the node is up, before it is announced on stdout
 * @param lenses    answered by name beside the standard ones
 * @throws CliError CLI_INTERRUPTED after a clean stop
 */
export async function serve(
  shell: Shell, config: NodeConfig, onStarted: (node: StemeNode) => Promise<void> = async () => {},
  lenses: readonly Lens[] = []
): Promise<void> {
  const opened = await openNode(config, 'serving', lenses)
  const { node } = opened
  const urlFile = join(config.dataDir, API_URL_FILE)
  let api: ApiServer | undefined
  try {
    api = await listen(shell, config, opened)
    await writeFile(urlFile, `${api.url}\n`)
    if (await startNode(shell, node)) {
      await onStarted(node)
      announce(shell, node, api.url)
      await aborted(shell.signal)
    }
  } finally {
    await stopInTime(shell, async () => {
      // The directory is ours until the node has stopped, so the file is too: one of a killed node is stale.
      await rm(urlFile, { force: true })
      await api?.stop()
      await node.stop()
    })
  }
  if (shell.options.json !== true) shell.output.note('stopped')
  if (shell.signal.reason === 'SIGINT') throw interrupted()
}

function listen(shell: Shell, config: NodeConfig, { node, directory, log }: OpenedNode): Promise<ApiServer> {
  return startApi({
    host: config.apiHost, port: config.apiPort, publicBind: config.apiPublic, allowedHosts: config.apiHosts,
    token: directory.apiToken
  }, { node, clock: shell.clock, log, version: programVersion })
}

/** Starts a node and shows how far its replay is; false when a signal came first. */
async function startNode(shell: Shell, node: StemeNode): Promise<boolean> {
  const started = new AbortController()
  const progress = startProgress(shell.output, shell.clock, 'replaying', 'frames')
  const start = node.start().finally(() => started.abort())
  const watch = async (): Promise<void> => {
    while (!started.signal.aborted) {
      const { progress: replay } = node.ready()
      if (replay?.phase === 'replay') progress.at(replay.done, replay.total)
      await wait(shell.clock, progressMs, started.signal)
    }
  }
  try {
    await Promise.race([Promise.all([start, watch()]), aborted(shell.signal)])
  } finally {
    progress.end()
    started.abort()
  }
  return !shell.signal.aborted
}

function interrupted(): CliError {
  return new CliError({ code: 'CLI_INTERRUPTED' }, 'interrupted')
}

function announce(shell: Shell, node: StemeNode, url: string): void {
  const value = {
    api: url, addresses: node.addresses(), node_key: node.nodeKey, network_id: node.networkId,
    name: node.genesis.name
  }
  shell.output.data(value, () => facts([
    ['api', url],
    ...value.addresses.map((address) => ['address', address] as const),
    ['node', value.node_key],
    ['network', `${value.name} (${value.network_id})`]
  ]))
}

async function stopInTime(shell: Shell, stop: () => Promise<void>): Promise<void> {
  const done = new AbortController()
  const late = wait(shell.clock, stopMsMax, done.signal).then(() => 'late' as const)
  const first = await Promise.race([stop().then(() => 'stopped' as const), late])
  done.abort()
  if (first === 'late') shell.output.note('stemedb: not everything stopped in time; the ledger holds what was acknowledged')
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
