// Ids come from their checking functions alone, and only whole ids pass.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareBytes, hashOf, idBytes, networkIdOf, parseHash, parseNetworkId, parsePublicKey, publicKeyOf
} from '../../src/base/index.js'

const makers = [
  ['hash', parseHash, hashOf], ['public key', parsePublicKey, publicKeyOf], ['network id', parseNetworkId, networkIdOf]
] as const

describe.each(makers)('%s', (_name, parse, of) => {
  it('goes from bytes to digits and back', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const id = of(bytes)
      expect(parse(id)).toBe(id)
      expect([...idBytes(id)]).toEqual([...bytes])
    }))
  })

  it.each([
    '', '0'.repeat(63), '0'.repeat(65), 'A'.repeat(64), 'g'.repeat(64), `${'0'.repeat(64)}\n`, ` ${'0'.repeat(63)}`
  ])('refuses the text %j', (text) => {
    expect(parse(text)).toBeUndefined()
  })

  it.each([0, 31, 33])('throws for %d bytes', (length) => {
    expect(() => of(new Uint8Array(length))).toThrow(RangeError)
  })
})

it('orders ids as their bytes', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(fc.property(bytes, bytes, (a, b) => {
    expect(hashOf(a) < hashOf(b)).toBe(compareBytes(a, b) < 0)
  }))
})
