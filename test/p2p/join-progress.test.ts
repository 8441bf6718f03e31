import { describe, expect, it } from 'vitest'
import { createProgressMeter, type ProgressMeter } from '../../src/p2p/join-progress.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'

interface Scene {
  readonly clock: ManualClock
  readonly meter: ProgressMeter
  /** A second passes, in which records come. */
  come(records: number): void
}

function scene(here: number): Scene {
  const clock = createManualClock()
  let count = here
  const meter = createProgressMeter({ clock, recordCount: () => count })
  meter.start()
  return {
    clock, meter,
    come(records) {
      clock.advance(1_000)
      count += records
      meter.received(200 * records)
    }
  }
}

describe('the progress of a join', () => {
  it('counts what is here, and what came since the start beside it', () => {
    const { meter, come } = scene(400)
    meter.remote(1_000)
    expect(meter.progress())
      .toMatchObject({ here: 400, records: 0, bytes: 0, recordsPerSecond: 0, remoteRecords: 1_000 })
    for (let second = 0; second < 4; second++) come(100)
    expect(meter.progress()).toMatchObject({ here: 800, records: 400, bytes: 80_000 })
  })

  it('tells the time left at the rate of the last ten seconds', () => {
    const { clock, meter, come } = scene(0)
    meter.remote(10_000)
    for (let second = 0; second < 20; second++) come(10)
    for (let second = 0; second < 10; second++) come(100)
    clock.advance(1)
    const { recordsPerSecond, bytesPerSecond, leftMs } = meter.progress()
    expect(recordsPerSecond).toBeGreaterThanOrEqual(90)
    expect(recordsPerSecond).toBeLessThanOrEqual(101)
    expect(bytesPerSecond).toBeLessThanOrEqual(20_200)
    expect(Math.abs((leftMs ?? 0) - 8_800_000 / 100) / 88_000).toBeLessThan(0.12)
  })

  it('tells no time left while nothing comes, and when all is here', () => {
    const { clock, meter, come } = scene(0)
    meter.remote(300)
    come(100)
    for (let second = 0; second < 12; second++) {
      clock.advance(1_000)
      meter.progress()
    }
    expect(meter.progress()).toMatchObject({ recordsPerSecond: 0, bytesPerSecond: 0 })
    expect(meter.progress().leftMs).toBeUndefined()
    come(200)
    expect(meter.progress().recordsPerSecond).toBeGreaterThan(0)
    expect(meter.progress().leftMs).toBeUndefined()
  })

  it('knows the most that a peer said', () => {
    const { meter } = scene(0)
    expect(meter.progress().remoteRecords).toBeUndefined()
    meter.remote(500)
    meter.remote(200)
    expect(meter.progress().remoteRecords).toBe(500)
  })

  it('is done once', async () => {
    const { meter } = scene(0)
    expect(meter.progress().synced).toBe(false)
    meter.synced()
    meter.synced()
    await meter.whenSynced
    expect(meter.progress().synced).toBe(true)
  })
})
