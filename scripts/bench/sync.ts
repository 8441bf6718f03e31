// sync: what it costs two nodes of a million records to find and repair their differences.
// Both run in this process over a link without latency; half of the differing records are at each side,
// scattered over all feeds: one a block, the worst case, and a hundred a block. Times are CPU of the whole
// process, LevelDB's threads included: `find` of both nodes from the first frame until both have asked for
// what they lack; `repair` until the end, with reading, decoding and indexing of blocks, without checks of
// signatures. Control bytes are those of all frames but the blocks in them. Medians of several rounds.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/index.js'
import { createSyncSession, type SyncSession } from '../../src/dag/index.js'
import {
  benchNetwork, buildGraphs, createWeaver, openPeer, silent, type GraphPeer, type Weaver
} from './sync-graph.js'
import { percentile, rounded } from './workload.js'

const RECORDS_PER_BLOCK = 100
const ROUNDS = 9
const FEEDS = [16, 1_000]
/** Type byte of WANT in docs/formats/sync.md. */
const WANT = 4

/** What design asks for d = 100, by number of feeds. */
const GOALS: Readonly<Record<number, object>> = {
  16: { control_bytes: 2_048, round_trips: 2, find_cpu_ms: 10 },
  1_000: { control_bytes: 40_960, round_trips: 3 }
}

interface Repair {
  readonly controlBytes: number
  readonly roundTrips: number
  readonly findMs: number
  readonly cpuMs: number
}

/** Runs the benchmark. @param options.records total of each side, in blocks of 100 */
export async function benchSync(options: { readonly records?: number } = {}): Promise<object> {
  const records = options.records ?? 1_000_000
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  try {
    const by_feeds: object[] = []
    for (const feeds of FEEDS) by_feeds.push(await benchFeeds(join(directory, `${feeds}`), feeds, records))
    return { name: 'sync', records, records_per_block: RECORDS_PER_BLOCK, by_feeds }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function benchFeeds(directory: string, feeds: number, records: number): Promise<object> {
  const weaver = createWeaver(feeds)
  const directories = [`${directory}-a`, `${directory}-b`] as const
  const size = { blocks: Math.ceil(records / RECORDS_PER_BLOCK), recordsPerBlock: RECORDS_PER_BLOCK }
  await buildGraphs(weaver, feeds, size, directories)
  const a = await openPeer('a', directories[0])
  const b = await openPeer('b', directories[1])
  try {
    const equal = await repair(a, b)
    const few = await repairs(a, b, weaver, feeds, { blocks: 100, recordsPerBlock: 1 }, ROUNDS)
    const packed = await repairs(a, b, weaver, feeds, { blocks: 100, recordsPerBlock: 100 }, 3)
    const many = await repairs(a, b, weaver, feeds, { blocks: 10_000, recordsPerBlock: 1 }, 1)
    return {
      feeds, equal: figures([equal]), d_100: { ...figures(few), goal: GOALS[feeds] ?? {} },
      d_10000_in_100_blocks: figures(packed), d_10000_in_10000_blocks: figures(many)
    }
  } finally {
    for (const peer of [a, b]) await peer.store.close({ clean: false })
  }
}

async function repairs(
  a: GraphPeer, b: GraphPeer, weaver: Weaver, feeds: number,
  size: { readonly blocks: number, readonly recordsPerBlock: number }, rounds: number
): Promise<readonly Repair[]> {
  const places = Array.from({ length: feeds }, (_, place) => place)
  const [odd, even] = [places.filter((place) => place % 2 === 1), places.filter((place) => place % 2 === 0)]
  const all: Repair[] = []
  for (let round = 0; round < rounds; round++) {
    await a.load(weaver.next(size.blocks / 2, size.recordsPerBlock, odd))
    await b.load(weaver.next(size.blocks / 2, size.recordsPerBlock, even))
    all.push(await repair(a, b))
  }
  return all
}

function figures(all: readonly Repair[]): object {
  const median = (pick: (one: Repair) => number): number => percentile(all.map(pick), 0.5)
  return {
    control_bytes: Math.round(median((one) => one.controlBytes)),
    round_trips: median((one) => one.roundTrips),
    find_cpu_ms: rounded(median((one) => one.findMs)),
    repair_cpu_ms: rounded(median((one) => one.cpuMs))
  }
}

interface Side {
  readonly session: SyncSession
  readonly queue: Uint8Array[]
}

/** One session between two nodes, to its end. */
async function repair(a: GraphPeer, b: GraphPeer): Promise<Repair> {
  const startMs = cpuMs()
  const seen = { foundMs: startMs }
  const opener: Side = sideOf(a, b.name, () => other, seen)
  const other: Side = sideOf(b, a.name, () => opener, seen)
  const results = Promise.all([opener.session.done, other.session.done])
  let over = false
  const end = (): void => void (over = true)
  results.then(end, end)
  await opener.session.start()
  while (!over) {
    for (const { queue, session } of [opener, other]) {
      const frame = queue.shift()
      if (frame !== undefined) await session.receive(frame)
    }
    if (opener.queue.length + other.queue.length === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const [first, second] = await results
  if (!first.converged || a.dag.frontier().root !== b.dag.frontier().root) throw new Error('the nodes differ')
  return {
    controlBytes: first.controlBytesOut + second.controlBytesOut,
    roundTrips: Math.max(first.rounds, second.rounds),
    findMs: seen.foundMs - startMs, cpuMs: cpuMs() - startMs
  }
}

/** CPU time of this process so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function sideOf(
  peer: GraphPeer, remote: string, other: () => Side, seen: { foundMs: number }
): Side {
  let asked = false
  return {
    queue: [],
    session: createSyncSession({ networkId: benchNetwork, peer: remote }, {
      dag: peer.dag, clock: systemClock, log: silent,
      admit: (block) => peer.admit(block),
      async send(frame) {
        if (frame[0] === WANT && !asked) {
          asked = true
          seen.foundMs = cpuMs()
        }
        other().queue.push(frame)
      },
      recordCount: () => peer.store.totals.recordCount
    })
  }
}
