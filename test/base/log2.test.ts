import { describe, expect, it } from 'vitest'
import { log2Q, Q } from '../../src/base/index.js'

/** floor(2^16 * log2(x)) by repeated squaring of a 200-bit mantissa. */
function exactLog(x: number): number {
  const whole = BigInt(x).toString(2).length - 1
  let mantissa = (BigInt(x) << 200n) >> BigInt(whole)
  let fraction = 0
  for (let bit = 0; bit < 16; bit += 1) {
    mantissa = (mantissa * mantissa) >> 200n
    fraction *= 2
    if (mantissa < 2n << 200n) continue
    fraction += 1
    mantissa >>= 1n
  }
  return whole * 65_536 + fraction
}

describe('log2Q', () => {
  it('is exact for powers of two', () => {
    for (let power = 0; power < 53; power += 1) expect(log2Q(2 ** power)).toBe(power * 65_536)
  })

  it('is within three units of the exact logarithm', () => {
    const numbers = Array.from({ length: 2_000 }, (_, at) => at + 1)
    for (let x = 3_001; x < 2 ** 53; x = Math.floor(x * 1.37) + 1) numbers.push(x)
    for (let x = 65_536; x < 131_072; x += 89) numbers.push(x)
    for (const x of numbers) expect([x, Math.abs(log2Q(x) - exactLog(x)) <= 3]).toEqual([x, true])
  })

  it('never falls', () => {
    const falls = Array.from({ length: 140_000 }, (_, at) => at + 1).filter((x) => log2Q(x + 1) < log2Q(x))
    expect(falls).toEqual([])
  })

  it('says up to 2^16, each time it is asked, what it says of 2^17 times as much', () => {
    // What is kept of a number says nothing of its multiples: these are computed each time.
    const wrong = Array.from({ length: Q }, (_, at) => at + 1).filter((x) => {
      const computed = log2Q(x * 2 ** 17) - 17 * 65_536
      return log2Q(x) !== computed || log2Q(x) !== computed
    })
    expect(wrong).toEqual([])
  })

  it('refuses what has no logarithm', () => {
    expect(() => log2Q(0)).toThrow()
  })
})
