// Why an answer won, through a real node and the real application; what would change it is done.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import { explanationSchema } from '../../src/api/explanation.js'
import type { Hash } from '../../src/base/index.js'
import { agentOf, backs, epochRecord, idOf, saidMs, startNeutral, states, type Asked } from './real-node.js'

const key = { subject: 's', predicate: 'p' }
let real: Asked

interface Told {
  readonly agent_id: string
  readonly assertions: readonly Hash[]
  readonly winner: { readonly object: string }
}

async function winner(lens = 'consensus'): Promise<unknown> {
  return (await real.get('/query', { ...key, lens })).json.winner.object
}

beforeEach(async () => {
  real = await startNeutral()
})
afterEach(() => real.stop())

describe('explain', () => {
  it('gives the answer, the ballots of each side, and what would change it', async () => {
    const [x, y] = [states('ann', 'x'), states('bob', 'y')]
    const vote = backs('cid', idOf(x))
    await real.admit(x, y, vote)
    const { status, json } = await real.get('/explain', key)
    expect([status, Compile(explanationSchema).Errors(json)]).toEqual([200, []])
    const asked = (await real.get('/query', { ...key, explain: 'true' })).json
    expect({ ...json.answer, view: json.view }).toEqual(asked)
    expect(json).toMatchObject({
      epoch: null, cardinality: 'one', clone_groups: [],
      clusters: [{ object: 'x', score: 2, backers: [{ bits: 1 }, { bits: 1 }] }, { object: 'y', score: 1 }],
      what_would_change_it: { withdrawals_complete: true }
    })
    expect(json.hears).toBeUndefined()
    const none = await real.get('/explain', { ...key, predicate: 'none' })
    expect([none.status, none.json.code]).toEqual([404, 'LENS_NO_CANDIDATES'])
    expect((await real.get('/explain', { ...key, lens: 'x' })).json.code).toBe('LENS_UNKNOWN')
    const recency = (await real.get('/explain', { ...key, lens: 'recency' })).json
    expect(recency.what_would_change_it)
      .toEqual({ later_than: saidMs, withdrawals: [], withdrawals_complete: true })
  })

  it('names withdrawals that turn the answer when they are made', async () => {
    const [x, y] = [states('ann', 'x'), states('bob', 'y')]
    await real.admit(x, y, backs('cid', idOf(x)), backs('dot', idOf(y)), backs('eve', idOf(x), 10_000))
    const { what_would_change_it: { withdrawals, withdrawals_complete } } = (await real.get('/explain', key)).json
    const names = ['ann', 'bob', 'cid', 'dot', 'eve']
    const nameOf = (id: string): string => names.find((name) => agentOf(name).publicKey === id) ?? ''
    const told = withdrawals.map(({ agent_id }: { readonly agent_id: string }) => nameOf(agent_id)).sort()
    expect([told.slice(0, 2), withdrawals_complete]).toEqual([['ann', 'cid'], true])
    const [{ agent_id, assertions, winner: then }] = withdrawals as readonly [Told]
    expect(await winner()).toBe('x')
    await real.admit(...assertions.map((id) => backs(nameOf(agent_id), id, 0, saidMs + 1)))
    expect([await winner(), then.object]).toEqual(['y', 'y'])
  })

  it('counts the newcomers that turn the answer, not one too many', async () => {
    const [x, y] = [states('ann', 'x'), states('bob', 'y')]
    await real.admit(x, y, ...['a', 'b', 'c'].map((name) => backs(name, idOf(x))))
    const { answer, what_would_change_it: { newcomers, runner_up_lacks } } = (await real.get('/explain', key)).json
    expect(answer.runner_up.object).toBe('y')
    // The smaller hash wins a tie, so three votes or four are needed.
    expect([3, 3 + 1 / 65_536]).toContain(runner_up_lacks)
    expect(newcomers).toBe(Math.ceil(runner_up_lacks))
    for (let count = 1; count < newcomers; count += 1) await real.admit(backs(`new ${count}`, idOf(y)))
    expect(await winner()).toBe('x')
    await real.admit(backs('the last', idOf(y)))
    expect(await winner()).toBe('y')
  })

  it('takes the answer back to a time, and shows the epoch whose settings apply', async () => {
    const settings = new Map([['p', { cardinality: 'many' }]] as const)
    const epoch = epochRecord({ name: 'many', timestampMs: saidMs + 5, settings })
    await real.admit(states('ann', 'x'), states('bob', 'y', { timestampMs: saidMs + 1 }), epoch)
    const then = (await real.get('/explain', { ...key, asOf: String(saidMs) })).json
    expect(then).toMatchObject({ epoch: null, answer: { as_of: saidMs, clusters: 1 }, clusters: [{ object: 'x' }] })
    expect((await real.get('/explain', key)).json)
      .toMatchObject({ epoch: { id: idOf(epoch), name: 'many' }, cardinality: 'many' })
    const deaf = await real.get('/explain', { ...key, lens: 'authority', minAccuracy: '0.9' })
    expect(deaf.json.code).toBe('LENS_NO_CANDIDATES')
  })
})
