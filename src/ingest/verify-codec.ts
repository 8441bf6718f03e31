// What goes to a signature worker and back. Little-endian, for one process: never stored, never sent.
// Batch: count u32, then per job: public key 32, signature 64, message length u32, message.
// Answer: a byte a job.

import type { VerifyJob } from './verify-job.js'

const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const JOB_HEAD_BYTES = KEY_BYTES + SIGNATURE_BYTES + 4

/** One buffer of its own that holds the jobs, ready to be transferred. */
export function encodeJobs(jobs: readonly VerifyJob[]): Uint8Array<ArrayBuffer> {
  let size = 4
  for (const job of jobs) size += JOB_HEAD_BYTES + job.message.length
  const bytes = new Uint8Array(new ArrayBuffer(size))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, jobs.length, true)
  let at = 4
  for (const job of jobs) {
    bytes.set(job.publicKey, at)
    bytes.set(job.signature, at + KEY_BYTES)
    view.setUint32(at + KEY_BYTES + SIGNATURE_BYTES, job.message.length, true)
    bytes.set(job.message, at + JOB_HEAD_BYTES)
    at += JOB_HEAD_BYTES + job.message.length
  }
  return bytes
}

/** The jobs of `encodeJobs`, as views of its buffer. */
export function decodeJobs(bytes: Uint8Array): readonly VerifyJob[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const jobs: VerifyJob[] = []
  let at = 4
  for (let left = view.getUint32(0, true); left > 0; left -= 1) {
    const length = view.getUint32(at + KEY_BYTES + SIGNATURE_BYTES, true)
    jobs.push({
      publicKey: bytes.subarray(at, at + KEY_BYTES),
      signature: bytes.subarray(at + KEY_BYTES, at + KEY_BYTES + SIGNATURE_BYTES),
      message: bytes.subarray(at + JOB_HEAD_BYTES, at + JOB_HEAD_BYTES + length)
    })
    at += JOB_HEAD_BYTES + length
  }
  return jobs
}

/** The answer to a batch. */
export function encodeVerdicts(verdicts: readonly boolean[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(verdicts, (valid) => (valid ? 1 : 0))
}

/** Verdicts of an answer; a missing one counts as false. */
export function decodeVerdicts(answer: Uint8Array, count: number): readonly boolean[] {
  return Array.from({ length: count }, (_, index) => answer[index] === 1)
}
