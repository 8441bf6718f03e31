// Signature checks off the main thread: jobs are joined into batches, a batch is one transferred buffer, the answer
// is one byte a job. The callback form of node:crypto would share libuv's four threads with fdatasync and LevelDB.
// Order of answers = order of jobs. Rule and backends: docs/formats/record.md.

import { Worker } from 'node:worker_threads'
import { assert, type Log } from '../base/index.js'
import { verifySignature } from '../record/index.js'
import { decodeVerdicts, encodeJobs, type VerifyJob } from './verify-codec.js'

/** Checks signatures under the STRICT rule. */
export interface VerifyPool {
  /** One answer a job, in order. Resolves undefined when more than the queue's limit are under way. */
  verify(jobs: readonly VerifyJob[]): Promise<readonly boolean[] | undefined>
  readonly queued: number
  stop(): Promise<void>
}

/** A worker keeps at most this many jobs, so that both workers stay busy and answers come back early. */
const BATCH_JOBS_MAX = 64
/** Batches a worker may hold: one in work, one waiting. */
const BATCHES_PER_WORKER = 2

interface Waiting {
  readonly job: VerifyJob
  readonly done: (valid: boolean) => void
}

interface Lane {
  readonly worker: Worker
  readonly batches: (readonly Waiting[])[]
}

/**
 * Starts the pool.
 * @param options workers: threads, 0 = inline; queueMax: jobs under way at most
 */
export function createVerifyPool(
  options: { readonly workers: number; readonly queueMax: number },
  deps: { readonly log: Log }
): VerifyPool {
  if (options.workers === 0) return createInlinePool()
  const waiting: Waiting[] = []
  let queued = 0
  let scheduled = false
  let stopped = false
  const lanes: Lane[] = []
  for (let index = 0; index < options.workers; index += 1) lanes.push(openLane())

  function openLane(): Lane {
    const worker = new Worker(new URL('./verify-worker.js', import.meta.url))
    const lane: Lane = { worker, batches: [] }
    worker.on('message', (answer: Uint8Array) => finish(lane, answer))
    worker.on('error', (error) => {
      deps.log.error({ error: String(error) }, 'signature worker failed; its jobs are checked inline')
      const index = lanes.indexOf(lane)
      for (const batch of lane.batches.splice(0)) settleInline(batch)
      if (index >= 0 && !stopped) lanes[index] = openLane()
    })
    worker.unref()
    return lane
  }

  function finish(lane: Lane, answer: Uint8Array): void {
    const batch = lane.batches.shift()
    assert(batch !== undefined, 'a signature worker answers only what it was given')
    const verdicts = decodeVerdicts(answer, batch.length)
    queued -= batch.length
    batch.forEach((entry, index) => entry.done(verdicts[index] === true))
    dispatch()
  }

  function settleInline(batch: readonly Waiting[]): void {
    queued -= batch.length
    for (const entry of batch) entry.done(check(entry.job))
  }

  function dispatch(): void {
    scheduled = false
    // A lone job is cheaper here than its way to a worker and back.
    if (waiting.length === 1 && queued === 1) return settleInline(waiting.splice(0))
    while (waiting.length > 0) {
      const lane = lanes.reduce((best, other) => (other.batches.length < best.batches.length ? other : best))
      if (lane.batches.length >= BATCHES_PER_WORKER) return
      const share = Math.ceil(waiting.length / lanes.length)
      const batch = waiting.splice(0, Math.min(BATCH_JOBS_MAX, share))
      lane.batches.push(batch)
      const message = encodeJobs(batch.map((entry) => entry.job))
      lane.worker.postMessage(message, [message.buffer])
    }
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(dispatch)
  }

  return {
    get queued() {
      return queued
    },
    verify(jobs) {
      if (stopped || queued + jobs.length > options.queueMax) return Promise.resolve(undefined)
      if (jobs.length === 0) return Promise.resolve([])
      return new Promise((resolve) => {
        const verdicts = new Array<boolean>(jobs.length).fill(false)
        let open = jobs.length
        jobs.forEach((job, index) => {
          const done = (valid: boolean): void => {
            verdicts[index] = valid
            open -= 1
            if (open === 0) resolve(verdicts)
          }
          waiting.push({ job, done })
        })
        queued += jobs.length
        schedule()
      })
    },
    async stop() {
      stopped = true
      for (const lane of lanes.splice(0)) {
        for (const batch of lane.batches.splice(0)) settleInline(batch)
        await lane.worker.terminate()
      }
      settleInline(waiting.splice(0))
    }
  }
}

function createInlinePool(): VerifyPool {
  return {
    queued: 0,
    verify: (jobs) => Promise.resolve(jobs.map(check)),
    stop: () => Promise.resolve()
  }
}

function check(job: VerifyJob): boolean {
  return verifySignature(job.signature, job.message, job.publicKey)
}
