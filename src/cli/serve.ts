// Running a node in this process: core, HTTP interface, and a clean stop on a signal.

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startApi } from '../api/index.js'
import { wait } from '../base/index.js'
import { openNode, type NodeConfig, type OpenedNode, type StemeNode } from '../node/index.js'
import { API_URL_FILE } from './client.js'
import { CliError } from './errors.js'
import { facts } from './output.js'
import type { Shell } from './shell.js'
import { programVersion } from './version.js'

/** Until a node must have stopped. */
const stopMsMax = 10_000

/** Runs a node without its HTTP interface for as long as the work takes. */
export async function runNode(
  shell: Shell, config: NodeConfig, work: (opened: OpenedNode) => Promise<void>
): Promise<void> {
  const opened = await openNode(config)
  const { node } = opened
  try {
    await node.start()
    await work(opened)
  } finally {
    await stopInTime(shell, () => node.stop())
  }
}

/**
 * Runs a node with its HTTP interface until SIGTERM (returns) or SIGINT (throws).
 * @param onStarted runs once the node is up, before it is announced on stdout
 * @throws CliError CLI_INTERRUPTED after a clean stop
 */
export async function serve(
  shell: Shell, config: NodeConfig, onStarted: (node: StemeNode) => Promise<void> = async () => {}
): Promise<void> {
  await runNode(shell, config, async ({ node, directory, log }) => {
    const api = await startApi({
      host: config.apiHost, port: config.apiPort, publicBind: config.apiPublic, allowedHosts: config.apiHosts,
      token: directory.apiToken
    }, { node, clock: shell.clock, log, version: programVersion })
    const urlFile = join(config.dataDir, API_URL_FILE)
    try {
      await writeFile(urlFile, `${api.url}\n`)
      await onStarted(node)
      announce(shell, node, api.url)
      await aborted(shell.signal)
    } finally {
      await rm(urlFile, { force: true })
      await api.stop()
    }
  })
  if (shell.signal.reason === 'SIGINT') throw new CliError({ code: 'CLI_INTERRUPTED' }, 'interrupted')
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
