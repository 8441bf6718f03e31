// A signature worker: answers each batch of jobs, in order. Started by verify-pool.ts.

import { assert } from '../base/index.js'
import { parentPort } from 'node:worker_threads'
import { verifySignature } from '../record/index.js'
import { decodeJobs, encodeVerdicts } from './verify-codec.js'

const port = parentPort
assert(port !== null, 'verify-worker runs as a worker thread')
port.on('message', (batch: Uint8Array) => {
  const verdicts = decodeJobs(batch).map((job) => verifySignature(job.signature, job.message, job.publicKey))
  const answer = encodeVerdicts(verdicts)
  port.postMessage(answer, [answer.buffer])
})
