// Trust in agents and its reasons, through a real node and the real application.

import { describe, expect, it } from 'vitest'
import { agentOf, backs, idOf, realWith, states } from './real-node.js'

const key = (name: string): string => agentOf(name).publicKey

/** Three agree on six facts, one says otherwise each time. */
function story(): readonly Uint8Array[] {
  return Array.from({ length: 6 }, (_, fact) => [
    ...['ann', 'bob', 'cid'].map((by) => states(by, 'true', { subject: `fact ${fact}` })),
    states('liar', `lie ${fact}`, { subject: `fact ${fact}` })
  ]).flat()
}

interface Listed {
  readonly agent_id: string
  readonly accuracy: number
  readonly ballots: number
  readonly hits: number
}

describe('agents', () => {
  it('are listed by falling accuracy, page after page, each once', async () => {
    const { get, node } = await realWith(...story())
    const all: Listed[] = []
    let cursor: string | undefined
    do {
      const { status, json } = await get('/agents', { limit: '1', ...(cursor === undefined ? {} : { cursor }) })
      expect(status).toBe(200)
      expect(json.agents).toHaveLength(1)
      all.push(...json.agents)
      cursor = json.cursor
    } while (cursor !== undefined && all.length < 10)
    expect(all.map(({ agent_id }) => agent_id)).toEqual([...['ann', 'bob', 'cid'].map(key).sort(), key('liar')])
    expect(all.map(({ ballots }) => ballots)).toEqual([6, 6, 6, 6])
    expect(all.at(-1)?.hits).toBeLessThan(1)
    const { trust } = (await get('/agents')).json
    const { tag, trustGeneration } = await node.state()
    expect(trust).toMatchObject({ mode: 'computed', generation: trustGeneration, lag_ms: 0, agents: 4, ballots: 24, computed: true })
    expect(trust.digest).toBe(tag?.trustDigest)
    expect(trust.frontier_root).toBe(tag?.frontierRoot)
  })

  it('have their ballots, what moved them and what was published earlier as reasons', async () => {
    const first = states('liar', 'lie 0', { subject: 'fact 0' })
    const { get, admit } = await realWith(first)
    await admit(...story().filter((record) => idOf(record) !== idOf(first)))
    const { status, json } = await get(`/agents/${key('liar')}`)
    expect(status).toBe(200)
    expect(json).toMatchObject({ agent_id: key('liar'), published: true, seed: false, group: null, gate: 1 })
    expect(json.accuracy).toBeLessThan(0.5)
    expect(json.reasons).toMatchObject({ ballots: 6, audited: 0, clones: [], clones_total: 0, gained: [] })
    expect(json.reasons.lost.map(({ subject }: { readonly subject: string }) => subject).sort())
      .toEqual(Array.from({ length: 6 }, (_, fact) => `fact ${fact}`))
    expect(json.past[0].accuracy).toBeGreaterThan(json.accuracy)
    expect(json.past[0].generation).toBeLessThan(json.trust.generation)
    const ann = (await get(`/agents/${key('ann')}`)).json
    expect(ann.reasons.gained).toHaveLength(6)
    expect(ann.reasons.lost).toEqual([])
  })

  it('have the accuracy that weighs their ballots under each predicate, in explanations and disputes too', async () => {
    // The liar is right about colours.
    const colours = Array.from({ length: 8 }, (_, at) => ['ann', 'bob', 'cid', 'liar'].map((by) =>
      states(by, 'red', { subject: `thing ${at}`, predicate: 'colour' })))
    const { get, admit } = await realWith(...story())
    await admit(...colours.flat())
    const { json } = await get(`/agents/${key('liar')}`)
    const [colour, p] = json.predicates
    expect([colour.predicate, p.predicate, json.predicates.length]).toEqual(['colour', 'p', 2])
    expect(json.predicates_total).toBe(2)
    expect(colour).toMatchObject({ ballots: 8 })
    expect(p).toMatchObject({ ballots: 6 })
    expect([p.accuracy < json.accuracy, json.accuracy < colour.accuracy]).toEqual([true, true])
    expect(p.hits).toBeLessThan(1)
    expect(json.past[0].predicates).toContainEqual({ predicate: 'colour', accuracy: json.past[0].accuracy })
    for (const path of ['/explain', '/skeptic']) {
      for (const [subject, predicate, accuracy] of [['fact 0', 'p', p.accuracy], ['thing 0', 'colour', colour.accuracy]]) {
        const { clusters } = (await get(path, { subject, predicate })).json
        const sides: readonly { readonly backers: readonly Listed[] }[] = clusters
        const liar = sides.flatMap(({ backers }) => backers).find(({ agent_id: by }) => by === key('liar'))
        expect(liar?.accuracy, `${path} ${predicate}`).toBe(accuracy)
      }
    }
  })

  it('without a ballot have what every newcomer has, and are unknown when nothing was heard of them', async () => {
    const fact = states('ann', 'x')
    const { get } = await realWith(fact, backs('eve', idOf(fact), 0))
    const { json } = await get(`/agents/${key('eve')}`)
    expect(json).toMatchObject({ published: false, reasons: null, ballots: null, hits: null, predicates: [] })
    const unknown = await get(`/agents/${key('nobody')}`)
    expect([unknown.status, unknown.json.code]).toEqual([404, 'AGENT_NOT_FOUND'])
  })

  it('are refused for a key or cursor that is none', async () => {
    const { get } = await realWith(...story())
    expect((await get('/agents/xyz')).json).toMatchObject({ status: 400, code: 'INPUT_INVALID' })
    for (const cursor of ['x', `-${key('ann')}`, `12345-${key('ann')}`, `1-${key('ann')}0`]) {
      expect((await get('/agents', { cursor })).json).toMatchObject({ status: 400, code: 'NODE_CURSOR' })
    }
    expect((await get('/agents', { limit: '1001' })).status).toBe(400)
    expect((await get('/agents', { limit: '1000' })).json.agents).toHaveLength(4)
  })
})
