// Benchmark of the write-ahead log: durable appends a second, beside what the disk gives a bare loop.
// Roofline: one write and one fdatasync of as many bytes as the writers have in flight, over zeros.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { networkIdOf, systemRandom, type DiskFile, type Log } from '../../src/base/index.js'
import { createFileDisk, openWal, type Wal } from '../../src/wal/index.js'

/** Figures for one number of concurrent writers. */
export interface WalFigure {
  readonly writers: number
  readonly appends_per_s: number
  /** Frames of the same size a second in the bare loop. */
  readonly bare_per_s: number
  readonly ratio: number
  readonly p50_us: number
  readonly p99_us: number
}

/** What the benchmark gives; the figures at the top are those of 64 writers. */
export interface WalBench {
  readonly name: 'wal'
  readonly payload_bytes: number
  readonly records_per_s: number
  readonly ratio: number
  readonly p50_us: number
  readonly p99_us: number
  readonly by_writers: readonly WalFigure[]
}

const payloadBytes = 400
const frameBytes = 448
const roundMs = 700
const rounds = 3
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** Runs log and bare loop in turns, so that both see the same disk. Prints nothing. Takes about 20 s. */
export async function benchWal(): Promise<WalBench> {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-bench-'))
  try {
    const deps = { disk: createFileDisk(), random: systemRandom, log: silent }
    const networkId = networkIdOf(new Uint8Array(32))
    const wal = await openWal({ directory: join(directory, 'wal'), networkId, provenSequence: 0 }, deps)
    const bare = await openBare(join(directory, 'bare'))
    const figures: WalFigure[] = []
    for (const writers of [1, 8, 64, 512]) figures.push(await compare(wal, bare, writers))
    await wal.close()
    await bare.close()
    const middle = figures.find(({ writers }) => writers === 64)
    if (middle === undefined) throw new Error('64 writers are measured')
    const { appends_per_s, ratio, p50_us, p99_us } = middle
    const top = { records_per_s: appends_per_s, ratio, p50_us, p99_us }
    return { name: 'wal', payload_bytes: payloadBytes, ...top, by_writers: figures }
  } finally {
    await rm(directory, { recursive: true })
  }
}

const bareBytes = 64 * 1024 * 1024

async function openBare(path: string): Promise<DiskFile> {
  const file = await createFileDisk().open(path, 'create')
  const zeros = Buffer.alloc(1024 * 1024)
  for (let at = 0; at < bareBytes; at += zeros.length) await file.write(zeros, at)
  await file.sync()
  return file
}

async function compare(wal: Wal, bare: DiskFile, writers: number): Promise<WalFigure> {
  const micros: number[] = []
  let appends = 0
  let frames = 0
  let appendMs = 0
  let bareMs = 0
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now()
    appends += await appendFor(wal, writers, micros)
    const between = performance.now()
    frames += await bareFor(bare, writers)
    appendMs += between - start
    bareMs += performance.now() - between
  }
  micros.sort((a, b) => a - b)
  const [perSecond, barePerSecond] = [appends * 1000 / appendMs, frames * 1000 / bareMs]
  return {
    writers, appends_per_s: Math.round(perSecond), bare_per_s: Math.round(barePerSecond),
    ratio: Math.round(perSecond / barePerSecond * 1000) / 1000,
    p50_us: quantile(micros, 0.5), p99_us: quantile(micros, 0.99)
  }
}

async function appendFor(wal: Wal, writers: number, micros: number[]): Promise<number> {
  const payload = Buffer.alloc(payloadBytes, 0x5a)
  const until = performance.now() + roundMs
  let appends = 0
  const write = async (): Promise<void> => {
    for (let now = performance.now(); now < until;) {
      await wal.append(1, payload)
      const done = performance.now()
      if (appends % 16 === 0) micros.push((done - now) * 1000)
      now = done
      appends += 1
    }
  }
  await Promise.all(Array.from({ length: writers }, write))
  return appends
}

async function bareFor(file: DiskFile, batch: number): Promise<number> {
  const bytes = Buffer.alloc(batch * frameBytes, 0x5a)
  const until = performance.now() + roundMs
  let frames = 0
  for (let at = 0; performance.now() < until; at = (at + bytes.length) % (bareBytes - bytes.length)) {
    await file.write(bytes, at)
    await file.sync()
    frames += batch
  }
  return frames
}

function quantile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
}
