// replicate: two processes over libp2p on loopback. Records are written to A as fast as it takes them; the
// rate is that at which verified records arrive in the index of B. Then a steady 1,000/s, to measure the
// lag A -> B.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blake3Hash, parseNetworkId } from '../../src/base/index.js'
import { pause, runCli, startNode, waitFor, type ProcessNode } from '../cluster/process-node.js'
import { makeRecords, percentile, rounded } from './workload.js'

const BURST = 20_000
const STEADY = 5_000
const STEADY_BATCH = 50
const LIMIT_MS = 120_000

/** Runs the benchmark. */
export async function benchReplicate(): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  const nodes: ProcessNode[] = []
  try {
    const [a, b] = await startPair(directory, nodes)
    const { network_id: id } = await a.get<{ network_id: string }>('/v1/network')
    const networkId = parseNetworkId(id)
    if (networkId === undefined) throw new Error('no network id')
    const records = makeRecords(networkId, BURST + STEADY, BURST / 4)
    const startMs = performance.now()
    await a.send(records.slice(0, BURST))
    const sentMs = performance.now()
    await waitFor('the burst on B', LIMIT_MS, async () => (await b.state()).records >= BURST)
    const seconds = (performance.now() - startMs) / 1_000
    const lags = await steadyLags(a, b, records.slice(BURST))
    return {
      name: 'replicate',
      records: BURST,
      records_per_s: Math.round(BURST / seconds),
      sent_per_s: Math.round(BURST / ((sentMs - startMs) / 1_000)),
      ratio: rounded((sentMs - startMs) / 1_000 / seconds),
      steady_per_s: 1_000,
      p50_us: Math.round(percentile(lags, 0.5) * 1_000),
      p99_us: Math.round(percentile(lags, 0.99) * 1_000)
    }
  } finally {
    for (const node of nodes) await node.kill('SIGTERM')
    await rm(directory, { recursive: true, force: true })
  }
}

async function startPair(
  directory: string, nodes: ProcessNode[]
): Promise<readonly [ProcessNode, ProcessNode]> {
  const [first, second] = [join(directory, 'a'), join(directory, 'b')]
  await runCli('--data-dir', first, 'init', '--name', 'bench')
  const a = await startNode('a', first)
  nodes.push(a)
  const invite = await runCli('--data-dir', first, 'invite')
  const b = await startNode('b', second, { words: ['join', invite, '--yes', '--start'] })
  nodes.push(b)
  return [a, b]
}

interface Sent {
  readonly id: string
  readonly ackMs: number
}

/**
 * Lag of each batch's last record, from its acknowledgement on A to its presence on B. One feed arrives in
 * its order, so only the oldest batch that is missing is asked for, each ms: a question for every batch on
 * its way would load B the more, the later it is.
 */
async function steadyLags(
  a: ProcessNode, b: ProcessNode, records: readonly Uint8Array[]
): Promise<number[]> {
  const lags: number[] = []
  const sent: Sent[] = []
  const startMs = performance.now()
  const sending = sendSteadily(a, records, startMs, sent)
  for (let at = 0; at * STEADY_BATCH < records.length;) {
    const next = sent[at]
    if (next === undefined) await Promise.race([pause(1), sending])
    else {
      await seen(b, next.id)
      lags.push(performance.now() - next.ackMs)
      at += 1
    }
  }
  await sending
  return lags
}

async function sendSteadily(
  a: ProcessNode, records: readonly Uint8Array[], startMs: number, sent: Sent[]
): Promise<void> {
  for (let at = 0; at < records.length; at += STEADY_BATCH) {
    const batch = records.slice(at, at + STEADY_BATCH)
    await a.send(batch)
    sent.push({ id: blake3Hash(batch[batch.length - 1] ?? new Uint8Array()), ackMs: performance.now() })
    await pause(Math.max(0, startMs + at + STEADY_BATCH - performance.now()))
  }
}

async function seen(node: ProcessNode, id: string): Promise<void> {
  const end = performance.now() + LIMIT_MS
  for (;;) {
    const response = await fetch(`${node.api}/v1/assertions/${id}`)
    await response.arrayBuffer()
    if (response.status === 200) return
    if (performance.now() > end) throw new Error(`record ${id} did not arrive`)
    await pause(1)
  }
}
