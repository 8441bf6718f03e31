// The bytes of segments and frames, against vectors that any implementation must reproduce.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFrameCodec, firstLink, frameBytesOf } from '../../src/wal/frame.js'
import { decodeSegmentHeader, encodeSegmentHeader, networkPrefix } from '../../src/wal/segment-header.js'
import { networkId } from './log-kit.js'
import vectors from '../vectors/wal-segment.json' with { type: 'json' }

const key = Buffer.from(vectors.key, 'hex')
const header = {
  network: networkPrefix(networkId), index: 5, firstSequence: 1_000_000, sizeBytes: 67_108_864, key
}
const seed = 20_260_131

describe('segment header', () => {
  it('has the bytes of the vector and reads back', () => {
    const bytes = encodeSegmentHeader(header)
    expect(bytes.toString('hex')).toBe(vectors.header)
    expect(decodeSegmentHeader(bytes)).toEqual({ kind: 'header', header })
  })

  it('is invalid with any bit changed, and told from a later version', () => {
    for (let bit = 0; bit < 128 * 8; bit += 1) {
      const bytes = encodeSegmentHeader(header)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(decodeSegmentHeader(bytes)).toEqual({ kind: 'invalid' })
    }
    expect(decodeSegmentHeader(Buffer.from(vectors.laterHeader, 'hex'))).toEqual({ kind: 'version', version: 2 })
    expect(decodeSegmentHeader(Buffer.alloc(127))).toEqual({ kind: 'invalid' })
  })
})

describe('frame', () => {
  it('has the bytes of the vectors, each linked to the one before', async () => {
    const codec = await createFrameCodec(key)
    const link = firstLink()
    for (const { type, payload, sequence, durable, frame } of vectors.frames) {
      const bytes = Buffer.alloc(frame.length / 2, 0xee)
      const size = codec.encode(bytes, 0, type, Buffer.from(payload, 'hex'), sequence, durable, link)
      expect(bytes.subarray(0, size).toString('hex')).toBe(frame)
      expect(bytes.subarray(32, 40)).toEqual(link)
    }
  })

  it('is read back as written, at any length, and not at all with any byte changed', async () => {
    const codec = await createFrameCodec(key)
    const payloads = fc.uint8Array({ maxLength: 600 })
    const types = fc.integer({ min: 1, max: 255 })
    fc.assert(fc.property(payloads, types, fc.nat(), fc.nat(), (payload, type, at, bit) => {
      const size = frameBytesOf(payload.length)
      const bytes = Buffer.alloc(size + 32)
      const sequence = 2 ** 40 + payload.length
      codec.encode(bytes, 16, type, payload, sequence, sequence - 1, firstLink())
      const found = codec.check(bytes, 16, bytes.length, sequence, sequence)
      expect(found).toMatchObject({ type, sequence, durable: sequence - 1, sizeBytes: size })
      expect(bytes.subarray(found?.payloadStart, found?.payloadEnd).equals(payload)).toBe(true)
      expect(codec.check(bytes, 16, 16 + size - 1, sequence, sequence)).toBeUndefined()
      expect(codec.check(bytes, 16, bytes.length, sequence + 1, sequence + 9)).toBeUndefined()
      bytes[16 + at % size] = (bytes[16 + at % size] ?? 0) ^ (1 << (bit % 8))
      expect(codec.check(bytes, 16, bytes.length, 0, Number.MAX_SAFE_INTEGER)).toBeUndefined()
    }), { seed, numRuns: 300 })
  })

  it('is nothing in arbitrary bytes', async () => {
    const codec = await createFrameCodec(key)
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
      const bytes = Buffer.from(junk)
      expect(codec.check(bytes, 0, bytes.length, 0, Number.MAX_SAFE_INTEGER)).toBeUndefined()
    }), { seed, numRuns: 500 })
  })
})
