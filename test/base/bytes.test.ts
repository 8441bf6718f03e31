// Byte strings compare as unsigned numbers, and text is taken only when it is valid UTF-8.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  compareBytes, concatBytes, equalBytes, fromHex, toHex, utf8Bytes, utf8Length, utf8Text
} from '../../src/base/index.js'

const codePoint = fc.oneof(fc.nat(0xff), fc.nat(0xd7ff), fc.integer({ min: 0xe000, max: 0x10ffff }))
const someText = fc.array(codePoint, { maxLength: 20 }).map((points) => String.fromCodePoint(...points))
const someBytes = fc.uint8Array({ maxLength: 20 })

it('orders by unsigned bytes, shorter first', () => {
  const sorted = ['', '00', '0000', '01', '7f', '80', 'ff', 'ff00']
  const shuffled = [...sorted].reverse().map((hex) => fromHex(hex) ?? new Uint8Array())
  expect(shuffled.sort(compareBytes).map(toHex)).toEqual(sorted)
})

it('orders bytes as their hex digits order', () => {
  fc.assert(fc.property(someBytes, someBytes, (a, b) => {
    const [left, right] = [toHex(a), toHex(b)]
    expect(Math.sign(compareBytes(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0)
    expect(equalBytes(a, b)).toBe(left === right)
  }))
})

it('joins parts into a new array', () => {
  const part = Uint8Array.of(1, 2)
  const joined = concatBytes(part, new Uint8Array(), Uint8Array.of(3))
  expect([...joined]).toEqual([1, 2, 3])
  joined[0] = 9
  expect(part[0]).toBe(1)
})

it('gives bytes back from their hex digits, views included', () => {
  fc.assert(fc.property(someBytes, fc.nat(5), (bytes, skip) => {
    const view = bytes.subarray(Math.min(skip, bytes.length))
    expect([...(fromHex(toHex(view)) ?? [])]).toEqual([...view])
    expect(fromHex(toHex(view).toUpperCase())).toEqual(fromHex(toHex(view)))
  }))
})

it.each([0, 31, 32, 63, 64, 65, 300])('gives the digits of %d bytes, and of others after them', (length) => {
  const [bytes, others] = [Uint8Array.from({ length }, (_, i) => 255 - (i % 256)), new Uint8Array(length)]
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  expect([toHex(bytes), toHex(others), toHex(bytes)]).toEqual([digits, '00'.repeat(length), digits])
})

it.each(['0', 'abc', 'zz', '0x', ' 00', '0 '])('takes %j for no hex', (text) => {
  expect(fromHex(text)).toBeUndefined()
})

it('gives texts back from their UTF-8, a byte order mark included', () => {
  fc.assert(fc.property(someText, (text) => {
    const bytes = utf8Bytes(text)
    expect(utf8Text(bytes)).toBe(text)
    expect(utf8Length(text)).toBe(bytes.length)
  }))
  expect(utf8Text(utf8Bytes('\ufeffa'))).toBe('\ufeffa')
})

it.each(['80', 'c3', 'c0af', 'eda080', 'f4908080', '61ff'])('takes %s for no UTF-8', (hex) => {
  expect(utf8Text(fromHex(hex) ?? new Uint8Array())).toBeUndefined()
})
