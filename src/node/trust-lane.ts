// The way to the trust desk: a worker thread, or the desk itself on the main thread.
// Rule: answers come in the order of the requests. When the thread ends, all that is open is rejected and the
// lane stays ended: whoever used it opens another and begins anew.

import { Worker } from 'node:worker_threads'
import { assert, type Log } from '../base/index.js'
import { createTrustDesk, type TrustAnswers, type TrustPolicy, type TrustRequest } from '../trustrank/index.js'
import { NodeError } from './errors.js'

type Kinds = TrustRequest['kind']

/** Asks one trust desk. */
export interface TrustLane {
  /** @throws NodeError NODE_TRUST_WORKER when the thread ended */
  ask<Kind extends Kinds>(
    request: Extract<TrustRequest, { readonly kind: Kind }>
  ): Promise<TrustAnswers[Kind]>
  /** It has answered once, so it can start at all. */
  readonly proven: boolean
  /** Ends the thread; twice is harmless. */
  stop(): Promise<void>
}

/** A lane to a desk with an empty book. @param workers 0 = inline */
export function openTrustLane(workers: 0 | 1, policy: TrustPolicy, log: Log): TrustLane {
  return workers === 0 ? inlineLane(policy) : threadLane(policy, log)
}

function inlineLane(policy: TrustPolicy): TrustLane {
  const desk = createTrustDesk(policy)
  return {
    async ask(request) {
      return desk.answer(request)
    },
    proven: true,
    stop: () => Promise.resolve()
  }
}

interface Open {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
}

function threadLane(policy: TrustPolicy, log: Log): TrustLane {
  const worker = new Worker(new URL('./trust-worker.js', import.meta.url), { workerData: policy })
  const open: Open[] = []
  let ended = false
  let proven = false
  const end = (): void => {
    ended = true
    for (const { reject } of open.splice(0)) reject(workerEnded())
  }
  worker.on('message', (answer: unknown) => {
    // An answer that was under way when the lane was ended: who asked has been told.
    if (ended) return
    const first = open.shift()
    assert(first !== undefined, 'the trust worker answers only what it was asked')
    proven = true
    first.resolve(answer)
  })
  worker.on('error', (error) => log.error({ error: String(error) }, 'trust worker failed'))
  // Comes after every end of a worker, with or without an error.
  worker.on('exit', end)
  worker.unref()
  return {
    ask: (request) => new Promise((resolve, reject) => {
      if (ended) return reject(workerEnded())
      open.push({ resolve: resolve as Open['resolve'], reject })
      worker.postMessage(request)
    }),
    get proven() { return proven },
    async stop() {
      end()
      await worker.terminate()
    }
  }
}

function workerEnded(): NodeError {
  return new NodeError({ code: 'NODE_TRUST_WORKER' }, 'the trust worker ended')
}
