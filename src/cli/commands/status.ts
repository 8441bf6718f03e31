// stemedb status: is the node ready, what does it hold, whom does it talk to.

import { connect } from '../client.js'
import { facts } from '../output.js'
import type { AddCommand, Shell } from '../shell.js'
import { auditText, type StateAnswer } from './state.js'

/** What `/readyz` answers. */
export interface ReadyAnswer {
  readonly ready: boolean
  readonly first_sync: 'done' | 'running' | 'alone'
  readonly index: 'counted' | 'uncounted' | 'damaged'
  readonly read_only?: string
  readonly progress?: { readonly phase: string; readonly done: number; readonly total: number }
}

interface NetworkAnswer {
  readonly network_id: string
  readonly node_key: string
  readonly addresses: readonly string[]
  readonly genesis: { readonly name: string }
}

/** Adds `stemedb status`. */
export const addStatus: AddCommand = (program, shell) => {
  program.command('status').description('the node in a few lines').action(() => status(shell))
}

async function status(shell: Shell): Promise<void> {
  const api = await connect(shell)
  const ready = await api.get<ReadyAnswer>('/readyz')
  const network = await api.get<NetworkAnswer>('/v1/network')
  const state = await api.get<StateAnswer>('/v1/state')
  const { peers } = await api.get<{ readonly peers: readonly unknown[] }>('/v1/peers')
  const value = {
    api: api.url, ...ready, network: network.genesis.name, network_id: network.network_id,
    node_key: network.node_key, addresses: network.addresses, peers: peers.length, records: state.records,
    frontier_root: state.frontier_root, dirty_marks: state.dirty_marks,
    ...(state.last_audit === undefined ? {} : { last_audit: state.last_audit })
  }
  shell.output.data(value, () => facts([
    ['node', network.node_key],
    ['network', `${network.genesis.name} (${network.network_id})`],
    ['ready', readyText(ready)],
    ['api', api.url],
    ...network.addresses.map((address) => ['address', address] as const),
    ['peers', peers.length],
    ['records', state.records],
    ['frontier', state.frontier_root],
    ['views due', state.dirty_marks],
    ['audited', auditText(state)]
  ]))
}

function readyText(ready: ReadyAnswer): string {
  if (ready.index === 'damaged') return 'no: the index lost rows; restart the node to rebuild it'
  if (ready.read_only !== undefined) return `read-only: ${ready.read_only}`
  const { progress } = ready
  if (progress !== undefined) return `${progress.phase} ${progress.done} of ${progress.total}`
  return `${ready.ready ? 'yes' : 'not yet'}, first sync ${ready.first_sync}`
}
