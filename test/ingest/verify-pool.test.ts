// The pool with real worker threads, from the built product: a worker is a file of its own and needs its
// JavaScript beside it. `npm test` and `npm run check` build before they test.

import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { idBytes, utf8Bytes, type Log } from '../../src/base/index.js'
import { createVerifyPool as createSourcePool, type VerifyJob, type VerifyPool } from '../../src/ingest/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'

const built = new URL('../../dist/src/ingest/index.js', import.meta.url)
const signer = createSigner(seedFromName('pool'))
const publicKey = idBytes(signer.publicKey)

/** Jobs of which every third is forged, and the answers they must get. */
const jobs: readonly VerifyJob[] = Array.from({ length: 600 }, (_, index) => {
  const message = utf8Bytes(`message ${index}`)
  const signature = signer.sign(message)
  return { publicKey, signature, message: index % 3 === 0 ? utf8Bytes(`other ${index}`) : message }
})
const answers = jobs.map((_, index) => index % 3 !== 0)

let createPool: typeof createSourcePool
let pool: VerifyPool | undefined
let threads: Worker[] = []
const errors: string[] = []
const log: Log = {
  debug: () => undefined, info: () => undefined, warn: () => undefined,
  error: (_, message) => void errors.push(message)
}
const remember = (worker: Worker): void => void threads.push(worker)

function open(workers: number, queueMax = 100_000): VerifyPool {
  threads = []
  errors.length = 0
  process.on('worker', remember)
  pool = createPool({ workers, queueMax }, { log })
  return pool
}

/** Resolves once the pool's threads run: they have answered a batch. */
async function warm(started: VerifyPool): Promise<void> {
  expect(await started.verify(jobs.slice(0, 128))).toEqual(answers.slice(0, 128))
}

afterEach(async () => {
  await pool?.stop()
  pool = undefined
  process.off('worker', remember)
})

describe('signature pool of worker threads', () => {
  beforeAll(async () => {
    if (!existsSync(built)) throw new Error('dist is missing: run `npm run build` first')
    const module = await import(/* @vite-ignore */ pathToFileURL(built.pathname).href) as {
      readonly createVerifyPool: typeof createSourcePool
    }
    createPool = module.createVerifyPool
  })

  it('answers every job of every call in order, the forged ones with false', async () => {
    const started = open(2)
    const calls = [jobs, jobs.slice(1), jobs.slice(0, 1), [], jobs.slice(7, 200)]
    expect(await Promise.all(calls.map((call) => started.verify(call)))).toEqual(
      [answers, answers.slice(1), answers.slice(0, 1), [], answers.slice(7, 200)])
    expect(threads).toHaveLength(2)
    expect(started.queued).toBe(0)
  })

  it('takes as many jobs as its limit and refuses one more, and takes again when it is done', async () => {
    const started = open(1, 100)
    const first = started.verify(jobs.slice(0, 60))
    const second = started.verify(jobs.slice(0, 40))
    expect(started.queued).toBe(100)
    expect(await started.verify(jobs.slice(0, 1))).toBeUndefined()
    expect(await first).toEqual(answers.slice(0, 60))
    expect(await second).toEqual(answers.slice(0, 40))
    expect(await started.verify(jobs.slice(0, 101))).toBeUndefined()
    expect(await started.verify(jobs.slice(0, 100))).toEqual(answers.slice(0, 100))
  })

  it('answers all jobs when its only worker ends in the middle, and starts another', async () => {
    const started = open(1)
    await warm(started)
    const all = started.verify(jobs)
    // More than a worker may hold: what still waits must go on without the next call.
    expect(started.queued).toBe(600)
    setImmediate(() => void threads[0]?.terminate())
    expect(await all).toEqual(answers)
    expect(started.queued).toBe(0)
    expect(threads).toHaveLength(2)
    expect(errors).not.toEqual([])
    expect(await started.verify(jobs.slice(0, 300))).toEqual(answers.slice(0, 300))
  })

  it('answers all jobs when a worker throws', async () => {
    const started = open(2)
    await warm(started)
    // A batch that is none: decoding it reads past its end.
    threads[0]?.postMessage(new Uint8Array([9, 0, 0, 0]))
    const ended = new Promise((resolve) => threads[0]?.once('exit', resolve))
    const all = started.verify(jobs)
    await ended
    expect(await all).toEqual(answers)
    expect(threads.length).toBeGreaterThan(2)
  })

  it('settles what is under way when it is stopped, and takes nothing more', async () => {
    const started = open(2)
    await warm(started)
    const all = started.verify(jobs)
    await new Promise((resolve) => setImmediate(resolve))
    await started.stop()
    expect(await all).toEqual(answers)
    expect(started.queued).toBe(0)
    expect(await started.verify(jobs.slice(0, 1))).toBeUndefined()
    await started.stop()
  })
})

describe('signature pool without workers that can start', () => {
  it('checks inline and does not start them over and over', async () => {
    // From source there is no verify-worker.js: every worker ends at once.
    createPool = createSourcePool
    const started = open(2)
    expect(await started.verify(jobs)).toEqual(answers)
    for (const thread of [...threads]) {
      if (thread.threadId !== -1) await new Promise((resolve) => thread.once('exit', resolve))
    }
    expect(await started.verify(jobs)).toEqual(answers)
    expect(threads).toHaveLength(2)
  })
})

describe('signature pool of no workers', () => {
  it('answers inline, in order', async () => {
    createPool = createSourcePool
    expect(await open(0).verify(jobs)).toEqual(answers)
    expect(threads).toHaveLength(0)
  })
})
