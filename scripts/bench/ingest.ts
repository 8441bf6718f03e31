// ingest: signed records/s through one node, 64 writers that each wait for their acknowledgement:
// admit -> durable -> sealed -> stored, while views are computed. Beside it the bare signature checks of as
// many workers, and the rate with every view up to date.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idBytes } from '../../src/base/index.js'
import { createVerifyPool } from '../../src/ingest/index.js'
import { silentLog, type StemeNode } from '../../src/node/index.js'
import { defaultBackend, openRecord, signedMessage } from '../../src/record/index.js'
import { pause } from '../cluster/process-node.js'
import { openTemporaryNode } from '../eval/temporary-node.js'
import { mainThreadMs, makeRecords, percentile, residentMib, rounded } from './workload.js'

const RECORDS = 20_000
const WRITERS = 64
const WORKERS = 2

/** Runs the benchmark. */
export async function benchIngest(): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  const { node } = await openTemporaryNode(directory, { verifyWorkers: WORKERS })
  try {
    const idleMib = residentMib()
    const records = makeRecords(node.networkId, RECORDS, RECORDS / 4)
    const verifyPerSecond = await bareVerify(node, records)
    const latencies: number[] = []
    const spentMs = await mainThreadMs()
    const startMs = performance.now()
    await write(node, records, latencies)
    const durableMs = performance.now() - startMs
    await stored(node)
    const storedMs = performance.now() - startMs
    const mainMs = (await mainThreadMs()) - spentMs
    await node.settled()
    const viewsMs = performance.now() - startMs
    const recordsPerSecond = RECORDS / (storedMs / 1_000)
    return {
      name: 'ingest',
      records: RECORDS,
      writers: WRITERS,
      backend: defaultBackend,
      record_bytes: records[0]?.length,
      records_per_s: Math.round(recordsPerSecond),
      with_views_per_s: Math.round(RECORDS / (viewsMs / 1_000)),
      durable_per_s: Math.round(RECORDS / (durableMs / 1_000)),
      p50_us: Math.round(percentile(latencies, 0.5) * 1_000),
      p99_us: Math.round(percentile(latencies, 0.99) * 1_000),
      main_thread_us: Math.round(mainMs * 1_000 / RECORDS),
      bare_verify_per_s: Math.round(verifyPerSecond),
      ratio: rounded(recordsPerSecond / verifyPerSecond),
      idle_rss_mib: idleMib,
      rss_mib: residentMib()
    }
  } finally {
    await node.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function write(node: StemeNode, records: readonly Uint8Array[], latencies: number[]): Promise<void> {
  let next = 0
  const writer = async (): Promise<void> => {
    for (let record = records[next++]; record !== undefined; record = records[next++]) {
      const startMs = performance.now()
      const [result] = await node.admit([record])
      latencies.push(performance.now() - startMs)
      if (result?.kind !== 'admitted') throw new Error(`not admitted: ${JSON.stringify(result)}`)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

/** Waits until every record is in a block and in the index. */
async function stored(node: StemeNode): Promise<void> {
  while (node.stats()['store_records_count'] !== RECORDS) await pause(1)
}

/** Signature checks alone, by as many workers, in batches as large as the workers like. */
async function bareVerify(node: StemeNode, records: readonly Uint8Array[]): Promise<number> {
  const pool = createVerifyPool({ workers: WORKERS, queueMax: RECORDS }, { log: silentLog })
  const jobs = records.flatMap((bytes) => {
    const opened = openRecord(bytes)
    if (opened.grade === 'invalid') return []
    const message = signedMessage(bytes, node.networkId)
    return [{ publicKey: idBytes(opened.agentId), signature: opened.signature, message }]
  })
  await pool.verify(jobs.slice(0, 1_000))
  const startMs = performance.now()
  const verdicts = await pool.verify(jobs)
  const seconds = (performance.now() - startMs) / 1_000
  await pool.stop()
  if (verdicts?.every((valid) => valid) !== true) throw new Error('a signature did not verify')
  return jobs.length / seconds
}
