// The whole dispute through a real node and the real application.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import { disputeSchema } from '../../src/api/dispute.js'
import { BACKERS_MAX } from '../../src/lenses/index.js'
import { agentOf, backs, epochRecord, idOf, saidMs, startNeutral, states, type Asked } from './real-node.js'

const key = { subject: 's', predicate: 'p' }
let real: Asked

describe('skeptic', () => {
  afterEach(() => real.stop())

  it('shows every side with its backers, how far apart they are, and how it came about', async () => {
    real = await startNeutral()
    const ten = states('ann', 10, { timestampMs: saidMs, source: 'a book' })
    const twenty = states('bob', 20, { timestampMs: saidMs + 10 })
    const vote = backs('cid', idOf(twenty), 500_000, saidMs + 20)
    await real.admit(ten, twenty, vote)
    const { status, json } = await real.get('/skeptic', key)
    expect([status, Compile(disputeSchema).Errors(json)]).toEqual([200, []])
    expect(json).toMatchObject({
      subject: 's', predicate: 'p', lens: 'Skeptic', cardinality: 'one', epoch: null, undecided: false,
      clusters_total: 2, clone_groups: [], candidates: 2, ballots: 3, evidence: { assertions: 2, votes: 1 },
      clusters: [
        { object: 20, score: 1.5, agents: 2, assertions: 1 }, { object: 10, score: 1, agents: 1, source: 'a book' }
      ]
    })
    expect(json.cursor).toBeUndefined()
    const [first, second] = json.clusters
    expect(first.backers).toEqual([
      {
        agent_id: agentOf('bob').publicKey, record: idOf(twenty), timestamp: saidMs + 10,
        weight: 1, ballot: 1, gate: 1, trust: 1, accuracy: 682 / 1_024, standing: 1, bits: 1
      },
      {
        agent_id: agentOf('cid').publicKey, record: idOf(vote), timestamp: saidMs + 20,
        weight: 0.5, ballot: 0.5, gate: 1, trust: 1, accuracy: 682 / 1_024, standing: 1, bits: 0.5
      }
    ])
    const [p, q] = [first.share, second.share]
    expect(json.conflict).toBeCloseTo(1 - p, 4)
    expect(json.entropy).toBeCloseTo(-p * Math.log2(p) - q * Math.log2(q), 3)
    const mean = (20 * p + 10 * q) / (p + q)
    expect(json.variance).toBeCloseTo((p * (20 - mean) ** 2 + q * (10 - mean) ** 2) / (p + q), 6)
    expect(json.history.complete).toBe(true)
    expect(json.history.moments.map((at: { readonly as_of: number }) => at.as_of))
      .toEqual([saidMs, saidMs + 10, saidMs + 20])
    for (const moment of json.history.moments) {
      const then = (await real.get('/query', { ...key, asOf: String(moment.as_of) })).json
      expect(moment.winner).toMatchObject({ ...then.winner, share: then.share, score: then.score })
    }
  })

  it('takes the dispute back to a time, with the settings of then', async () => {
    real = await startNeutral()
    const many = epochRecord({ timestampMs: saidMs + 5, settings: new Map([['p', { cardinality: 'many' }]]) })
    await real.admit(states('ann', 'x'), states('bob', 'y', { timestampMs: saidMs + 2 }), many)
    const then = (await real.get('/skeptic', { ...key, asOf: String(saidMs + 4) })).json
    expect(then).toMatchObject({ as_of: saidMs + 4, cardinality: 'one', conflict: 0.5, entropy: 1, epoch: null })
    const first = (await real.get('/skeptic', { ...key, asOf: String(saidMs) })).json
    expect(first).toMatchObject({ clusters_total: 1, conflict: 0, entropy: 0 })
    const present = (await real.get('/skeptic', key)).json
    expect(present).toMatchObject({ cardinality: 'many', epoch: idOf(many), clusters_total: 2 })
    expect(present.entropy).toBeUndefined()
  })

  it('is 404 where nothing is said, and says which assertion it does not know', async () => {
    real = await startNeutral()
    const x = states('ann', 'x')
    await real.admit(x, states('ann', 'z', { predicate: 'other' }))
    const none = await real.get('/skeptic', { subject: 's', predicate: 'none' })
    expect([none.status, none.json.code]).toEqual([404, 'LENS_NO_CANDIDATES'])
    const other = await real.get('/skeptic', { ...key, predicate: 'other', assertion: idOf(x) })
    expect([other.status, other.json.field]).toEqual([400, 'assertion'])
    for (const [field, value] of [['limit', '1001'], ['limit', '0'], ['asOf', 'x'], ['assertion', 'x']] as const) {
      expect((await real.get('/skeptic', { ...key, [field]: value })).json.field).toBe(field)
    }
  })
})

describe('pages of a dispute', () => {
  const sides = 7
  beforeAll(async () => {
    real = await startNeutral()
    const said = Array.from({ length: sides }, (_, at) => states(`agent ${at}`, `side ${at}`))
    const votes = said.flatMap((assertion, at) =>
      Array.from({ length: at % 3 }, (_, more) => backs(`voter ${at} ${more}`, idOf(assertion))))
    const crowd = states('agent 0', 'crowd', { predicate: 'crowded' })
    const backers = Array.from({ length: BACKERS_MAX }, (_, at) => backs(`fan ${at}`, idOf(crowd)))
    await real.admit(...said, ...votes, crowd, ...backers)
  })
  afterAll(() => real.stop())

  it('hold every side once, in the order of the whole', async () => {
    const whole = (await real.get('/skeptic', key)).json
    const seen: unknown[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const { json } = await real.get('/skeptic', { ...key, limit: '3', ...(cursor === undefined ? {} : { cursor }) })
      expect(json).toMatchObject({ clusters_total: sides, conflict: whole.conflict, entropy: whole.entropy })
      expect(json.history === undefined).toBe(pages > 0)
      seen.push(...json.clusters)
      cursor = json.cursor
      pages += 1
    } while (cursor !== undefined)
    expect([pages, seen]).toEqual([3, whole.clusters])
  })

  it('list all backers of one side when it is named', async () => {
    const crowded = { ...key, predicate: 'crowded' }
    const { clusters: [side] } = (await real.get('/skeptic', crowded)).json
    expect([side.agents, side.backers.length]).toEqual([BACKERS_MAX + 1, BACKERS_MAX])
    const asked = { ...crowded, assertion: side.assertion_hash, limit: '60' }
    const first = (await real.get('/skeptic', asked)).json
    const second = (await real.get('/skeptic', { ...asked, cursor: first.cursor })).json
    const all = [...first.clusters[0].backers, ...second.clusters[0].backers]
    expect([all.length, second.cursor]).toEqual([BACKERS_MAX + 1, undefined])
    expect(all.slice(0, BACKERS_MAX)).toEqual(side.backers)
    expect(new Set(all.map(({ agent_id }) => agent_id)).size).toBe(BACKERS_MAX + 1)
  })

  it('refuse a cursor of another request, and one that a change has made stale', async () => {
    const { cursor } = (await real.get('/skeptic', { ...key, limit: '2' })).json
    for (const asked of [{ ...key, predicate: 'crowded', cursor }, { ...key, cursor: 'x' }, { ...key, asOf: '9', cursor }]) {
      const refused = await real.get('/skeptic', asked)
      expect([refused.status, refused.json.code]).toEqual([400, 'QUERY_CURSOR'])
    }
    await real.admit(states('late', 'side 9', { timestampMs: saidMs + 1 }))
    const stale = await real.get('/skeptic', { ...key, limit: '2', cursor })
    expect([stale.status, stale.json.code]).toEqual([409, 'QUERY_CHANGED'])
  })
})
