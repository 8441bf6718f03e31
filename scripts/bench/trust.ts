// trust: 200,000 ballots in a running node: what computing trust takes off the main thread, what the main
// thread feels of it, and how long a further vote takes to its view meanwhile. And as many ballots on
// yes-or-no facts, under one closed predicate and under very many: anybody can make one with six ballots.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { blake3, blake3Hash, type Hash, type NetworkId, toHex, utf8Bytes } from '../../src/base/index.js'
import type { StemeNode } from '../../src/node/index.js'
import { buildAssertion, buildVote, createSigner, openRecord, seedFromName, type Signer } from '../../src/record/index.js'
import { computeTrust, createBallotBook, OPEN_POLICY } from '../../src/trustrank/index.js'
import { admitAll } from '../eval/load.js'
import { openTemporaryNode } from '../eval/temporary-node.js'
import { percentile, residentMib, rounded } from './workload.js'

const BALLOTS = 200_000
const AGENTS = 500
const BALLOTS_PER_ITEM = 20
const VALUES = 4
const RECORDS_PER_CALL = 1_000
/** Computations that are measured. */
const COMPUTATIONS = 5
/** Votes whose way to their view is measured, between computations and during them. */
const VOTES = 100
const RESOLUTION_MS = 5
const CLOSED_PREDICATES = 2_000
const BALLOTS_PER_FACT = 4
const IDLE_MS = 5_000
const START_MS = 1_700_000_000_000

/** Runs the benchmark. */
export async function benchTrust({ records = BALLOTS }: { readonly records?: number }): Promise<object> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  const temporary = await openTemporaryNode(directory)
  const { node } = temporary
  try {
    const agents = Array.from({ length: AGENTS }, (_, index) => createSigner(seedFromName(`bench ${index}`)))
    const loadMs = performance.now()
    for (let at = 0; at < records; at += RECORDS_PER_CALL) {
      const count = Math.min(RECORDS_PER_CALL, records - at)
      const ballots = Array.from({ length: count }, (_, more) => ballot(node.networkId, agents, at + more))
      await admitAll(temporary, ballots)
    }
    await node.settled()
    const loadSeconds = (performance.now() - loadMs) / 1_000
    const idle = await measureIdle()
    const computed = await measureComputations(node, agents)
    const votes = await measureVotes(node, agents)
    const [one, many] = [1, CLOSED_PREDICATES].map((predicates) => closedSeconds(records, agents, predicates))
    const stats = node.stats()
    return {
      name: 'trust', ballots: stats['trust_ballots_count'], agents: stats['trust_agents_count'],
      load_s: rounded(loadSeconds), ...idle, ...computed, ...votes,
      closed_1_compute_s: one, closed_2000_compute_s: many,
      publications: stats['trust_publications_total'], restarts: stats['trust_restarts_total'], rss_mib: residentMib()
    }
  } finally {
    await node.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Seconds that trust takes over yes-or-no facts spread over closed predicates, in this thread. */
function closedSeconds(ballots: number, agents: readonly Signer[], predicates: number): number {
  const book = createBallotBook(OPEN_POLICY.roundMs)
  const clusters = ['yes', 'no'].map((value) => (
    { value: toHex(utf8Bytes(value)), hash: blake3Hash(utf8Bytes(value)) }))
  for (let fact = 0; fact < ballots / BALLOTS_PER_FACT; fact += 1) {
    const draws = blake3(utf8Bytes(`fact ${fact}`))
    book.put({
      subject: `fact ${fact}`, predicate: `closed ${fact % predicates}`, cardinality: 'one', exact: true,
      clusters, endorsements: [],
      rows: Array.from({ length: BALLOTS_PER_FACT }, (_, turn) => ({
        agent: signerAt(agents, (draws[turn] ?? 0) * BALLOTS_PER_FACT + turn).publicKey,
        cluster: (draws[BALLOTS_PER_FACT + turn] ?? 0) < 200 ? 0 : 1, weightQ: 65_536, timestampMs: START_MS
      }))
    })
  }
  const columns = book.columns()
  const startMs = performance.now()
  computeTrust(columns, OPEN_POLICY)
  return rounded((performance.now() - startMs) / 1_000)
}

/** An agent's word on an item: right as often as the agent is good, else one of three wrong values. */
function ballot(networkId: NetworkId, agents: readonly Signer[], index: number): Uint8Array {
  const item = Math.floor(index / BALLOTS_PER_ITEM)
  const agent = (item * 7 + (index % BALLOTS_PER_ITEM) * 23) % agents.length
  const draws = blake3(utf8Bytes(`ballot ${index}`))
  const isRight = (draws[0] ?? 0) / 256 < 0.5 + 0.45 * agent / agents.length
  const object = isRight ? 'value 0' : `value ${1 + (draws[1] ?? 0) % (VALUES - 1)}`
  const fields = { timestampMs: START_MS + index, subject: `item ${item}`, predicate: 'is', object }
  return buildAssertion(fields, signerAt(agents, agent), networkId)
}

function signerAt(agents: readonly Signer[], index: number): Signer {
  return agents[index % agents.length] ?? createSigner(seedFromName('bench'))
}

/** Computations over everything, each after one new ballot, with the delay of the main thread meanwhile. */
async function measureComputations(node: StemeNode, agents: readonly Signer[]): Promise<object> {
  const seconds: number[] = []
  const toPublished: number[] = []
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  for (let round = 0; round < COMPUTATIONS; round += 1) {
    await node.admit([ballot(node.networkId, agents, BALLOTS + AGENTS * round)])
    const startMs = performance.now()
    await node.settled()
    toPublished.push((performance.now() - startMs) / 1_000)
    seconds.push(node.stats()['trust_compute_seconds'] ?? NaN)
  }
  delay.disable()
  return {
    compute_s: rounded(percentile(seconds, 0.5)), compute_s_max: rounded(Math.max(...seconds)),
    published_s: rounded(percentile(toPublished, 0.5)), ...delayOf(delay)
  }
}

/** The delay of a main thread that has nothing to do: what the machine itself brings. */
async function measureIdle(): Promise<object> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  delay.disable()
  return { idle_delay_p99_ms: delayMs(delay.percentile(99)) }
}

/** What a turn of the event loop took beyond the interval at which it is looked at. */
function delayOf(delay: IntervalHistogram): object {
  return {
    loop_delay_p50_ms: delayMs(delay.percentile(50)), loop_delay_p99_ms: delayMs(delay.percentile(99)),
    loop_delay_max_ms: delayMs(delay.max)
  }
}

function delayMs(nanoseconds: number): number {
  return rounded(Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS))
}

/** From handing in a vote to an answer that counts it, while trust is computed whenever it is due. */
async function measureVotes(node: StemeNode, agents: readonly Signer[]): Promise<object> {
  const times: number[] = []
  for (let round = 0; round < VOTES; round += 1) {
    const index = round * BALLOTS_PER_ITEM
    const assertion = idOf(ballot(node.networkId, agents, index))
    const fields = { timestampMs: START_MS + BALLOTS + round, assertion, weight: 1_000_000 }
    const vote = buildVote(fields, signerAt(agents, round * 7 + 3), node.networkId)
    const startMs = performance.now()
    await node.admit([vote])
    const subject = `item ${Math.floor(index / BALLOTS_PER_ITEM)}`
    const answer = await node.query({ subject, predicate: 'is', lens: 'Consensus', fresh: 'records' })
    times.push(performance.now() - startMs)
    if (answer.evidence.votes === 0) throw new Error('the answer does not count the vote')
  }
  const ms = (share: number): number => rounded(percentile(times, share))
  return { vote_to_view_p50_ms: ms(0.5), vote_to_view_p99_ms: ms(0.99) }
}

function idOf(record: Uint8Array): Hash {
  const opened = openRecord(record)
  if (opened.grade === 'invalid') throw new Error(opened.rule)
  return opened.id
}
