// What reports of the state may cost: however many ask, passes over all views take a bounded part of time.

import { describe, expect, it } from 'vitest'
import { blake3Hash, utf8Bytes } from '../../src/base/index.js'
import type { StateTag } from '../../src/dag/index.js'
import { createStateReporter, type ReportedParts } from '../../src/node/state.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { settle } from '../fakes/until.js'

const root = blake3Hash(utf8Bytes('frontier'))
const tag = {
  recordCount: 1, bytes: new Uint8Array(1), frontierRoot: root, schemaVersion: 1, viewVersion: 1,
  trustDigest: root, viewDigest: root
} as StateTag

interface Bench {
  readonly clock: ManualClock
  readonly parts: ReportedParts
  readonly state: { passes: number; kept: StateTag | undefined; root: string }
}

/** Parts whose views take `passMs` to go over, and never rest. */
function bench(passMs: number): Bench {
  const clock = createManualClock()
  const state: Bench['state'] = { passes: 0, kept: undefined, root }
  const parts = {
    tags: {
      current: () => state.kept,
      doubts: { alarms: [] },
      async make() {
        state.passes += 1
        await settle(1)
        clock.advance(passMs)
        return tag
      }
    },
    dag: {
      frontier: () => ({ root: state.root, tips: () => [] }), heads: () => [],
      counts: () => ({ blocks: 0, forks: 0, pendingBlocks: 0, wanted: 0 })
    },
    store: { totals: { recordCount: 1 } },
    ingest: { counts: () => ({ unsealed: 0, quarantined: 0 }) },
    materializer: { lag: () => ({ marks: 0 }) },
    trust: { snapshot: () => ({ generation: 0 }) },
    audit: { last: undefined }
  }
  return { clock, parts: parts as unknown as ReportedParts, state }
}

describe('reports of the state', () => {
  it('share one pass when many ask at once', async () => {
    const { clock, parts, state } = bench(100)
    const report = createStateReporter(clock)
    const reports = await Promise.all(Array.from({ length: 50 }, () => report(parts)))
    expect(state.passes).toBe(1)
    for (const one of reports) expect(one.tag).toMatchObject({ viewDigest: root })
  })

  it('wait four times as long as the last pass took before the next one', async () => {
    const { clock, parts, state } = bench(100)
    const report = createStateReporter(clock)
    await report(parts)
    const second = report(parts)
    await settle(3)
    clock.advance(399)
    await settle(3)
    expect(state.passes).toBe(1)
    clock.advance(1)
    expect((await second).tag).toBeDefined()
    expect(state.passes).toBe(2)
  })

  it('come without a tag while the rest is longer than a caller waits, and at once', async () => {
    const { clock, parts, state } = bench(1_251)
    const report = createStateReporter(clock)
    expect((await report(parts)).tag).toBeDefined()
    expect((await report(parts)).tag).toBeUndefined()
    expect(state.passes).toBe(1)
    clock.advance(4)
    const third = report(parts)
    await settle(3)
    clock.advance(5_000)
    expect((await third).tag).toBeDefined()
    expect(state.passes).toBe(2)
  })

  it('cost nothing while the tag of the state is there', async () => {
    const { clock, parts, state } = bench(2_000)
    state.kept = tag
    const report = createStateReporter(clock)
    for (let i = 0; i < 20; i += 1) expect((await report(parts)).tag).toBeDefined()
    expect(state.passes).toBe(0)
  })

  it('give no tag of a state that has passed', async () => {
    const { clock, parts, state } = bench(1)
    const report = createStateReporter(clock)
    const asked = report(parts)
    state.root = blake3Hash(utf8Bytes('later'))
    expect((await asked).tag).toBeUndefined()
  })
})
