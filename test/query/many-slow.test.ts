// Slow answers of several callers: they take turns, wait in a bounded queue, and a call ends when its time is
// up or its asker has gone.

import { describe, expect, it } from 'vitest'
import type { Lens } from '../../src/lenses/index.js'
import { type Answer, createQuery, type Query, QUERY_DEFAULTS, type QueryOptions } from '../../src/query/index.js'
import { startDeadline } from '../../src/query/deadline.js'
import { createSlots } from '../../src/query/slots.js'
import { neutralTrust } from '../../src/trustrank/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { settle as turns, until } from '../fakes/until.js'
import { assertion, createGraph, yieldNow } from '../materializer/graph.js'

interface Asked {
  readonly query: Query
  readonly clock: ManualClock
  /** Subjects in the order in which the lens came to them. */
  readonly seen: string[]
}

const SUBJECTS = ['a', 'b', 'c']

/** A query side whose lens Costly takes so many ms of the clock for an answer, in steps of one. */
async function asked(costMs: number, options: QueryOptions = {}): Promise<Asked> {
  const clock = createManualClock()
  const graph = await createGraph()
  await graph.materializer.start()
  await graph.settle(...SUBJECTS.map((subject) => assertion({ by: 'ann', subject })))
  const seen: string[] = []
  const costly: Lens = {
    name: 'Costly',
    * resolve({ subject, candidates: [candidate] }) {
      seen.push(subject)
      for (let ms = 0; ms < costMs; ms += 1) {
        clock.advance(1)
        yield
      }
      return candidate && {
        winners: [{ candidate, score: 1, share: 2, agents: 3 }], undecided: false, clusters: 1, ballots: 1
      }
    }
  }
  const query = createQuery(options, {
    store: graph.store, clock, yieldNow, trust: neutralTrust, lenses: [costly],
    epochs: (asOfMs) => graph.materializer.epochs(asOfMs), lagMs: () => 0, trustLagMs: () => 0,
    trustSettled: async () => undefined,
    settled: (_subject, _predicate, signal) => new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve())
    })
  })
  return { query, clock, seen }
}

const ask = (subject: string): { subject: string; predicate: string; lens: string } =>
  ({ subject, predicate: 'p', lens: 'costly' })
const many = (subject: string, count: number): ReturnType<typeof ask>[] => new Array(count).fill(ask(subject))

function codes(answers: readonly (Answer | Error)[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const answer of answers) {
    const code = answer instanceof Error ? String(Reflect.get(answer, 'code')) : 'answer'
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return counts
}

describe('a call for many slow answers', () => {
  it('ends when its time is up, and says so in the place of what it did not come to', async () => {
    const { query, clock, seen } = await asked(100)
    const answers = await query.getMany(many('a', 1_000))
    expect(answers).toHaveLength(1_000)
    const counts = codes(answers)
    expect(counts.get('answer')).toBeGreaterThan(90)
    expect(counts.get('QUERY_TIMEOUT')).toBe(1_000 - (counts.get('answer') ?? 0))
    expect(answers.at(-1)).toMatchObject({ detail: { limitMs: 10_000 } })
    expect(clock.monotonicMs()).toBeLessThanOrEqual(10_100)
    expect([seen.length, clock.timers]).toEqual([100, 0])
  })

  it('ends when its asker has gone', async () => {
    const gone = new AbortController()
    const { query, clock, seen } = await asked(100)
    const answers = query.getMany(many('a', 1_000), gone.signal)
    await until('it has begun', () => seen.length > 2)
    gone.abort()
    const counts = codes(await answers)
    expect(counts.get('QUERY_ABORTED')).toBe(1_000 - (counts.get('answer') ?? 0))
    expect(seen.length).toBeLessThan(10)
    expect(clock.timers).toBe(0)
    expect(codes(await query.getMany(many('a', 3), gone.signal)).get('QUERY_ABORTED')).toBe(3)
    expect((await query.get(ask('b'))).winner.share).toBe(2)
  })

  it('has that time for waiting until records are in views, too', async () => {
    const { query, clock } = await asked(1)
    const answers = query.getMany(many('a', 1_000).map((one) => ({ ...one, fresh: 'records' as const })))
    let over = false
    void answers.then(() => { over = true })
    while (!over) {
      clock.advance(100)
      await turns(1)
    }
    expect(clock.monotonicMs()).toBeLessThan(12_000)
    expect(codes(await answers)).toEqual(new Map([['QUERY_TIMEOUT', 1_000]]))
  })

  it('lets others have their turn after each answer', async () => {
    const { query, seen } = await asked(100, { slowSlots: 1 })
    const [first, second] = [query.getMany(many('a', 30)), query.getMany(many('b', 30))]
    await until('both have begun', () => seen.includes('b'))
    const before = seen.length
    expect((await query.get(ask('c'))).winner.share).toBe(2)
    expect(seen.indexOf('c') - before).toBeLessThanOrEqual(2)
    expect(codes(await first)).toEqual(new Map([['answer', 30]]))
    expect(codes(await second)).toEqual(new Map([['answer', 30]]))
    const inTurn = seen.filter((subject) => subject !== 'c').join('')
    expect(inTurn).toMatch(/^a+(ba)+b+$/)
  })
})

describe('the queue for slow answers', () => {
  it('holds 16, and the next is refused at once', async () => {
    const { query } = await asked(1)
    const { slowSlots, slowQueueMax } = QUERY_DEFAULTS
    const results = await Promise.all(Array.from({ length: slowSlots + slowQueueMax + 1 }, () =>
      query.get(ask('a')).then(() => 'answer', (error: unknown) => String(Reflect.get(error as object, 'code')))))
    expect(results).toEqual([...new Array<string>(18).fill('answer'), 'QUERY_BUSY'])
    expect(query.stats().busyTotal).toBe(1)
  })

  it('is left after 5 s without a turn or when the call ends, and the place is free again', async () => {
    const clock = createManualClock()
    const slots = createSlots({ slowSlots: 1, slowQueueMax: 1, slowMsMax: 5_000 }, clock)
    await slots.take(undefined)
    const late = expect(slots.take(undefined)).rejects.toMatchObject({ code: 'QUERY_BUSY' })
    clock.advance(4_999)
    await expect(slots.take(undefined)).rejects.toMatchObject({ code: 'QUERY_BUSY' })
    clock.advance(1)
    await late
    const { signal } = startDeadline(10, clock, undefined)
    const ended = expect(slots.take(signal)).rejects.toMatchObject({ code: 'QUERY_TIMEOUT', detail: { limitMs: 10 } })
    clock.advance(10)
    await ended
    await expect(slots.take(signal)).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
    const next = slots.take(undefined)
    slots.free()
    await next
    slots.free()
    await slots.take(undefined)
    expect(clock.timers).toBe(0)
  })
})
