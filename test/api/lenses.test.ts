// Every lens through a real node and the real application.

import { describe, expect, it, onTestFinished } from 'vitest'
import { LensError, type Lens } from '../../src/lenses/index.js'
import { createMachine, nodeOn } from '../node/kit.js'
import { backs, epochRecord, idOf, realWith, saidMs, startReal, states } from './real-node.js'

const key = { subject: 's', predicate: 'p' }

describe('query through a real node', () => {
  it('answers by every standard lens, in any case of its name', async () => {
    const x = states('ann', 'x')
    const late = states('bob', 'y', { timestampMs: saidMs + 1 })
    const { get } = await realWith(x, backs('cid', idOf(x)), late)
    for (const [lens, name, object] of [
      ['CONSENSUS', 'Consensus', 'x'], ['recency', 'Recency', 'y'], ['EpochAware', 'EpochAware', 'x']
    ] as const) {
      const { status, json } = await get('/query', { ...key, lens })
      expect([status, json.lens, json.winner.object]).toEqual([200, name, object])
    }
    // Two against one on the only question there is: nobody reaches what Authority asks.
    const authority = await get('/query', { ...key, lens: 'authority' })
    expect([authority.status, authority.json.code]).toEqual([404, 'LENS_NO_CANDIDATES'])
    expect(authority.json.detail).toContain('nobody whom this lens hears')
  })

  it('takes every lens back to a time, and names the trust that it was judged under', async () => {
    const { get, node } = await realWith(
      states('ann', 'x', { timestampMs: saidMs }), states('bob', 'y', { timestampMs: saidMs + 5 }),
      states('cid', 'y', { timestampMs: saidMs + 9 })
    )
    const { trustGeneration: generation, frontierRoot } = await node.state()
    expect(generation).toBeGreaterThan(0)
    for (const lens of ['Consensus', 'Recency', 'EpochAware']) {
      const at = async (ms: number): Promise<unknown> =>
        (await get('/query', { ...key, lens, asOf: String(ms) })).json.winner.object
      expect([await at(saidMs), await at(saidMs + 9)]).toEqual(['x', 'y'])
      const { json } = await get('/query', { ...key, lens, asOf: String(saidMs) })
      const view = { trust_generation: generation, trust_frontier: frontierRoot, lag_ms: 0 }
      expect(json).toMatchObject({ as_of: saidMs, candidates: 1, view })
      expect((await get('/query', { ...key, lens, asOf: String(saidMs - 1) })).json.code).toBe('LENS_NO_CANDIDATES')
    }
    const [first, second] = [await get('/query', { ...key, asOf: '1' }), await get('/query', { ...key, asOf: 'x' })]
    expect([first.status, second.status]).toEqual([404, 400])
  })

  it('hears with Authority whom the query asks for, never fewer demands than the genesis makes', async () => {
    const { get, post } = await realWith(states('ann', 'x'), states('bob', 'y'))
    const asked = { ...key, lens: 'Authority', minStanding: '0.5', minAccuracy: '0.1' }
    // The genesis asks 0.75 of accuracy: a lower demand does not open the door.
    expect((await get('/query', asked)).json.code).toBe('LENS_NO_CANDIDATES')
    const [low] = (await post('/query', { queries: [{ ...key, lens: 'Authority', minAccuracy: 0.5 }] })).json.answers
    expect(low.error.code).toBe('LENS_NO_CANDIDATES')
    const other = await get('/query', { ...key, lens: 'Recency', minStanding: '0.5' })
    expect([other.status, other.json.code, other.json.field]).toEqual([400, 'QUERY_RANGE', 'minStanding'])
    for (const minStanding of ['1.1', '-0', '0.1234567', 'high']) {
      expect((await get('/query', { ...key, minStanding })).json).toMatchObject({ code: 'INPUT_INVALID', field: 'minStanding' })
    }
    const body = await post('/query', { queries: [{ ...key, lens: 'Authority', minStanding: 2 }] })
    expect(body.json).toMatchObject({ code: 'INPUT_INVALID', field: 'minStanding' })
  })

  it('shows all winners of a predicate with many values', async () => {
    const many = epochRecord({ settings: new Map([['p', { cardinality: 'many' }]]) })
    const { get, post } = await realWith(many, states('ann', 'x'), states('ann', 'y'), states('bob', 'x'),
      states('bob', 'y'))
    const { json } = await get('/query', key)
    expect(json.winners_total).toBe(2)
    expect(json.winners.map(({ object }: { readonly object: string }) => object).sort()).toEqual(['x', 'y'])
    const slow = (await post('/query', { queries: [{ ...key, asOf: saidMs }] })).json.answers[0]
    expect(slow.winners).toEqual(json.winners)
  })

  it('says undecided when nobody stands by any answer', async () => {
    const x = states('ann', 'x')
    const { get } = await realWith(x, backs('ann', idOf(x), 0, saidMs + 1))
    expect((await get('/query', key)).json).toMatchObject({ undecided: true, score: 0, winner: { object: 'x' } })
  })
})

const loudest: Lens = {
  name: 'Loudest',
  resolve: ({ candidates }) => {
    const [candidate] = [...candidates].sort((a, b) => b.confidence - a.confidence || (a.id < b.id ? -1 : 1))
    return candidate && {
      winners: [{ candidate, score: candidate.confidence, share: 65_536, agents: 1 }],
      undecided: false, clusters: candidates.length, ballots: candidates.length
    }
  }
}

describe('a lens of one\'s own', () => {
  it('answers by its name, is listed in the document and in the error of an unknown one', async () => {
    const started = await startReal({ lenses: [loudest] })
    onTestFinished(() => started.stop())
    await started.admit(states('ann', 'soft', { confidence: 10 }), states('bob', 'loud', { confidence: 900_000 }))
    const { json } = await started.get('/query', { ...key, lens: 'LOUDEST' })
    expect(json).toMatchObject({ lens: 'Loudest', winner: { object: 'loud' }, candidates: 2 })
    const past = await started.get('/query', { ...key, lens: 'loudest', asOf: String(saidMs) })
    expect(past.json.winner.object).toBe('loud')
    const unknown = await started.get('/query', { ...key, lens: 'quietest' })
    expect([unknown.status, unknown.json.known]).toEqual(
      [400, ['Consensus', 'Authority', 'Recency', 'EpochAware', 'Loudest']])
    const document = (await started.app.inject({ url: '/openapi.json' })).body
    expect(document).toContain('Consensus, Authority, Recency, EpochAware, Loudest')
  })

  it('cannot take the name of another', async () => {
    const machine = await createMachine()
    expect(() => nodeOn(machine, { lenses: [{ ...loudest, name: 'consensus' }] })).toThrow(LensError)
    expect(nodeOn(machine, { lenses: [loudest] }).lenses.at(-1)).toBe('Loudest')
  })
})
