import { describe, expect, it } from 'vitest'
import {
  type BallotFilter, type Candidate, clusterSteps, type Judging, runSteps, stateSteps, type VoteInput,
  weightOf
} from '../../src/lenses/index.js'
import { agent, said, seeded, vote } from './make.js'

const one: Judging = { cardinality: 'one' }
const many: Judging = { cardinality: 'many' }

/** Weights by "agent name -> object". */
function weights(
  candidates: readonly Candidate[], votes: readonly VoteInput[], judging = one, filter: BallotFilter = {}
): Readonly<Record<string, number>> {
  const names = new Map(['ann', 'bob', 'cid'].map((name) => [agent(name), name]))
  const stated = runSteps(stateSteps(candidates, votes, judging, filter))
  return Object.fromEntries(stated.list.map(({ voice, candidate, weightQ }) => {
    const who = names.get(stated.voices[voice] ?? agent('nobody')) ?? 'unknown'
    return [`${who}:${String(stated.candidates[candidate]?.object)}`, weightQ]
  }))
}

describe('ballots', () => {
  it('turn millionths into Q16 by rounding down', () => {
    expect(weightOf(1_000_000)).toBe(65_536)
    expect(weightOf(1)).toBe(0)
    expect(weightOf(16)).toBe(1)
    expect(weightOf(333_333)).toBe(21_845)
  })

  it('count an assertion with its confidence', () => {
    expect(weights([said('ann', 'x', { confidence: 500_000 })], [])).toEqual({ 'ann:x': 32_768 })
  })

  it('tell agents and objects apart, few of which are compared one by one and more through a map', () => {
    for (const count of [1, 7, 8, 9, 10, 17]) {
      const all = Array.from({ length: count }, (_, at) => at)
      // Each agent says its value again when all the others have said theirs.
      const first = all.map((at) => said(`agent ${at}`, `value ${at}`))
      const again = all.map((at) => said(`agent ${at}`, `value ${at}`, { timestampMs: 1 }))
      const stated = runSteps(stateSteps([...first, ...again], [], many, {}))
      expect(stated.voices).toEqual(all.map((at) => agent(`agent ${at}`)))
      expect(stated.list.map(({ voice }) => voice)).toEqual([...all, ...all])
      const clusters = runSteps(clusterSteps(stated, undefined))
      expect(Array.from(clusters.ofCandidate)).toEqual([...all, ...all])
    }
  })

  it('count of an agent with cardinality one only the latest assertion by (timestamp, id)', () => {
    const older = said('ann', 'x', { timestampMs: 1 })
    const newer = said('ann', 'y', { timestampMs: 2 })
    expect(weights([newer, older], [])).toEqual({ 'ann:y': 65_536 })
    const tied = [said('ann', 'x'), said('ann', 'y')]
    const later = tied.reduce((a, b) => (a.id > b.id ? a : b))
    expect(weights(tied, [])).toEqual({ [`ann:${String(later.object)}`]: 65_536 })
  })

  it('count of an agent with cardinality many every assertion', () => {
    const both = [said('ann', 'x', { timestampMs: 1 }), said('ann', 'y', { timestampMs: 2 })]
    expect(weights(both, [], many)).toEqual({ 'ann:x': 65_536, 'ann:y': 65_536 })
  })

  it('leave out votes of an agent on its own assertion that counts nothing', () => {
    const older = said('ann', 'x', { timestampMs: 1 })
    const newer = said('ann', 'y', { timestampMs: 2 })
    expect(weights([older, newer], [vote('ann', older, 900_000, 3)])).toEqual({ 'ann:y': 65_536 })
  })

  it('replace the confidence by the latest own vote, even when the vote is older than the assertion', () => {
    const x = said('ann', 'x', { timestampMs: 10 })
    const votes = [vote('ann', x, 250_000, 5), vote('ann', x, 750_000, 4)]
    expect(weights([x], votes)).toEqual({ 'ann:x': 16_384 })
  })

  it('withdraw with weight 0', () => {
    const x = said('ann', 'x')
    expect(weights([x], [vote('ann', x, 0, 1)])).toEqual({ 'ann:x': 0 })
    expect(weights([x], [vote('bob', x, 1_000_000, 1), vote('bob', x, 0, 2)]))
      .toEqual({ 'ann:x': 65_536, 'bob:x': 0 })
  })

  it('take of equal timestamps the vote with the greater id', () => {
    const x = said('ann', 'x')
    const votes = [vote('bob', x, 100_000, 1), vote('bob', x, 200_000, 1), vote('bob', x, 300_000, 1)]
    const last = votes.reduce((a, b) => (a.id > b.id ? a : b))
    expect(weights([x], votes)['bob:x']).toBe(weightOf(last.weight))
  })

  it('keep votes on others beside the own assertion', () => {
    const [x, y] = [said('ann', 'x'), said('bob', 'y')]
    expect(weights([x, y], [vote('bob', x, 500_000)]))
      .toEqual({ 'ann:x': 65_536, 'bob:x': 32_768, 'bob:y': 65_536 })
  })

  it('ignore votes on assertions that are not candidates', () => {
    expect(weights([said('ann', 'x')], [vote('bob', said('cid', 'z'), 1_000_000)])).toEqual({ 'ann:x': 65_536 })
  })

  it('look only at what was said until asOf, and choose the latest among that', () => {
    const older = said('ann', 'x', { timestampMs: 1 })
    const newer = said('ann', 'y', { timestampMs: 5 })
    const votes = [vote('bob', older, 500_000, 2), vote('bob', older, 0, 6)]
    expect(weights([older, newer], votes, one, { asOfMs: 5 })).toEqual({ 'ann:y': 65_536, 'bob:x': 32_768 })
    expect(weights([older, newer], votes, one, { asOfMs: 4 })).toEqual({ 'ann:x': 65_536, 'bob:x': 32_768 })
    expect(weights([older, newer], votes, one, { asOfMs: 0 })).toEqual({})
  })

  it('leave out agents that the lens does not hear, and keep their candidates', () => {
    const [x, y] = [said('ann', 'x'), said('bob', 'y')]
    const hears = { hears: (who: string): boolean => who !== agent('ann') }
    expect(weights([x, y], [vote('ann', y, 1_000_000), vote('bob', x, 1_000_000)], one, hears))
      .toEqual({ 'bob:x': 65_536, 'bob:y': 65_536 })
  })

  it('leave out candidates that a closed predicate does not allow', () => {
    const [x, y] = [said('ann', 'x'), said('bob', 'y')]
    const closed: Judging = { cardinality: 'one', allows: (bytes) => bytes.length > 0 && bytes.at(-1) === 0x79 }
    expect(weights([x, y], [vote('bob', x, 1_000_000)], closed)).toEqual({ 'bob:y': 65_536 })
  })

  it('age with a half-life against the newest timestamp, down to one sixteenth', () => {
    const aged = { cardinality: 'one', halfLifeMs: 100 } as const
    const candidates = [
      said('ann', 'x', { timestampMs: 1_000 }), said('bob', 'y', { timestampMs: 900 }), said('cid', 'z')
    ]
    expect(weights(candidates, [], aged)).toEqual({ 'ann:x': 65_536, 'bob:y': 32_768, 'cid:z': 4_096 })
    expect(weights(candidates, [], aged, { asOfMs: 900 })).toEqual({ 'bob:y': 65_536, 'cid:z': 4_096 })
  })

  it('age exactly over the whole range of timestamps', () => {
    const halfLifeMs = Number.MAX_SAFE_INTEGER
    const candidates = [said('ann', 'x', { timestampMs: Number.MAX_SAFE_INTEGER }), said('bob', 'y')]
    expect(weights(candidates, [], { cardinality: 'one', halfLifeMs })).toEqual({ 'ann:x': 65_536, 'bob:y': 32_768 })
  })
})

describe('statements', () => {
  it('are those of a plain reading of the rules, whatever is said by whom', () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const random = seeded(seed)
      const name = (): string => `agent ${random(6)}`
      const candidates = Array.from({ length: 1 + random(12) }, (_, at) =>
        said(name(), `value ${random(4)}`, { timestampMs: random(4), source: `${at}` }))
      const votes = Array.from({ length: random(25) }, (_, at) =>
        vote(name(), candidates[random(candidates.length)] as Candidate, 100_000 * random(3) + at, random(4)))
      votes.splice(random(votes.length + 1), 0, vote(name(), said('ann', 'of another key'), 1_000_000, random(4)))
      // As the index gives them, and as nobody does.
      if (seed % 4 < 2) {
        candidates.sort((a, b) => (a.id < b.id ? -1 : 1))
        votes.sort((a, b) => (a.assertion < b.assertion ? -1 : a.assertion > b.assertion ? 1 : 0))
      }
      const deaf = agent('agent 3')
      const filter: BallotFilter = seed % 2 === 0 ? {} : { asOfMs: 2, hears: (by) => by !== deaf }
      for (const judging of [one, many]) {
        const { candidates: kept, voices, list } = runSteps(stateSteps(candidates, votes, judging, filter))
        const found = list.map((each) =>
          [voices[each.voice], kept[each.candidate]?.id, each.id, each.weightQ])
        expect(found, `seed ${seed}`).toEqual(plainly(candidates, votes, judging, filter))
        const met = [...new Set(list.map(({ voice }) => voice))]
        expect(met, `seed ${seed}`).toEqual(voices.map((_, voice) => voice))
      }
    }
  })
})

/** Agent, assertion, record and weight of each statement, found by asking each candidate about all others. */
function plainly(
  candidates: readonly Candidate[], votes: readonly VoteInput[], judging: Judging, filter: BallotFilter
): unknown[] {
  const { asOfMs = Infinity, hears = () => true } = filter
  const later = (a: Candidate | VoteInput, b: Candidate | VoteInput): boolean =>
    a.timestampMs > b.timestampMs || (a.timestampMs === b.timestampMs && a.id > b.id)
  const kept = candidates.filter(({ timestampMs }) => timestampMs <= asOfMs)
  const heard = votes.filter(({ agentId, timestampMs }) => timestampMs <= asOfMs && hears(agentId))
  return kept.flatMap((candidate) => {
    const { agentId, id, confidence } = candidate
    const own = kept.filter((other) => other.agentId === agentId)
    const last = judging.cardinality === 'many' || !own.some((other) => later(other, candidate))
    const counts = hears(agentId) && last
    const on = heard.filter(({ assertion }) => assertion === id)
    const voters = [...new Set(on.map((each) => each.agentId))]
    const latest = voters.map((voter) =>
      on.filter((each) => each.agentId === voter).reduce((a, b) => (later(b, a) ? b : a)))
    return [
      ...counts && !voters.includes(agentId) ? [[agentId, id, id, weightOf(confidence)]] : [],
      ...latest.filter((each) => counts || each.agentId !== agentId)
        .map((each) => [each.agentId, id, each.id, weightOf(each.weight)])
    ]
  })
}
