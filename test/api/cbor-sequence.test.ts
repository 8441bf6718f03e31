import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itemEnd, splitSequence } from '../../src/api/cbor-sequence.js'
import { fromHex } from '../../src/base/index.js'
import { encodeCanonical } from '../../src/record/index.js'

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array()

const value = fc.letrec((tie) => ({
  item: fc.oneof({ maxDepth: 4 }, fc.maxSafeInteger(), fc.string(), fc.boolean(), fc.uint8Array(),
    fc.array(tie('item'), { maxLength: 5 }), fc.dictionary(fc.string({ maxLength: 4 }), tie('item'), { maxKeys: 5 }))
})).item

describe('CBOR sequence', () => {
  it('gives back the items that were joined', () => {
    fc.assert(fc.property(fc.array(value, { maxLength: 10 }), (values) => {
      const items = values.map((one) => encodeCanonical(one as never))
      const sequence = splitSequence(Buffer.concat(items), 10)
      expect(sequence.kind === 'items' && sequence.items.map((item) => Buffer.from(item).toString('hex')))
        .toEqual(items.map((item) => Buffer.from(item).toString('hex')))
    }))
  })

  it('never throws and never reads past the end', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const sequence = splitSequence(bytes, 5)
      if (sequence.kind === 'items') {
        expect(sequence.items.reduce((sum, item) => sum + item.length, 0)).toBe(bytes.length)
      }
    }), { numRuns: 2_000 })
  })

  it('is empty for no bytes', () => {
    expect(splitSequence(new Uint8Array(), 1)).toEqual({ kind: 'items', items: [] })
  })

  it('takes as many items as allowed and not one more', () => {
    expect(splitSequence(hex('01 02 03'), 3).kind).toBe('items')
    expect(splitSequence(hex('01 02 03 04'), 3).kind).toBe('too-many')
  })

  it.each([
    ['a text that is cut', '63 61 62'],
    ['a list that is cut', '82 01'],
    ['a map with a key alone', 'a1 01'],
    ['a tag without content', 'd8 2a'],
    ['a head that is cut', '19 01'],
    ['an indefinite length', '9f ff'],
    ['a break alone', 'ff'],
    ['a reserved head', '1c'],
    ['a list that claims 2^64 - 1 items', '9b ff ff ff ff ff ff ff ff 01'],
    ['a map that claims 2^32 - 1 entries', 'ba ff ff ff ff 01 01'],
    ['a text that claims 2^63 bytes', '7b 80 00 00 00 00 00 00 00 61']
  ])('stops at %s', (_what, bytes) => {
    expect(splitSequence(hex(`01${bytes}`), 10)).toEqual({ kind: 'malformed', offset: 1 })
  })

  it('walks deep nesting without recursion', () => {
    const deep = new Uint8Array(1_000_001).fill(0x81)
    deep[1_000_000] = 0
    expect(itemEnd(deep, 0)).toBe(1_000_001)
  })
})
