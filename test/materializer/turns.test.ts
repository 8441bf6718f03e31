import { expect, it } from 'vitest'
import { createPace } from '../../src/lenses/index.js'
import { createEpochBook } from '../../src/materializer/epoch-book.js'
import { dirtyKeyOf } from '../../src/materializer/marks.js'
import { MATERIALIZER_DEFAULTS, WAIT_MS_MAX } from '../../src/materializer/options.js'
import { recompute } from '../../src/materializer/recompute.js'
import { createWaitingTurns } from '../../src/materializer/turns.js'
import { neutralTrust } from '../../src/trustrank/index.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { assertion, createGraph } from './graph.js'

it.each([
  { cost: 0.2, waitMs: 0 }, { cost: 199, waitMs: 3_980 }, { cost: 200, waitMs: WAIT_MS_MAX },
  { cost: 60_000, waitMs: WAIT_MS_MAX }
])('a key that cost $cost ms waits $waitMs ms', ({ cost, waitMs }) => {
  const turns = createWaitingTurns(20)
  turns.spent('dear', cost, 1_000)
  expect(turns.delayMs(['dear'], 1_000)).toBe(waitMs)
  expect([turns.waits('dear', 999 + waitMs), turns.waits('dear', 1_000 + waitMs)]).toEqual([waitMs > 0, false])
})

it('the cost of a long key is what it took, without what others took between its slices', async () => {
  const costs: number[] = []
  for (const pauseMs of [0, 1_000_000]) {
    const manual = createManualClock()
    const clock = { ...manual, monotonicMs: () => (manual.advance(1), manual.monotonicMs()) }
    const graph = await createGraph()
    await graph.admit(...Array.from({ length: 600 }, (_, at) => assertion({ by: `agent ${at % 20}`, object: at })))
    await recompute([dirtyKeyOf('s', 'p')], {
      options: { ...MATERIALIZER_DEFAULTS, sliceCandidates: 599 },
      reader: graph.store, batch: graph.store.batch(), clock, wantsChanges: false, told: undefined,
      judgement: { epochs: createEpochBook(new Set()).view(), trust: neutralTrust() },
      pace: createPace(1, clock, async () => void manual.advance(pauseMs)),
      spent: (_, costMs) => costs.push(costMs)
    })
  }
  expect(costs[0]).toBeGreaterThan(5)
  expect(costs[1]).toBe(costs[0])
})
