// What every Clock must do. Run on the machine's clock and on the fakes.

import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/index.js'

/** A clock under test, and how its time passes. */
export interface ClockUnderTest {
  readonly clock: Clock
  /** Resolves when at least `ms` have passed on the clock and the timers due are run. */
  pass(ms: number): Promise<void>
}

/** Declares the suite. Each test makes its own clock. */
export function clockContract(name: string, make: () => ClockUnderTest): void {
  describe(`Clock contract: ${name}`, () => {
    it('shows whole ms since 1970', () => {
      const { clock } = make()
      expect(Number.isSafeInteger(clock.nowMs())).toBe(true)
      expect(clock.nowMs()).toBeGreaterThan(1_600_000_000_000)
    })

    it('goes on in wall and monotonic time', async () => {
      const { clock, pass } = make()
      const [wall, monotonic] = [clock.nowMs(), clock.monotonicMs()]
      await pass(5)
      expect(clock.monotonicMs() - monotonic).toBeGreaterThanOrEqual(4)
      expect(clock.nowMs() - wall).toBeGreaterThanOrEqual(4)
    })

    it('runs a timer once, after its delay, and never inside setTimer', async () => {
      const { clock, pass } = make()
      const ranAt: number[] = []
      let ranAtOnce = 0
      const start = clock.monotonicMs()
      clock.setTimer(3, () => ranAt.push(clock.monotonicMs() - start))
      clock.setTimer(0, () => { ranAtOnce += 1 })
      expect([ranAt, ranAtOnce]).toEqual([[], 0])
      await pass(3)
      await pass(10)
      expect(ranAtOnce).toBe(1)
      expect(ranAt).toHaveLength(1)
      expect(ranAt[0]).toBeGreaterThanOrEqual(2)
    })

    it('runs timers in the order of their times', async () => {
      const { clock, pass } = make()
      const ran: string[] = []
      clock.setTimer(200, () => ran.push('late'))
      clock.setTimer(2, () => ran.push('early'))
      await pass(250)
      expect(ran).toEqual(['early', 'late'])
    })

    it('runs a timer that a timer sets', async () => {
      const { clock, pass } = make()
      const ran: string[] = []
      clock.setTimer(1, () => clock.setTimer(1, () => ran.push('second')))
      await pass(10)
      expect(ran).toEqual(['second'])
    })

    it('never runs a cancelled timer, and takes a second cancel', async () => {
      const { clock, pass } = make()
      const ran: string[] = []
      const timer = clock.setTimer(1, () => ran.push('cancelled'))
      timer.cancel()
      timer.cancel()
      const done = clock.setTimer(1, () => ran.push('ran'))
      await pass(5)
      done.cancel()
      expect(ran).toEqual(['ran'])
    })
  })
}
