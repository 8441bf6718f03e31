// join: a node joins by invite and fetches all that another one holds, over libp2p on loopback, two
// processes. Seconds are wall clock from the start of the joiner's process to the end of its first sync;
// bytes are those of its sync frames.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseNetworkId } from '../../src/base/index.js'
import { runCli, startNode, waitFor, type ProcessNode } from '../cluster/process-node.js'
import { makeRecords } from './workload.js'

const RECORDS = 20_000
const LIMIT_MS = 120_000

/** Runs the benchmark. */
export async function benchJoin(): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  const nodes: ProcessNode[] = []
  try {
    const first = join(directory, 'a')
    await runCli('--data-dir', first, 'init', '--name', 'bench')
    const a = await startNode('a', first)
    nodes.push(a)
    const { network_id: id } = await a.get<{ network_id: string }>('/v1/network')
    const networkId = parseNetworkId(id)
    if (networkId === undefined) throw new Error('no network id')
    const records = makeRecords(networkId, RECORDS, RECORDS / 4)
    await a.send(records)
    await waitFor('all records in blocks', LIMIT_MS, async () => (await a.state()).records >= RECORDS)
    const invite = await runCli('--data-dir', first, 'invite')
    const startMs = performance.now()
    const b = await startNode('b', join(directory, 'b'), { words: ['join', invite, '--yes', '--start'] })
    nodes.push(b)
    await waitFor('the first sync', LIMIT_MS, () => isSynced(b))
    const seconds = (performance.now() - startMs) / 1_000
    const [held, state] = await Promise.all([a.state(), b.state()])
    if (held.frontier_root !== state.frontier_root) throw new Error('the joiner has another frontier')
    const { peers } = await b.get<{ peers: readonly { bytes_in: number }[] }>('/v1/peers')
    const wireBytes = peers.reduce((sum, peer) => sum + peer.bytes_in, 0)
    if (wireBytes === 0) throw new Error('the joiner counted no bytes')
    return {
      name: 'join',
      records: RECORDS,
      record_bytes: records[0]?.length,
      records_per_s: Math.round(state.records / b.joinSeconds),
      seconds: b.joinSeconds,
      with_process_start_seconds: Math.round(seconds * 1_000) / 1_000,
      wire_bytes_per_record: Math.round(wireBytes / state.records)
    }
  } finally {
    for (const node of nodes) await node.kill('SIGTERM')
    await rm(directory, { recursive: true, force: true })
  }
}

/** A node that is not ready answers 503 with the same report. */
async function isSynced(node: ProcessNode): Promise<boolean> {
  const response = await fetch(`${node.api}/readyz`)
  const { ready, first_sync: firstSync } = await response.json() as { ready: boolean; first_sync: string }
  return ready && firstSync === 'done'
}
