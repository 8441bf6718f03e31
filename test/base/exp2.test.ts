import { describe, expect, it } from 'vitest'
import { EXP2_ONE, halfPower } from '../../src/base/index.js'

/** 2^(-eighths / 2^places) scaled by 2^200, by repeated square roots of one half. */
function exactPower(step: number, places: number): bigint {
  const one = 1n << 200n
  let root = one / 2n
  let power = one
  for (let place = 1; place <= places; place += 1) {
    root = squareRoot(root * one)
    if (((step >> (places - place)) & 1) === 1) power = (power * root) / one
  }
  return power
}

function squareRoot(square: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2))
  for (;;) {
    const next = (root + square / root) / 2n
    if (next >= root) return root
    root = next
  }
}

describe('halfPower', () => {
  it('gives the literal table entries that BigInt square roots give', () => {
    const rounded = (power: bigint): number => Number((((power << 27n) >> 200n) + 1n) / 2n)
    for (let step = 0; step < 256; step += 1) {
      expect(halfPower(step << 8)).toBe(rounded(exactPower(step, 8)))
      expect(halfPower(step)).toBe(rounded(exactPower(step, 16)))
    }
  })

  it('is within three units of the exact power at every fraction', () => {
    for (let step = 0; step < 65_536; step += 97) {
      const exact = Number((exactPower(step, 16) << 26n) >> 200n)
      expect(Math.abs(halfPower(step) - exact)).toBeLessThanOrEqual(3)
    }
  })

  it('halves with each whole step and ends at 0 after 27', () => {
    expect(halfPower(0)).toBe(EXP2_ONE)
    expect(halfPower(65_536)).toBe(EXP2_ONE / 2)
    expect(halfPower(26 * 65_536)).toBe(1)
    expect(halfPower(27 * 65_536)).toBe(0)
    expect(halfPower(Number.MAX_SAFE_INTEGER)).toBe(0)
  })

  it('never rises', () => {
    const rises = Array.from({ length: 131_072 }, (_, d) => d).filter((d) => halfPower(d + 1) > halfPower(d))
    expect(rises).toEqual([])
  })
})
