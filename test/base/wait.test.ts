// Waiting ends with its delay or its signal, and leaves nothing behind.

import { expect, it } from 'vitest'
import { wait } from '../../src/base/index.js'
import { createManualClock } from '../fakes/manual-clock.js'

it('waits until its delay is over', async () => {
  const clock = createManualClock()
  let done = false
  const waiting = wait(clock, 10).then(() => { done = true })
  await clock.advanceAsync(9)
  expect(done).toBe(false)
  await clock.advanceAsync(1)
  await waiting
  expect(done).toBe(true)
})

it('ends at once when its signal aborts, and cancels its timer', async () => {
  const clock = createManualClock()
  const abort = new AbortController()
  const waiting = wait(clock, 1000, abort.signal)
  expect(clock.timers).toBe(1)
  abort.abort()
  await waiting
  expect(clock.timers).toBe(0)
})

it('does not begin under an aborted signal', async () => {
  const clock = createManualClock()
  await wait(clock, 1000, AbortSignal.abort())
  expect(clock.timers).toBe(0)
})

it('takes an abort after the end', async () => {
  const clock = createManualClock()
  const abort = new AbortController()
  const waiting = wait(clock, 1, abort.signal)
  clock.advance(1)
  await waiting
  abort.abort()
  expect(clock.timers).toBe(0)
})
