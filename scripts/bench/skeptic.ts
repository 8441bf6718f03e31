// skeptic: the whole dispute about one key by its number of candidates, and how long it keeps others waiting.
// Worst case: every candidate is of an agent of its own, all values differ, one in ten has a vote.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { NetworkId } from '../../src/base/index.js'
import type { StemeNode } from '../../src/node/index.js'
import { buildAssertion, buildVote, createSigner, openRecord, seedFromName } from '../../src/record/index.js'
import { admitAll } from '../eval/load.js'
import { openTemporaryNode } from '../eval/temporary-node.js'
import { percentile, rounded } from './workload.js'

const SIZES = [10, 100, 1_000, 10_000] as const
const RUNS = 15
const PAGE = 100
const RECORDS_PER_CALL = 1_000
const VOTED_EVERY = 10
const START_MS = 1_700_000_000_000
const NS_PER_MS = 1_000_000
const US_PER_MS = 1_000

/** Runs the benchmark. */
export async function benchSkeptic(): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  const temporary = await openTemporaryNode(directory)
  const { node } = temporary
  try {
    for (const size of SIZES) {
      const records = disputed(node.networkId, size)
      for (let at = 0; at < records.length; at += RECORDS_PER_CALL) {
        await admitAll(temporary, records.slice(at, at + RECORDS_PER_CALL))
      }
    }
    await node.settled()
    const rows: Record<string, Measured> = {}
    for (const size of SIZES) rows[size] = await measure(node, size)
    const [small, large] = [rows[1_000], rows[10_000]]
    return {
      name: 'skeptic', candidates: rows,
      growth_1000_to_10000: rounded((large?.p50_ms ?? 0) / (small?.p50_ms ?? 1)),
      under_200_ms: (large?.p50_ms ?? Infinity) < 200
    }
  } finally {
    await node.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

interface Measured {
  readonly p50_ms: number
  readonly max_ms: number
  /** CPU time of the whole process an answer: what is left of it on a machine with nothing else to do. */
  readonly cpu_ms: number
  /** Longest time that the main loop did not turn meanwhile. */
  readonly loop_delay_max_ms: number
}

async function measure(node: StemeNode, size: number): Promise<Measured> {
  const request = { subject: subjectOf(size), predicate: 'value', limit: PAGE }
  for (let run = 0; run < 3; run += 1) await node.dispute(request)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const times: number[] = []
  const cpu = process.cpuUsage()
  for (let run = 0; run < RUNS; run += 1) {
    const startedMs = performance.now()
    await node.dispute(request)
    times.push(performance.now() - startedMs)
  }
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  return {
    p50_ms: rounded(percentile(times, 0.5)), max_ms: rounded(Math.max(...times)),
    cpu_ms: rounded((user + system) / US_PER_MS / RUNS),
    loop_delay_max_ms: rounded(delay.max / NS_PER_MS)
  }
}

function subjectOf(size: number): string {
  return `dispute of ${size}`
}

function disputed(networkId: NetworkId, size: number): readonly Uint8Array[] {
  return Array.from({ length: size }, (_, at) => {
    const signer = createSigner(seedFromName(`disputant ${at}`))
    const fields = {
      timestampMs: START_MS + at, subject: subjectOf(size), predicate: 'value', object: `answer ${at}`, source: 'bench'
    }
    const assertion = buildAssertion(fields, signer, networkId)
    const opened = at % VOTED_EVERY === 0 ? openRecord(assertion) : undefined
    if (opened?.grade !== 'effective') return [assertion]
    const voter = createSigner(seedFromName(`voter ${at}`))
    const vote = { timestampMs: START_MS + at, assertion: opened.id, weight: 1_000_000 }
    return [assertion, buildVote(vote, voter, networkId)]
  }).flat()
}
