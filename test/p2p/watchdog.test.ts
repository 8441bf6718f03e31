// The watchdog on a clock that a test moves: when it mends, when it cuts, who redials.

import { describe, expect, it } from 'vitest'
import type { PeerLink, PeerName } from '../../src/base/index.js'
import { NETWORK_LIMITS } from '../../src/p2p/index.js'
import { createWatchdog, type Watchdog } from '../../src/p2p/watchdog.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { quietLog, settle } from '../fakes/until.js'

interface Scene {
  readonly clock: ManualClock
  readonly watchdog: Watchdog
  readonly calls: string[]
  link(gossip: boolean | undefined): void
  /** How long mending in place takes from now on. */
  refreshTakes(ms: number | 'fails'): void
  /** Moves on in steps of the watch interval, letting promises run. */
  pass(ms: number): Promise<void>
}

// The peer is `m`: `a` is the smaller of the two, `z` the larger.
function scene(self: PeerName, reachable = true): Scene {
  const clock = createManualClock()
  const calls: string[] = []
  let links: PeerLink[] = []
  let refreshMs: number | 'fails' = 0
  const link = (gossip: boolean | undefined): void => {
    links = gossip === undefined ? [] : [{ peer: 'm', direction: 'inbound', address: '', gossip }]
  }
  const watchdog = createWatchdog({ ...NETWORK_LIMITS, self }, {
    links: () => links,
    refresh: (peer) => {
      calls.push(`refresh ${peer} ${clock.monotonicMs()}`)
      if (refreshMs === 'fails') return Promise.reject(new Error('closed'))
      const ms = refreshMs
      return ms === 0 ? Promise.resolve() : new Promise((resolve) => void clock.setTimer(ms, resolve))
    },
    drop: (peer) => {
      calls.push(`drop ${peer} ${clock.monotonicMs()}`)
      link(undefined)
      return Promise.resolve()
    },
    connected: () => links.length > 0,
    redial: (peer) => {
      calls.push(`redial ${peer} ${clock.monotonicMs()}`)
      if (!reachable) return Promise.reject(new Error('no address'))
      link(false)
      return Promise.resolve()
    },
    clock,
    log: quietLog
  })
  watchdog.start()
  const pass = async (ms: number): Promise<void> => {
    for (let moved = 0; moved < ms; moved += NETWORK_LIMITS.watchMs) {
      clock.advance(NETWORK_LIMITS.watchMs)
      await settle(2)
    }
  }
  return { clock, watchdog, calls, link, refreshTakes: (ms) => { refreshMs = ms }, pass }
}

describe('watchdog', () => {
  it('leaves a link alone that gossips', async () => {
    const { link, pass, calls } = scene('a')
    link(true)
    await pass(60_000)
    expect(calls).toEqual([])
  })

  it('waits longer for a link that has just come up than for one that worked', async () => {
    const fresh = scene('a')
    fresh.link(false)
    await fresh.pass(2_000)
    expect(fresh.calls).toEqual([])
    await fresh.pass(500)
    expect(fresh.calls).toEqual(['refresh m 2500'])

    const worked = scene('a')
    worked.link(true)
    await worked.pass(500)
    worked.link(false)
    await worked.pass(1_500)
    expect(worked.calls).toEqual(['refresh m 2000'])
  })

  it('mends in place first and does nothing more when that helps', async () => {
    const { link, pass, calls, watchdog } = scene('a')
    link(true)
    await pass(500)
    link(false)
    await pass(1_500)
    link(true)
    await pass(60_000)
    expect(calls).toEqual(['refresh m 2000'])
    expect([watchdog.refreshes, watchdog.redials]).toEqual([1, 0])
  })

  it('closes and redials at once as the smaller id when mending in place did not help', async () => {
    const { link, pass, calls } = scene('a')
    link(true)
    await pass(500)
    link(false)
    await pass(2_500)
    expect(calls).toEqual(['refresh m 2000', 'drop m 3000', 'redial m 3000'])
  })

  it('redials five seconds later as the larger id', async () => {
    const { link, pass, calls } = scene('z')
    link(true)
    await pass(500)
    link(false)
    await pass(7_000)
    expect(calls).toEqual(['refresh m 2000', 'drop m 3000'])
    await pass(500)
    expect(calls.at(-1)).toBe('redial m 8000')
  })

  it('does not redial as the larger id when the smaller was quicker', async () => {
    const { link, pass, calls } = scene('z')
    link(true)
    await pass(500)
    link(false)
    await pass(3_000)
    link(true)
    await pass(10_000)
    expect(calls.filter((call) => call.startsWith('redial'))).toEqual([])
  })

  it('doubles its patience with each failed mending, up to a bound', async () => {
    const { link, pass, calls } = scene('a')
    link(false)
    await pass(600_000)
    const drops = calls.filter((call) => call.startsWith('drop')).map((call) => Number(call.split(' ')[2]))
    const gaps = drops.slice(1).map((at, i) => at - (drops[i] ?? 0))
    for (const [i, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(gaps[i - 1] ?? 0)
    expect(gaps.slice(0, 4)).toEqual([8_000, 16_000, 32_000, 64_000])
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * 32 * NETWORK_LIMITS.firstGraceMs + 1_000)
  })

  it('starts from one grace second again after a link has worked for half a minute', async () => {
    const { link, pass, calls } = scene('a')
    link(false)
    await pass(30_000)
    link(true)
    await pass(31_000)
    calls.length = 0
    link(false)
    await pass(3_000)
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['refresh', 'drop', 'redial'])
  })

  it('survives a redial that fails', async () => {
    const { link, pass, calls } = scene('a', false)
    link(false)
    await pass(60_000)
    expect(calls.filter((call) => call.startsWith('redial'))).toHaveLength(1)
    link(true)
    await pass(10_000)
  })

  it('gives a link whose mending took long many times as long before it closes it, up to a bound', async () => {
    for (const [tookMs, patienceMs] of [[500, 8_000], [10_000, NETWORK_LIMITS.patienceMsMax]] as const) {
      const { link, pass, calls, refreshTakes } = scene('a')
      refreshTakes(tookMs)
      link(true)
      await pass(500)
      link(false)
      await pass(1_500 + tookMs + patienceMs - 500)
      expect(calls).toEqual(['refresh m 2000'])
      await pass(1_000)
      expect(calls[1]).toBe(`drop m ${2_000 + tookMs + patienceMs}`)
    }
  })

  it('tries a mending that failed once more before it closes the link', async () => {
    const { link, pass, calls, refreshTakes } = scene('a')
    refreshTakes('fails')
    link(true)
    await pass(500)
    link(false)
    await pass(3_500)
    expect(calls).toEqual(['refresh m 2000', 'refresh m 3000', 'drop m 4000', 'redial m 4000'])
  })

  it('does not close a link while its mending is under way', async () => {
    const { link, pass, calls, refreshTakes } = scene('a')
    refreshTakes(60_000)
    link(false)
    await pass(60_000)
    expect(calls).toEqual(['refresh m 2500'])
  })

  it('begins anew with a new connection, whatever was tried on the old one', async () => {
    const { link, pass, calls, watchdog } = scene('a')
    link(true)
    await pass(500)
    link(false)
    await pass(1_500)
    expect(calls).toEqual(['refresh m 2000'])
    watchdog.renewed('m')
    await pass(2_000)
    expect(calls).toEqual(['refresh m 2000'])
    await pass(1_000)
    expect(calls).toEqual(['refresh m 2000', 'refresh m 4500'])
  })

  it('sets no timer after it was stopped, twice', async () => {
    const { link, pass, clock, watchdog, calls } = scene('z')
    link(false)
    await pass(4_500)
    watchdog.stop()
    watchdog.stop()
    expect(clock.timers).toBe(0)
    const before = calls.length
    await pass(60_000)
    expect(calls).toHaveLength(before)
  })
})
