// Signature checks off the main thread: jobs are joined into batches, a batch is one transferred buffer, the
// answer is one byte a job. The callback form of node:crypto would share libuv's four threads with
// fdatasync and LevelDB. Order of answers = order of jobs; every job gets its answer, whatever becomes of a
// worker. Rule and backends: docs/formats/record.md.

import { Worker } from 'node:worker_threads'
import { assert, type Log } from '../base/index.js'
import { verifySignature, type VerifySignature } from '../record/index.js'
import { decodeVerdicts, encodeJobs } from './verify-codec.js'
import type { VerifyJob } from './verify-job.js'

/** Checks signatures under the STRICT rule. */
export interface VerifyPool {
  /** One answer a job, in order. Resolves undefined when more than the queue's limit are under way. */
  verify(jobs: readonly VerifyJob[]): Promise<readonly boolean[] | undefined>
  readonly queued: number
  stop(): Promise<void>
}

/** A worker keeps at most this many jobs, so that both workers stay busy and answers come back early. */
const BATCH_JOBS_MAX = 64
/** Fewer jobs are not shared out: a batch costs the main thread 50 us on its way there and back. */
const BATCH_JOBS_MIN = 16

/** One call of `verify`. */
interface Call {
  readonly verdicts: boolean[]
  readonly resolve: (verdicts: readonly boolean[]) => void
  open: number
}

interface Waiting {
  readonly job: VerifyJob
  readonly call: Call
  readonly index: number
}

interface Lane {
  readonly worker: Worker
  readonly batches: (readonly Waiting[])[]
  /** It has answered once, so it can start at all. */
  proven: boolean
  /** Its batches were settled elsewhere; what it still says is of no use. */
  closed: boolean
}

interface Pool {
  readonly queueMax: number
  readonly log: Log
  readonly lanes: Lane[]
  readonly waiting: Waiting[]
  queued: number
  scheduled: boolean
  stopped: boolean
}

/**
 * Starts the pool.
 * @param options workers: threads, 0 = inline; queueMax: jobs under way at most
 * @param deps verify: checks what is done inline; worker threads have the default one
 */
export function createVerifyPool(
  options: { readonly workers: number; readonly queueMax: number },
  deps: { readonly log: Log; readonly verify?: VerifySignature }
): VerifyPool {
  if (options.workers === 0) return createInlinePool(deps.verify ?? verifySignature)
  const { queueMax } = options
  const pool: Pool = {
    queueMax, log: deps.log, lanes: [], waiting: [], queued: 0, scheduled: false, stopped: false
  }
  for (let index = 0; index < options.workers; index += 1) openLane(pool)
  return {
    get queued() { return pool.queued },
    verify: (jobs) => verify(pool, jobs),
    stop: () => stop(pool)
  }
}

function createInlinePool(verify: VerifySignature): VerifyPool {
  return {
    queued: 0,
    verify: (jobs) => Promise.resolve(jobs.map((job) => verify(job.signature, job.message, job.publicKey))),
    stop: () => Promise.resolve()
  }
}

function verify(pool: Pool, jobs: readonly VerifyJob[]): Promise<readonly boolean[] | undefined> {
  if (pool.stopped || pool.queued + jobs.length > pool.queueMax) return Promise.resolve(undefined)
  if (jobs.length === 0) return Promise.resolve([])
  return new Promise((resolve) => {
    const call: Call = { verdicts: new Array<boolean>(jobs.length).fill(false), resolve, open: jobs.length }
    jobs.forEach((job, index) => pool.waiting.push({ job, call, index }))
    pool.queued += jobs.length
    schedule(pool)
  })
}

async function stop(pool: Pool): Promise<void> {
  pool.stopped = true
  for (const lane of pool.lanes.splice(0)) {
    closeLane(pool, lane)
    await lane.worker.terminate()
  }
  settleInline(pool, pool.waiting.splice(0))
}

function openLane(pool: Pool): void {
  const worker = new Worker(new URL('./verify-worker.js', import.meta.url))
  const lane: Lane = { worker, batches: [], proven: false, closed: false }
  worker.on('message', (answer: Uint8Array) => finish(pool, lane, answer))
  worker.on('error', (error) => pool.log.error({ error: String(error) }, 'signature worker failed'))
  // Comes after every end of a worker, with or without an error.
  worker.on('exit', () => replaceLane(pool, lane))
  worker.unref()
  pool.lanes.push(lane)
}

// A worker that ended before its first answer would end again: then the others do its work, or none and it is
// done inline.
function replaceLane(pool: Pool, lane: Lane): void {
  if (lane.closed) return
  closeLane(pool, lane)
  pool.lanes.splice(pool.lanes.indexOf(lane), 1)
  if (lane.proven) openLane(pool)
  pool.log.error({ workers: pool.lanes.length }, 'a signature worker ended; its jobs were checked inline')
  schedule(pool)
}

function closeLane(pool: Pool, lane: Lane): void {
  lane.closed = true
  for (const batch of lane.batches.splice(0)) settleInline(pool, batch)
}

function finish(pool: Pool, lane: Lane, answer: Uint8Array): void {
  if (lane.closed) return
  const batch = lane.batches.shift()
  assert(batch !== undefined, 'a signature worker answers only what it was given')
  const verdicts = decodeVerdicts(answer, batch.length)
  lane.proven = true
  pool.queued -= batch.length
  batch.forEach((entry, index) => settle(entry, verdicts[index] === true))
  dispatch(pool)
}

function settleInline(pool: Pool, batch: readonly Waiting[]): void {
  pool.queued -= batch.length
  for (const entry of batch) settle(entry, check(entry.job))
}

function settle({ call, index }: Waiting, valid: boolean): void {
  call.verdicts[index] = valid
  call.open -= 1
  if (call.open === 0) call.resolve(call.verdicts)
}

function schedule(pool: Pool): void {
  if (pool.scheduled) return
  pool.scheduled = true
  setImmediate(dispatch, pool)
}

function dispatch(pool: Pool): void {
  const { lanes, waiting } = pool
  pool.scheduled = false
  // A lone job is cheaper here than its way to a worker and back.
  if (waiting.length === 1 && pool.queued === 1) return settleInline(pool, waiting.splice(0))
  while (waiting.length > 0) {
    const lane = freest(lanes)
    if (lane === undefined) {
      settleInline(pool, waiting.splice(0, BATCH_JOBS_MAX))
      return schedule(pool)
    }
    // One batch a worker: what comes meanwhile makes the next one larger.
    if (lane.batches.length > 0) return
    const share = Math.max(BATCH_JOBS_MIN, Math.ceil(waiting.length / lanes.length))
    send(lane, waiting.splice(0, Math.min(BATCH_JOBS_MAX, share)))
  }
}

function freest(lanes: readonly Lane[]): Lane | undefined {
  let best: Lane | undefined
  for (const lane of lanes) {
    if (best === undefined || lane.batches.length < best.batches.length) best = lane
  }
  return best
}

function send(lane: Lane, batch: readonly Waiting[]): void {
  lane.batches.push(batch)
  const message = encodeJobs(batch.map((entry) => entry.job))
  lane.worker.postMessage(message, [message.buffer])
}

function check(job: VerifyJob): boolean {
  return verifySignature(job.signature, job.message, job.publicKey)
}
