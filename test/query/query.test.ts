import { describe, expect, it } from 'vitest'
import { LensError, NO_EPOCHS, VIEW_VERSION, type Lens } from '../../src/lenses/index.js'
import {
  createQuery, type Query, type QueryDeps, QueryError, type QueryOptions, REQUESTS_MAX
} from '../../src/query/index.js'
import { keys, type Store } from '../../src/store/index.js'
import { neutralTrust, type TrustSnapshot } from '../../src/trustrank/index.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { settle as turns, until } from '../fakes/until.js'
import { seeded } from '../lenses/make.js'
import { assertion, createGraph, epoch, type Graph, recordOf, signer, voteOn, yieldNow } from '../materializer/graph.js'

interface Reading {
  readonly graph: Graph
  readonly query: Query
}

async function reading(
  records: readonly Uint8Array[], options: QueryOptions = {}, deps: Partial<QueryDeps> = {}
): Promise<Reading> {
  const graph = await createGraph()
  await graph.materializer.start()
  await graph.settle(...records)
  const { store, clock, materializer } = graph
  const query = createQuery(options, {
    store, clock, yieldNow, trust: neutralTrust, epochs: (asOfMs) => materializer.epochs(asOfMs),
    lagMs: () => materializer.lag().oldestMs,
    settled: (subject, predicate, signal) => materializer.settled(subject, predicate, signal),
    trustSettled: async () => undefined, trustLagMs: () => 0, ...deps
  })
  return { graph, query }
}

const ask = { subject: 's', predicate: 'p', lens: 'Consensus' }

describe('the fast path', () => {
  it('answers a standard lens from the kept view, whatever the case of its name', async () => {
    const x = assertion({ by: 'ann', timestampMs: 3, source: 'a book' })
    const { query } = await reading([x, assertion({ by: 'bob', object: 'y' }), voteOn(x, 'cid', 1_000_000)])
    const answer = query.fast({ ...ask, lens: 'consensus' })
    expect(answer).toMatchObject({
      subject: 's', predicate: 'p', lens: 'Consensus', undecided: false, winnersTotal: 1,
      winner: { object: 'x', assertion: recordOf(x).id, timestampMs: 3, source: 'a book', score: 131_072, agents: 2 },
      runnerUp: { object: 'y', score: 65_536 }, candidates: 2, ballots: 3, clusters: 2,
      evidence: { assertions: 2, votes: 1 }, view: { version: VIEW_VERSION, trustGeneration: 0, lagMs: 0 }
    })
    expect(await query.get({ ...ask, lens: 'CONSENSUS' })).toEqual(answer)
    expect(query.stats()).toMatchObject({ fastTotal: 2, slowTotal: 0 })
  })

  it('says what is wrong with a request', async () => {
    const { query } = await reading([assertion({ by: 'ann' })])
    await expect(query.get({ ...ask, lens: 'Oracle' })).rejects.toMatchObject({ code: 'LENS_UNKNOWN' })
    await expect(query.get({ ...ask, subject: 'nobody' })).rejects.toMatchObject({
      code: 'LENS_NO_CANDIDATES', message: 'nothing is said about this subject and predicate'
    })
    await expect(query.get({ ...ask, asOfMs: -1 })).rejects.toMatchObject({ code: 'QUERY_RANGE' })
    for (const subject of ['', 'x'.repeat(513), 'ü'.repeat(257), '\ud800']) {
      await expect(query.get({ ...ask, subject })).rejects.toMatchObject({ code: 'QUERY_RANGE' })
    }
    await expect(query.get({ ...ask, subject: 'x'.repeat(512) })).rejects.toBeInstanceOf(LensError)
    await expect(query.get({ ...ask, predicate: 'x'.repeat(128) })).rejects.toBeInstanceOf(LensError)
    await expect(query.get({ ...ask, predicate: 'x'.repeat(129) })).rejects.toMatchObject({ code: 'QUERY_RANGE' })
  })

  it('falls back to the records when the view is damaged', async () => {
    const { graph, query } = await reading([assertion({ by: 'ann' })])
    const whole = graph.store.get(keys.view('s', 'p')) ?? new Uint8Array(0)
    const expected = await query.get(ask)
    for (let at = 0; at < whole.length; at += 5) {
      const batch = graph.store.batch()
      batch.put(keys.view('s', 'p'), whole.map((byte, place) => (place === at ? byte ^ 0xff : byte)))
      await graph.store.write(batch)
      await query.get(ask).catch((error: unknown) => expect(error).toBeInstanceOf(LensError))
    }
    const batch = graph.store.batch()
    batch.put(keys.view('s', 'p'), whole.subarray(0, 20))
    await graph.store.write(batch)
    expect(await query.get(ask)).toMatchObject({ winner: expected.winner, evidence: expected.evidence })
  })
})

describe('the slow path', () => {
  it('gives what the fast path gives for the same records', async () => {
    const random = seeded(17)
    const said = Array.from({ length: 60 }, (_, at) => assertion({
      by: `agent ${random(6)}`, subject: `s${random(4)}`, object: random(4), timestampMs: random(9), source: `${at}`
    }))
    const votes = Array.from({ length: 40 }, () =>
      voteOn(said[random(60)] as Uint8Array, `agent ${random(9)}`, random(3) * 500_000, random(9)))
    const { query } = await reading([...said, ...votes])
    for (const lens of ['Consensus', 'Recency']) {
      for (const subject of ['s0', 's1', 's2', 's3']) {
        const request = { ...ask, subject, lens }
        const fast = query.fast(request)
        const slow = await query.get({ ...request, asOfMs: 9 })
        expect({ ...slow, asOfMs: undefined }).toMatchObject({ ...fast, evidence: fast?.evidence } as object)
      }
    }
    expect(query.stats()).toMatchObject({ fastTotal: 8, slowTotal: 8 })
  })

  it('answers as of a time, with the settings of that time', async () => {
    const [x, y] = [assertion({ by: 'ann', timestampMs: 1 }), assertion({ by: 'bob', object: 'y', timestampMs: 5 })]
    const rules = epoch({
      by: 'governor', timestampMs: 7, settings: new Map([['p', { cardinality: 'many' }]])
    })
    const { query } = await reading([x, y, voteOn(y, 'cid', 1_000_000, 6), rules])
    expect((await query.get({ ...ask, asOfMs: 4 })).winner.object).toBe('x')
    expect(await query.get({ ...ask, asOfMs: 6 })).toMatchObject({
      winner: { object: 'y' }, winnersTotal: 1, candidates: 2, evidence: { votes: 1 }, asOfMs: 6
    })
    expect((await query.get({ ...ask, asOfMs: 4, lens: 'Recency' })).winner.object).toBe('x')
    await expect(query.get({ ...ask, asOfMs: 0 })).rejects.toMatchObject({ code: 'LENS_NO_CANDIDATES' })
  })

  it('lists the records behind the winner when asked to explain', async () => {
    const x = assertion({ by: 'ann' })
    const backing = voteOn(x, 'cid', 1_000_000)
    const { query } = await reading([x, backing, assertion({ by: 'bob', object: 'y' })])
    const { evidence } = await query.get({ ...ask, explain: true })
    expect(evidence.backing).toEqual([recordOf(x).id, recordOf(backing).id].sort())
    expect(evidence.digest).toBe((await query.get(ask)).evidence.digest)
  })

  it('hears with Authority whom the request asks for, and no more than the network allows', async () => {
    const steps = new Map([['ann', [700, 900]], ['bob', [1_024, 800]], ['cid', [1_024, 800]], ['dot', [1_024, 100]]]
      .map(([name, values]) => [signer(String(name)).publicKey, values as readonly number[]] as const))
    const trust = (): TrustSnapshot => ({
      ...neutralTrust(), standing: (of) => steps.get(of)?.[0] ?? 0, accuracy: (of) => steps.get(of)?.[1] ?? 0
    })
    const { query } = await reading([
      assertion({ by: 'ann', object: 'x' }), assertion({ by: 'bob', object: 'y' }),
      assertion({ by: 'cid', object: 'y' }), assertion({ by: 'dot', object: 'z' })
    ], {}, { trust })
    const hears = async (asked: object): Promise<readonly unknown[]> => {
      const { winner, ballots, heard } = await query.get({ ...ask, lens: 'Authority', asOfMs: 9, ...asked })
      return [winner.object, ballots, heard]
    }
    expect(await hears({})).toEqual(['y', 3, undefined])
    expect(await hears({ minAccuracy: 801 })).toEqual(['x', 1, { standing: 0, accuracy: 801 }])
    expect(await hears({ minStanding: 701 })).toEqual(['y', 2, { standing: 701, accuracy: 768 }])
    expect(await hears({ minAccuracy: 0 })).toEqual(['y', 3, { standing: 0, accuracy: 768 }])
    for (const asked of [{ minAccuracy: 901 }, { minStanding: 701, minAccuracy: 801 }]) {
      await expect(hears(asked)).rejects.toMatchObject({ code: 'LENS_NO_CANDIDATES' })
    }
    expect(await hears({ minStanding: 1_024 })).toHaveLength(3)
    for (const asked of [{ minStanding: 1_025 }, { minAccuracy: -1 }, { minAccuracy: 0.5 }]) {
      await expect(hears(asked)).rejects.toMatchObject({ code: 'QUERY_RANGE' })
    }
    const plain = { ...ask, minStanding: 1 }
    await expect(query.get(plain)).rejects.toMatchObject({ code: 'QUERY_RANGE', detail: { field: 'minStanding' } })
    expect(() => query.fast(plain)).toThrow(QueryError)
  })

  it('runs custom lenses by name', async () => {
    const loud: Lens = {
      name: 'Loud',
      resolve: ({ candidates: [candidate] }) => candidate && {
        winners: [{ candidate, score: 1, share: 2, agents: 3 }], undecided: false, clusters: 1, ballots: 1
      }
    }
    const { query } = await reading([assertion({ by: 'ann' })], {}, { lenses: [loud] })
    expect(query.lenses).toEqual(['Consensus', 'Authority', 'Recency', 'EpochAware', 'Loud'])
    expect(await query.get({ ...ask, lens: 'loud' })).toMatchObject({ lens: 'Loud', winner: { share: 2 } })
    await expect(query.get({ ...ask, subject: 'none', lens: 'loud' })).rejects.toBeInstanceOf(LensError)
  })

  it('computes two answers at once and refuses a third when none may wait', async () => {
    const { query } = await reading([assertion({ by: 'ann' })], { slowQueueMax: 0 })
    const slow = { ...ask, explain: true }
    const results = await Promise.allSettled([query.get(slow), query.get(slow), query.get(slow)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(results[2]).toMatchObject({ reason: { code: 'QUERY_BUSY', detail: { retryAfterMs: 1_250 } } })
    expect((await query.get(slow)).winner.object).toBe('x')
    expect(query.stats().busyTotal).toBe(1)
  })

  it('gives up after its time limit and frees the slot', async () => {
    const clock = createManualClock()
    const endless: Lens = {
      name: 'Endless',
      *resolve() {
        for (;;) {
          clock.advance(1)
          yield
        }
      }
    }
    const { query } = await reading([assertion({ by: 'ann' })], { slowSlots: 1, slowQueueMax: 0 }, { clock, lenses: [endless] })
    const request = { ...ask, lens: 'endless' }
    const [first, second] = await Promise.allSettled([query.get(request), query.get(request)])
    expect(first).toMatchObject({ reason: { code: 'QUERY_TIMEOUT', detail: { limitMs: 5_000 } } })
    expect(second).toMatchObject({ reason: { code: 'QUERY_BUSY' } })
    expect(clock.monotonicMs()).toBe(5_001)
    expect((await query.get({ ...ask, explain: true })).winner.object).toBe('x')
    expect(query.stats()).toMatchObject({ timeoutTotal: 1, busyTotal: 1 })
  })
})

describe('a slow answer that was given up while it reads', () => {
  it('keeps its slot until its reading has ended', async () => {
    const clock = createManualClock()
    const { graph: { store } } = await reading([assertion({ by: 'ann' })])
    const held = Promise.withResolvers<undefined>()
    let closed = 0
    const slowStore: Store = {
      ...store,
      snapshot: () => {
        const snapshot = store.snapshot()
        const rangeAll: Store['rangeAll'] = (options) => held.promise.then(() => snapshot.rangeAll(options))
        return { ...snapshot, rangeAll, close: () => snapshot.close().finally(() => { closed += 1 }) }
      }
    }
    const query = createQuery({ slowSlots: 1, slowQueueMax: 0 }, {
      store: slowStore, clock, yieldNow, trust: neutralTrust, epochs: () => NO_EPOCHS, lagMs: () => 0,
      settled: async () => undefined, trustSettled: async () => undefined, trustLagMs: () => 0
    })
    const slow = { ...ask, explain: true }
    const first = expect(query.get(slow)).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
    await turns(1)
    clock.advance(5_000)
    await first
    await expect(query.get(slow)).rejects.toMatchObject({ code: 'QUERY_BUSY' })
    held.resolve(undefined)
    await until('the reading has ended', () => closed === 1)
    expect((await query.get(slow)).winner.object).toBe('x')
    await turns(1)
    expect(closed).toBe(2)
  })
})

describe('a fresh answer', () => {
  it('holds everything that was written before the request', async () => {
    const { graph, query } = await reading([assertion({ by: 'ann' })])
    await graph.admit(assertion({ by: 'bob', object: 'y' }), assertion({ by: 'cid', object: 'y' }))
    expect((await query.get(ask)).winner.object).toBe('x')
    expect((await query.get({ ...ask, fresh: true })).winner.object).toBe('y')
  })

  it('is given up after the time limit', async () => {
    const clock = createManualClock()
    const settled = (_subject: string, _predicate: string, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    const { query } = await reading([assertion({ by: 'ann' })], {}, { clock, settled })
    const answer = expect(query.get({ ...ask, fresh: true })).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' })
    await turns(1)
    clock.advance(5_000)
    await answer
    expect(clock.timers).toBe(0)
  })

  it('waits for trust before it looks at the key, unless records alone are asked for', async () => {
    const told: string[] = []
    const { query } = await reading([assertion({ by: 'ann' })], {}, {
      trustSettled: async () => void told.push('trust'), settled: async () => void told.push('key'), trustLagMs: () => 5
    })
    const { view } = await query.get({ ...ask, fresh: 'records' })
    expect([told, view.trustLagMs]).toEqual([['key'], 5])
    await query.get({ ...ask, fresh: true, explain: true })
    expect(told).toEqual(['key', 'trust', 'key'])
    await query.get({ ...ask, fresh: false })
    expect(told).toHaveLength(3)
  })

  it('is given up when trust takes longer than the limit, and many asked at once wait once', async () => {
    const clock = createManualClock()
    let waits = 0
    const trustSettled = (signal: AbortSignal): Promise<void> => {
      waits += 1
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    }
    const { query } = await reading([assertion({ by: 'ann' })], {}, { clock, trustSettled, settled: async () => undefined })
    const answers = query.getMany([{ ...ask, fresh: true }, { ...ask, fresh: 'records' }, { ...ask, fresh: true }])
    await turns(1)
    clock.advance(5_000)
    const [first, second, third] = await answers
    for (const late of [first, third]) {
      expect(late).toMatchObject({ code: 'QUERY_TIMEOUT', detail: { limitMs: 5_000, waitsFor: 'trust' } })
    }
    expect(second).toMatchObject({ winner: { object: 'x' } })
    expect([waits, clock.timers, query.stats().timeoutTotal]).toEqual([1, 0, 2])
  })
})

describe('many answers', () => {
  it('come in the order asked, errors in their place', async () => {
    const { query } = await reading([assertion({ by: 'ann' }), assertion({ by: 'ann', subject: 't', object: 2 })])
    const answers = await query.getMany([
      { ...ask, subject: 't' }, { ...ask, subject: 'none' }, { ...ask, lens: 'none' }, ask
    ])
    const shown = answers.map((one) => (one instanceof Error ? one.constructor.name : one.winner.object))
    expect(shown).toEqual([2, 'LensError', 'LensError', 'x'])
  })

  it('are 1,000 at most', async () => {
    const { query } = await reading([assertion({ by: 'ann' })])
    const requests = Array.from({ length: REQUESTS_MAX }, () => ask)
    expect(await query.getMany(requests)).toHaveLength(1_000)
    await expect(query.getMany([...requests, ask])).rejects.toMatchObject({ code: 'QUERY_TOO_MANY' })
    await expect(query.getMany([...requests, ask])).rejects.toBeInstanceOf(QueryError)
  })
})

describe('pages of a subject', () => {
  const records = Array.from({ length: 5 }, (_, at) => assertion({ by: 'ann', predicate: `p${at}`, object: at }))
  const next = [assertion({ by: 'ann', subject: 's\0', predicate: 'other' })]

  it('give every predicate once, in key order, and end', async () => {
    const { query } = await reading([...records, ...next])
    const seen: unknown[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const page = await query.subject('s', 'recency', cursor, 2)
      seen.push(...page.answers.map(({ predicate, winner, lens }) => [predicate, winner.object, lens]))
      cursor = page.cursor
      pages += 1
    } while (cursor !== undefined)
    expect(seen).toEqual([0, 1, 2, 3, 4].map((at) => [`p${at}`, at, 'Recency']))
    expect(pages).toBe(3)
    expect(await query.subject('none', 'Consensus', undefined, 10)).toEqual({ answers: [], cursor: undefined })
  })

  it('refuse cursors of other subjects and limits out of range', async () => {
    const { query } = await reading([...records, ...next])
    const { cursor } = await query.subject('s', 'Consensus', undefined, 1)
    await expect(query.subject('t', 'Consensus', cursor, 1)).rejects.toMatchObject({ code: 'QUERY_CURSOR' })
    for (const bad of ['', 'zz', '00', 'ab'.repeat(2_000)]) {
      await expect(query.subject('s', 'Consensus', bad, 1)).rejects.toMatchObject({ code: 'QUERY_CURSOR' })
    }
    for (const limit of [0, 1_001]) {
      await expect(query.subject('s', 'Consensus', undefined, limit)).rejects.toMatchObject({ code: 'QUERY_RANGE' })
    }
    expect((await query.subject('s', 'Consensus', undefined, 1_000)).answers).toHaveLength(5)
  })
})
