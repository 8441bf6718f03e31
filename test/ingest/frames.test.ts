import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeOwnBlock, encodeOwnBlock } from '../../src/ingest/index.js'

const frame = fc.record({
  header: fc.uint8Array({ minLength: 1, maxLength: 600 }),
  sequences: fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 40 }), { minLength: 1, maxLength: 1_024 })
    .map((list) => list.map((sequence) => (sequence % 0xffff_0000) + 2 ** 40))
})

describe('frame of an own block', () => {
  it('reads back what was written', () => {
    fc.assert(fc.property(frame, (block) => {
      const back = decodeOwnBlock(encodeOwnBlock(block))
      expect(back === undefined ? undefined : [...back.header]).toEqual([...block.header])
      expect(back?.sequences).toEqual(block.sequences)
    }))
  })

  it('never throws on other bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      decodeOwnBlock(bytes)
    }))
  })

  it('refuses a payload that is one byte short or long', () => {
    const bytes = encodeOwnBlock({ header: new Uint8Array([1, 2, 3]), sequences: [7, 5] })
    expect(decodeOwnBlock(bytes.subarray(1))).toBeUndefined()
    expect(decodeOwnBlock(bytes.subarray(0, bytes.length - 1))).toBeUndefined()
    expect(decodeOwnBlock(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined()
  })
})
