// BLAKE3 equals the reference implementation, plain and keyed, at every length around its blocks and chunks.

import { blake3 as reference } from '@noble/hashes/blake3.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { blake3, blake3Hash, createKeyedBlake3, toHex, utf8Bytes } from '../../src/base/index.js'

const edgeLengths = [0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 8192, 8193, 65_536, 100_000]

it.each(edgeLengths)('equals @noble/hashes on %d bytes', async (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => i % 251)
  expect(toHex(blake3(bytes))).toBe(toHex(reference(bytes)))
  expect(blake3Hash(bytes)).toBe(toHex(reference(bytes)))
  const key = Uint8Array.from({ length: 32 }, (_, i) => 255 - i)
  const keyed = await createKeyedBlake3(key, 16)
  expect(toHex(keyed(bytes))).toBe(toHex(reference(bytes, { key, dkLen: 16 })))
})

it('gives the published hash of the empty string', () => {
  expect(blake3Hash(new Uint8Array())).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262')
})

it('hashes parts as one string, plain and keyed', async () => {
  const keyed = await createKeyedBlake3(new Uint8Array(32).fill(3), 32)
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
    const whole = Uint8Array.from(parts.flatMap((part) => [...part]))
    expect(toHex(blake3(...parts))).toBe(toHex(reference(whole)))
    expect(toHex(keyed(...parts))).toBe(toHex(reference(whole, { key: new Uint8Array(32).fill(3) })))
  }))
})

it.each([[1_000, 24, 1], [1_000, 25, 1], [1_000, 2_000, 5], [1_025, 1_024], [0, 1_024, 1_024, 0]])(
  'hashes parts of %d, %d … bytes as one string', (...lengths) => {
    const parts = lengths.map((length, part) => Uint8Array.from({ length }, (_, i) => (i + part) % 251))
    const whole = Uint8Array.from(parts.flatMap((part) => [...part]))
    expect(blake3Hash(...parts)).toBe(toHex(reference(whole)))
    expect(toHex(blake3(...parts))).toBe(toHex(reference(whole)))
  }
)

it('keeps hashes apart that were made with other keys', async () => {
  const one = await createKeyedBlake3(new Uint8Array(32).fill(1), 16)
  const two = await createKeyedBlake3(new Uint8Array(32).fill(2), 16)
  const text = utf8Bytes('text')
  const first = toHex(one(text))
  expect(toHex(two(text))).not.toBe(first)
  expect(toHex(one(text))).toBe(first)
})

it('does not change a hash that it gave before', () => {
  const first = blake3(utf8Bytes('first'))
  const copy = toHex(first)
  blake3(utf8Bytes('second'))
  expect(toHex(first)).toBe(copy)
})
