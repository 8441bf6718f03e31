// join: a node joins by invite and fetches all that another one holds, over libp2p on loopback, two
// processes.

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
    const joined = JSON.parse(
      await runCli('--data-dir', join(directory, 'b'), '--json', 'join', invite, '--yes', '--listen', '/ip4/127.0.0.1/tcp/0')
    ) as { seconds: number; records: number; frontier_root: string }
    const peers = await a.get<{ peers: readonly { bytes_out: number }[] }>('/v1/peers').catch(() => ({ peers: [] }))
    const state = await a.state()
    if (joined.frontier_root !== state.frontier_root) throw new Error('the joiner has another frontier')
    const wire = peers.peers.reduce((sum, peer) => sum + peer.bytes_out, 0)
    return {
      name: 'join',
      records: RECORDS,
      record_bytes: records[0]?.length,
      records_per_s: Math.round(joined.records / joined.seconds),
      seconds: joined.seconds,
      ...(wire > 0 ? { wire_bytes_per_record: Math.round(wire / RECORDS) } : {})
    }
  } finally {
    for (const node of nodes) await node.kill('SIGTERM')
    await rm(directory, { recursive: true, force: true })
  }
}
