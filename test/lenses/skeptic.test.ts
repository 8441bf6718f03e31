import { describe, expect, it } from 'vitest'
import { Q } from '../../src/base/index.js'
import {
  BACKERS_MAX, createLensInput, type Dispute, type Judgement, type KeyRecords, NO_EPOCHS, runSteps,
  skepticSteps
} from '../../src/lenses/index.js'
import { agent, judgedBy, key, said, seeded, shuffled, trustOf, vote } from './make.js'

function weigh(records: KeyRecords, judgement: Partial<Judgement> = {}): Dispute | undefined {
  const input = createLensInput(records, { epochs: NO_EPOCHS, trust: trustOf(), ...judgement })
  return runSteps(skepticSteps(input))
}

describe('Skeptic', () => {
  it('lists every side with its backers, best supported first', () => {
    const red = said('ann', 'red')
    const blue = said('bob', 'blue')
    const dispute = weigh(key([red, blue], [vote('cid', red, 1_000_000), vote('dot', blue, 0)]))
    expect(dispute?.clusters).toMatchObject([
      { candidate: { object: 'red' }, agents: 2, assertions: 1 },
      { candidate: { object: 'blue' }, agents: 1, assertions: 1 }
    ])
    const backers = dispute?.clusters[0]?.backers.map(({ agentId }) => agentId) ?? []
    expect(backers.sort()).toEqual([agent('ann'), agent('cid')].sort())
    expect(dispute).toMatchObject({ ballots: 3, undecided: false, groups: [] })
  })

  it('finds no conflict in agreement, one bit of entropy in an even dispute', () => {
    expect(weigh(key([said('ann', 'x'), said('bob', 'x')]))).toMatchObject({ conflict: 0, entropy: 0 })
    expect(weigh(key([said('ann', 'x'), said('bob', 'y')]))).toMatchObject({ conflict: Q / 2, entropy: Q })
  })

  it('gives the variance of numbers by their shares, and none of a single number', () => {
    expect(weigh(key([said('ann', 10), said('bob', 20)]))?.variance).toBe(25)
    expect(weigh(key([said('ann', 10), said('bob', 'ten')]))?.variance).toBeUndefined()
  })

  it('has no entropy where answers do not exclude each other', () => {
    const dispute = weigh(key([said('ann', 'x'), said('bob', 'y')]), { epochs: judgedBy({ cardinality: 'many' }) })
    expect(dispute?.entropy).toBeUndefined()
    expect(dispute?.clusters).toHaveLength(2)
  })

  it('names the clone groups that speak here', () => {
    const trust = trustOf({}, [['ann', 'bob'], ['cid', 'zoe']])
    const dispute = weigh(key([said('ann', 'x'), said('bob', 'x'), said('cid', 'y')]), { trust })
    expect(dispute?.groups).toEqual([{ group: 0, agents: [agent('ann'), agent('bob')].sort() }])
  })

  it('shows of each backer the accuracy under the predicate, which weighs its ballot', () => {
    const trust = { ...trustOf(), accuracy: (_: unknown, predicate?: string) => (predicate === 'predicate' ? 300 : 900) }
    expect(weigh(key([said('ann', 'x')]), { trust })?.clusters[0]?.backers).toMatchObject([{ accuracy: 300 }])
  })

  it('cuts the list of backers at 100 and counts them all', () => {
    const many = Array.from({ length: BACKERS_MAX + 1 }, (_, at) => said(`agent ${at}`, 'x'))
    const [side] = weigh(key(many))?.clusters ?? []
    expect([side?.backers.length, side?.agents]).toEqual([BACKERS_MAX, BACKERS_MAX + 1])
    expect(weigh(key(many.slice(1)))?.clusters[0]?.backers).toHaveLength(BACKERS_MAX)
  })

  it('says the same for every order of records', () => {
    const candidates = Array.from({ length: 60 }, (_, at) => said(`agent ${at % 40}`, at % 7, { timestampMs: at }))
    const votes = candidates.map((candidate, at) => vote(`agent ${(at * 7) % 40}`, candidate, (at * 9_000) % 1_000_000))
    const first = JSON.stringify(weigh(key(candidates, votes)))
    const random = seeded(1)
    for (let round = 0; round < 20; round += 1) {
      expect(JSON.stringify(weigh(key(shuffled(candidates, random), shuffled(votes, random))))).toBe(first)
    }
  })

  it('weighs the records that it is handed, whatever records the numbers of its input are of', () => {
    const candidates = Array.from({ length: 30 }, (_, at) => said(`agent ${at % 9}`, at % 4, { timestampMs: at }))
    const votes = candidates.map((candidate, at) => vote(`agent ${at % 7}`, candidate, 1_000_000))
    const input = createLensInput(key(candidates, votes), { epochs: NO_EPOCHS, trust: trustOf() })
    runSteps(input.density())
    const few = { candidates: candidates.slice(10), votes: votes.slice(3, 20) }
    const lent = createLensInput({ ...input, ...few }, { epochs: NO_EPOCHS, trust: trustOf() })
    expect(runSteps(skepticSteps(lent))).toEqual(weigh(key(few.candidates, few.votes)))
  })

  it('has nothing to say without candidates', () => {
    expect(weigh(key([]))).toBeUndefined()
  })
})

describe('backers', () => {
  it('add up to the score of their side, whatever groups and weights there are', () => {
    const random = seeded(5)
    const names = Array.from({ length: 30 }, (_, at) => `agent ${at}`)
    const weights = Object.fromEntries(names.map((name) => [name, random(6 * Q)]))
    const trust = { ...trustOf(weights, [names.slice(0, 5), names.slice(8, 12)]), gateQ: () => Q / 2 + 7 }
    const candidates = names.map((name, at) => said(name, at % 4, { confidence: random(1_000_001) }))
    const votes = Array.from({ length: 60 }, () =>
      vote(names[random(30)] as string, candidates[random(30)] as never, random(1_000_001), random(9)))
    for (const settings of [{}, { cardinality: 'many' as const }]) {
      const input = createLensInput(key(candidates, votes), { epochs: judgedBy(settings), trust })
      const density = runSteps(input.density())
      const sums = settings.cardinality === undefined ? density.scores : density.held
      const dispute = runSteps(skepticSteps(input))
      expect(dispute?.clusters).toHaveLength(4)
      for (const { candidate, backers, agents } of dispute?.clusters ?? []) {
        const at = density.clusters.ofCandidate[candidates.indexOf(candidate as never)] ?? -1
        expect(backers.reduce((sum, { bits }) => sum + bits, 0)).toBe(sums[at])
        expect(backers).toHaveLength(agents)
        expect(backers.some(({ bits, weight }) => bits === 0 && weight > 0)).toBe(at >= 0)
      }
    }
  })

  it('of one side are listed when an assertion of it is named, page by page', () => {
    const [x, y] = [said('ann', 'x'), said('bob', 'y')]
    const records = key([x, y], Array.from({ length: 9 }, (_, at) => vote(`fan ${at}`, x, 1_000_000)))
    const input = createLensInput(records, { epochs: NO_EPOCHS, trust: trustOf() })
    const page = runSteps(skepticSteps(input, { of: x.id, from: 8, count: 5 }))
    expect(page?.clusters.map(({ backers, agents }) => [backers.length, agents])).toEqual([[2, 10]])
    expect(runSteps(skepticSteps(input, { of: said('cid', 'z').id }))?.clusters).toEqual([])
    const second = runSteps(skepticSteps(input, { from: 1, count: 1 }))
    expect(second?.clusters.map(({ candidate }) => candidate)).toEqual([y])
  })
})
