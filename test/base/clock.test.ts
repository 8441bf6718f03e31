// The machine's clock and the manual one keep the same contract.

import { expect, it } from 'vitest'
import { systemClock } from '../../src/base/index.js'
import { clockContract } from '../contract/clock.js'
import { createManualClock } from '../fakes/manual-clock.js'

clockContract('system', () => ({
  clock: systemClock,
  pass: (ms) => new Promise((resolve) => { systemClock.setTimer(ms + 5, resolve) })
}))

clockContract('manual', () => {
  const clock = createManualClock()
  return { clock, pass: (ms) => clock.advanceAsync(ms) }
})

it('moves the manual wall clock without moving its timers', () => {
  const clock = createManualClock(1000)
  const ran: number[] = []
  clock.setTimer(10, () => ran.push(clock.nowMs()))
  clock.setNow(500)
  clock.advance(9)
  expect([clock.nowMs(), clock.monotonicMs(), clock.timers]).toEqual([509, 9, 1])
  clock.advance(1)
  expect(ran).toEqual([510])
  expect(clock.timers).toBe(0)
})

it('shows a timer of the manual clock its own time', () => {
  const clock = createManualClock(0)
  const seen: number[] = []
  clock.setTimer(5, () => seen.push(clock.nowMs()))
  clock.setTimer(5, () => seen.push(-1))
  clock.setTimer(2, () => seen.push(clock.nowMs()))
  clock.advance(100)
  expect(seen).toEqual([2, 5, -1])
  expect(clock.nowMs()).toBe(100)
})
