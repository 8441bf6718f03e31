import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeJobs, decodeVerdicts, encodeJobs, encodeVerdicts } from '../../src/ingest/verify-codec.js'

const job = fc.record({
  publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  message: fc.uint8Array({ maxLength: 200 })
})

describe('batches for signature workers', () => {
  it('carry jobs and verdicts in order', () => {
    fc.assert(fc.property(fc.array(job, { maxLength: 64 }), (jobs) => {
      const back = decodeJobs(encodeJobs(jobs))
      expect(back.map((one) => Buffer.from(one.message).toString('hex'))).toEqual(
        jobs.map((one) => Buffer.from(one.message).toString('hex')))
      expect(back.map((one) => [...one.publicKey, ...one.signature])).toEqual(
        jobs.map((one) => [...one.publicKey, ...one.signature]))
    }))
  })

  it('count a verdict that is missing as false', () => {
    expect(decodeVerdicts(encodeVerdicts([true, false, true]), 4)).toEqual([true, false, true, false])
  })
})
