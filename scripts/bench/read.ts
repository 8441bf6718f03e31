// read: answers from stored views, in process and over HTTP, beside a static route of the same server.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApi } from '../../src/api/index.js'
import { systemClock } from '../../src/base/index.js'
import { directoryPaths, silentLog, type StemeNode } from '../../src/node/index.js'
import { admitAll } from '../eval/load.js'
import { openTemporaryNode } from '../eval/temporary-node.js'
import { makeRecords, percentile, residentMib, rounded } from './workload.js'

const VIEWS = 10_000
const IN_PROCESS = 50_000
const OVER_HTTP = 5_000
const CONNECTIONS = 32
const RECORDS_PER_CALL = 1_000

/** Runs the benchmark. */
export async function benchRead(): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  const temporary = await openTemporaryNode(directory)
  const { node } = temporary
  try {
    const records = makeRecords(node.networkId, VIEWS, VIEWS)
    for (let at = 0; at < records.length; at += RECORDS_PER_CALL) {
      await admitAll(temporary, records.slice(at, at + RECORDS_PER_CALL))
    }
    await node.settled()
    const token = (await readFile(directoryPaths(directory).apiToken, 'utf8')).trim()
    const api = await startApi(
      { host: '127.0.0.1', port: 0, publicBind: false, allowedHosts: [], token },
      { node, clock: systemClock, log: silentLog, version: 'bench' }
    )
    try {
      const inProcess = await measureInProcess(node)
      const one = await measureHttp(api.url, queryPath, 1, OVER_HTTP)
      const many = await measureHttp(api.url, queryPath, CONNECTIONS, OVER_HTTP * 4)
      const fixed = await measureHttp(api.url, () => '/healthz', CONNECTIONS, OVER_HTTP * 4)
      return {
        name: 'read',
        views: VIEWS,
        p50_us: inProcess.p50,
        p99_us: inProcess.p99,
        http_p50_us: one.p50,
        http_p99_us: one.p99,
        http_per_s_32: many.perSecond,
        static_per_s_32: fixed.perSecond,
        ratio: rounded(many.perSecond / fixed.perSecond),
        rss_mib: residentMib()
      }
    } finally {
      await api.stop()
    }
  } finally {
    await node.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

interface Measured {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
}

/** A key of the workload, spread evenly and the same in every run. */
function subjectOf(index: number): string {
  return `subject ${(index * 7_919) % VIEWS}`
}

function queryPath(index: number): string {
  return `/v1/query?subject=${encodeURIComponent(subjectOf(index))}&predicate=value&lens=Consensus`
}

async function measureInProcess(node: StemeNode): Promise<Measured> {
  const ask = (index: number): Promise<unknown> =>
    node.query({ subject: subjectOf(index), predicate: 'value', lens: 'Consensus' })
  for (let index = 0; index < VIEWS; index += 1) await ask(index)
  return measure(IN_PROCESS, 1, ask)
}

async function measureHttp(
  url: string,
  path: (index: number) => string,
  connections: number,
  count: number
): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  try {
    for (let index = 0; index < 1_000; index += 1) await fetchOnce(agent, `${url}${path(index)}`)
    return await measure(count, connections, (index) => fetchOnce(agent, `${url}${path(index)}`))
  } finally {
    agent.destroy()
  }
}

function fetchOnce(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`))
      response.resume()
      response.on('end', resolve)
    }).on('error', reject)
  })
}

async function measure(
  count: number, width: number, ask: (index: number) => Promise<unknown>
): Promise<Measured> {
  const latencies: number[] = []
  let next = 0
  const startMs = performance.now()
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) {
      const index = next
      next += 1
      const askedMs = performance.now()
      await ask(index)
      latencies.push(performance.now() - askedMs)
    }
  }))
  const seconds = (performance.now() - startMs) / 1_000
  const micros = (share: number): number => rounded(percentile(latencies, share) * 1_000)
  return { p50: micros(0.5), p99: micros(0.99), perSecond: Math.round(count / seconds) }
}
