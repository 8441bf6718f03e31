// Disputes, explanations, constraints and preflight share the limits of the slow path.

import { describe, expect, it } from 'vitest'
import { createQuery, type Query, type QueryOptions } from '../../src/query/index.js'
import { neutralTrust } from '../../src/trustrank/index.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { assertion, createGraph, yieldNow } from '../materializer/graph.js'

interface Reading {
  readonly query: Query
  readonly yields: () => number
}

/** A clock on which every look takes a millisecond. */
async function reading(candidates: number, options: QueryOptions = {}): Promise<Reading> {
  const clock = createManualClock()
  const graph = await createGraph()
  await graph.materializer.start()
  await graph.settle(...Array.from({ length: candidates }, (_, at) => assertion({ by: 'ann', object: at, timestampMs: at })))
  let yields = 0
  const query = createQuery(options, {
    store: graph.store, trust: neutralTrust, epochs: (asOfMs) => graph.materializer.epochs(asOfMs),
    clock: {
      ...clock,
      monotonicMs: () => {
        clock.advance(1)
        return clock.monotonicMs()
      }
    },
    yieldNow: () => {
      yields += 1
      return yieldNow()
    },
    lagMs: () => 0, settled: async () => undefined, trustSettled: async () => undefined, trustLagMs: () => 0
  })
  return { query, yields: () => yields }
}

const key = { subject: 's', predicate: 'p' }
const ask = { ...key, lens: 'consensus' }
const contexts = { subjects: ['s'], limit: 10 }

describe('answers of lenses that give more than one', () => {
  it('are computed two at a time, whatever they are, and the third is refused when none may wait', async () => {
    const { query } = await reading(3, { slowQueueMax: 0 })
    const results = await Promise.allSettled([
      query.dispute({ ...key, limit: 10 }), query.explain(ask), query.constraints(contexts),
      query.preflight({ ...contexts, plan: [] }), query.get({ ...ask, asOfMs: 9 })
    ])
    expect(results.map((one) => (one.status === 'rejected' ? Reflect.get(one.reason as object, 'code') : one.status)))
      .toEqual(['fulfilled', 'fulfilled', 'QUERY_BUSY', 'QUERY_BUSY', 'QUERY_BUSY'])
    expect((await query.preflight({ ...contexts, plan: ['x'] })).allowed).toBe(true)
    expect(query.stats()).toMatchObject({ busyTotal: 3, slowTotal: 6 })
  })

  it('let others run after every 5 ms of work', async () => {
    const { query, yields } = await reading(2_100)
    const { clustersTotal } = await query.dispute({ ...key, limit: 10 })
    expect([clustersTotal, yields() > 5]).toEqual([2_100, true])
    const before = yields()
    await query.explain(ask)
    expect(yields() - before).toBeGreaterThan(5)
  })

  it('are given up after the time limit, and the slot is free again', async () => {
    const { query } = await reading(2_100, { slowMsMax: 20, slowSlots: 1 })
    const late = { code: 'QUERY_TIMEOUT', detail: { limitMs: 20 } }
    await expect(query.explain(ask)).rejects.toMatchObject(late)
    await expect(query.dispute({ ...key, limit: 10 })).rejects.toMatchObject(late)
    expect(query.stats()).toMatchObject({ timeoutTotal: 2, busyTotal: 0 })
  })

  it('take pages of 1 to 1,000 and plans of 1,000 values', async () => {
    const { query } = await reading(1)
    for (const limit of [0, 1_001, 1.5]) {
      await expect(query.dispute({ ...key, limit })).rejects.toMatchObject({ code: 'QUERY_RANGE' })
      await expect(query.constraints({ ...contexts, limit })).rejects.toMatchObject({ code: 'QUERY_RANGE' })
    }
    expect((await query.dispute({ ...key, limit: 1_000 })).clustersTotal).toBe(1)
    const plan = Array.from({ length: 1_001 }, (_, at) => at)
    await expect(query.preflight({ ...contexts, plan })).rejects.toMatchObject({ detail: { field: 'plan' } })
    expect((await query.preflight({ ...contexts, plan: plan.slice(1) })).allowed).toBe(true)
    const subjects = Array.from({ length: 65 }, (_, at) => `s${at}`)
    await expect(query.constraints({ subjects, limit: 1 })).rejects.toMatchObject({ detail: { field: 'subject' } })
    await expect(query.constraints({ subjects: [], limit: 1 })).rejects.toMatchObject({ code: 'QUERY_RANGE' })
  })
})
