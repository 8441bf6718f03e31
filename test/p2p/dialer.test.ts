// The dialer on a clock that a test moves.

import { describe, expect, it } from 'vitest'
import { createDialer, pauseOf, type Dialer } from '../../src/p2p/dialer.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { quietLog, settle } from '../fakes/until.js'

const limits = { self: 'me', backoffMinMs: 500, backoffMaxMs: 60_000, addressesMax: 3 }

interface Scene {
  readonly clock: ManualClock
  readonly dialer: Dialer
  readonly dials: { readonly address: string; readonly atMs: number }[]
  readonly up: Set<string>
  answers: boolean
}

function scene(): Scene {
  const clock = createManualClock()
  const made: Scene = {
    clock,
    dials: [],
    up: new Set(),
    answers: true,
    dialer: createDialer(limits, {
      dial: (address) => {
        made.dials.push({ address, atMs: clock.monotonicMs() })
        if (!made.answers) return Promise.reject(new Error('nobody'))
        const peer = address.replace('addr-', '')
        made.up.add(peer)
        return Promise.resolve(peer)
      },
      peerOf: (address) => (address.startsWith('addr-') ? address.slice(5) : undefined),
      connected: (peer) => made.up.has(peer),
      clock,
      random: seededRandom(1),
      log: quietLog
    })
  }
  return made
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let moved = 0; moved < ms; moved += 100) {
    clock.advance(100)
    await settle(1)
  }
}

describe('dialer', () => {
  it('dials every configured address at the start, and each once while it is connected', async () => {
    const { dialer, dials, clock } = scene()
    dialer.keep('addr-a')
    dialer.keep('addr-b')
    expect(dials).toEqual([])
    dialer.start()
    await pass(clock, 120_000)
    expect(dials.map((dial) => dial.address)).toEqual(['addr-a', 'addr-b'])
  })

  it('dials soon after a link is gone that the peer had made, however often it failed before', async () => {
    const made = scene()
    made.answers = false
    made.dialer.keep('addr-a')
    made.dialer.start()
    await pass(made.clock, 300_000)
    made.up.add('a')
    made.answers = true
    const before = made.dials.length
    made.up.delete('a')
    made.dialer.onDown('a')
    await pass(made.clock, 1_000)
    expect(made.dials.length).toBe(before + 1)
  })

  it('tries again and again with pauses that double up to a bound', async () => {
    const made = scene()
    made.answers = false
    made.dialer.keep('addr-a')
    made.dialer.start()
    await pass(made.clock, 600_000)
    const gaps = made.dials.slice(1).map((dial, i) => dial.atMs - (made.dials[i]?.atMs ?? 0))
    expect(gaps.length).toBeGreaterThan(10)
    expect(gaps.length).toBeLessThan(30)
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(90_100)
    made.answers = true
    await pass(made.clock, 91_000)
    expect(made.up.has('a')).toBe(true)
  })

  it('redials soon after a link went down, from the shortest pause', async () => {
    const { dialer, dials, clock, up } = scene()
    dialer.keep('addr-a')
    dialer.start()
    await settle()
    up.delete('a')
    dialer.onDown('a')
    dialer.onDown('a')
    await pass(clock, 800)
    expect(dials).toHaveLength(2)
  })

  it('does not dial a peer that dialled us', async () => {
    const { dialer, dials, clock, up } = scene()
    up.add('a')
    dialer.keep('addr-a')
    dialer.start()
    await pass(clock, 10_000)
    expect(dials).toEqual([])
  })

  it('never dials itself twice', async () => {
    const { dialer, dials, clock } = scene()
    dialer.start()
    dialer.keep('addr-me')
    await pass(clock, 10_000)
    expect(dials).toEqual([])
  })

  it('keeps as many addresses as the limit and no more', () => {
    const { dialer, dials } = scene()
    dialer.start()
    for (const name of ['a', 'b', 'c', 'd', 'a']) dialer.keep(`addr-${name}`)
    expect(dials.map((dial) => dial.address)).toEqual(['addr-a', 'addr-b', 'addr-c'])
  })

  it('sets no timer after it was stopped', async () => {
    const made = scene()
    made.answers = false
    made.dialer.keep('addr-a')
    made.dialer.start()
    await settle()
    made.dialer.stop()
    made.dialer.onDown('a')
    expect(made.clock.timers).toBe(0)
  })

  it('varies a pause by half around its base and never exceeds the bound by more', () => {
    const random = seededRandom(3)
    for (let failures = 0; failures < 40; failures++) {
      const base = Math.min(60_000, 500 * 2 ** failures)
      const pause = pauseOf(limits, failures, random)
      expect(pause).toBeGreaterThanOrEqual(base / 2)
      expect(pause).toBeLessThan(base * 1.5)
    }
  })
})
