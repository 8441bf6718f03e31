import { describe, expect, it } from 'vitest'
import { createTrustSchedule, type TrustSchedule } from '../../src/node/trust-schedule.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'

interface Scene {
  readonly clock: ManualClock
  readonly schedule: TrustSchedule
  readonly isDue: () => Promise<boolean>
}

function setup(): Scene {
  const clock = createManualClock()
  const schedule = createTrustSchedule({ waitFactor: 10, waitMsMin: 100 }, clock)
  let due = false
  const ask = (): void => void schedule.due().then((is) => (due = is))
  ask()
  const isDue = async (): Promise<boolean> => {
    await clock.advanceAsync(0)
    const was = due
    if (was) {
      due = false
      ask()
    }
    return was
  }
  return { clock, schedule, isDue }
}

describe('when trust is computed', () => {
  it('is a tenth of a second after the first change, and never without one', async () => {
    const { clock, schedule, isDue } = setup()
    await clock.advanceAsync(10_000)
    expect(await isDue()).toBe(false)
    schedule.changed()
    await clock.advanceAsync(60)
    schedule.changed()
    expect(schedule.lagMs()).toBe(60)
    await clock.advanceAsync(39)
    expect(await isDue()).toBe(false)
    await clock.advanceAsync(1)
    expect(await isDue()).toBe(true)
  })

  it('is ten times as long after a computation as that took', async () => {
    const { clock, schedule, isDue } = setup()
    schedule.changed()
    await clock.advanceAsync(100)
    expect(await isDue()).toBe(true)
    const turn = schedule.begin()
    await clock.advanceAsync(200)
    schedule.changed()
    turn.end(200)
    expect(schedule.quiet).toBe(false)
    await isDue()
    await clock.advanceAsync(1_999)
    expect(await isDue()).toBe(false)
    await clock.advanceAsync(1)
    expect(await isDue()).toBe(true)
  })

  it('is at once for whoever waits, who is served by a computation that covers all changes before', async () => {
    const { clock, schedule, isDue } = setup()
    schedule.changed()
    const served: string[] = []
    const first = schedule.begin()
    schedule.changed()
    void schedule.settled().then(() => served.push('all'))
    expect(await isDue()).toBe(true)
    first.end(1_000)
    await clock.advanceAsync(0)
    expect(served).toEqual([])
    const second = schedule.begin()
    second.end(1)
    await clock.advanceAsync(0)
    expect(served).toEqual(['all'])
    expect([schedule.quiet, schedule.lagMs()]).toEqual([true, 0])
    await expect(schedule.settled()).resolves.toBeUndefined()
  })

  it('is as long after a computation as that took for a question, and nothing is left of one given up', async () => {
    const { clock, schedule, isDue } = setup()
    schedule.changed()
    await clock.advanceAsync(100)
    expect(await isDue()).toBe(true)
    schedule.begin().end(200)
    await isDue()
    schedule.changed()
    const patience = new AbortController()
    const served: string[] = []
    void schedule.answered(patience.signal).then(() => served.push('given up'))
    await clock.advanceAsync(50)
    patience.abort()
    expect(await isDue()).toBe(false)
    expect(served).toEqual(['given up'])
    await clock.advanceAsync(150)
    expect(await isDue()).toBe(false)
    void schedule.answered(new AbortController().signal).then(() => served.push('answered'))
    expect(await isDue()).toBe(true)
    schedule.begin().end(1)
    await clock.advanceAsync(0)
    expect(served).toEqual(['given up', 'answered'])
    await expect(schedule.answered(AbortSignal.abort())).resolves.toBeUndefined()
  })

  it('ends for all who wait when it fails or stops', async () => {
    const { schedule } = setup()
    schedule.changed()
    const failing = schedule.settled()
    schedule.failed(new Error('the reason'))
    await expect(failing).rejects.toThrow('the reason')
    const waiting = schedule.settled()
    schedule.stop()
    await expect(waiting).rejects.toMatchObject({ code: 'NODE_STOPPED' })
    await expect(schedule.settled()).rejects.toMatchObject({ code: 'NODE_STOPPED' })
    expect(await schedule.due()).toBe(false)
  })
})
