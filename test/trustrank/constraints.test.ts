// Constraints are no facts: what agents demand and forbid is in no track record.

import { describe, expect, it } from 'vitest'
import { createTrustDesk } from '../../src/trustrank/index.js'
import { keysOf, namedAgent, type NamedBallot, policyOf } from '../../scripts/vectors/trust.js'
import { seeded } from '../lenses/make.js'
import { trustOf } from './network.js'

/** Ten agents on 60 facts under two predicates, right in 6 to 9 of 10 cases. */
function facts(): readonly NamedBallot[] {
  const random = seeded(21)
  return Array.from({ length: 60 }, (_, at) => at).flatMap((at) =>
    Array.from({ length: 10 }, (_, agent): NamedBallot =>
      [`a${agent}`, `s${at}`, random(10) < 6 + agent % 4 ? `v${at}` : `w${at} ${random(3)}`, 65_536, at * 1_000]))
}

/** What the same agents want, each something else: 40 contexts, later than all facts. */
const WISHES = Array.from({ length: 40 }, (_, at) => at).flatMap((at) =>
  Array.from({ length: 10 }, (_, agent): NamedBallot =>
    [`a${agent}`, `context ${at}`, `rule ${(agent + at) % 7}`, 65_536, 90_000]))
const CONTEXTS = [...new Set(WISHES.map(([, context]) => context))]
const PREDICATES = {
  ...Object.fromEntries(CONTEXTS.map((context) => [context, 'forbidden'])),
  ...Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`s${at}`, 'q']))
}

describe('constraints in trust', () => {
  const network = { ballots: facts(), predicates: PREDICATES, policy: { halfLifeMs: 20_000 } }

  it('leave what is published of every agent as it is without them', () => {
    const without = trustOf(network)
    const withThem = trustOf({ ...network, ballots: [...network.ballots, ...WISHES], constraints: CONTEXTS })
    expect(withThem.digest).toBe(without.digest)
    expect(withThem.agents.size).toBe(10)
  })

  it('would pull track records down if they were facts', () => {
    const asFacts = trustOf({ ...network, ballots: [...network.ballots, ...WISHES] })
    expect(asFacts.accuracy(namedAgent('a9'))).toBeLessThan(trustOf(network).accuracy(namedAgent('a9')) / 2)
  })

  it('cost as much of the vote budget as facts', () => {
    const policy = { standing: 'votes', voteBudget: 2, roundMs: 1_000 } as const
    const votes = Array.from({ length: 10 }, (_, agent) => ['seed', `a${agent}`] as const)
    const seeds = ['seed']
    const spent = trustOf({ ballots: [...facts(), ...WISHES], constraints: CONTEXTS, policy, votes, seeds })
    const saved = trustOf({ ballots: facts(), policy, votes, seeds })
    expect(spent.gateQ(namedAgent('a1'), 90_000)).toBeLessThan(saved.gateQ(namedAgent('a1'), 90_000) / 10)
  })

  it('of a seed do not silence everybody whom no seed has judged', () => {
    const ballots: NamedBallot[] = ['ann', 'bob', 'cid'].flatMap((who, at) => [
      [who, 's', 'x'], [who, 't', 'y'], [who, 'u', at === 0 ? 'z' : 'w'], [who, 'v', at === 1 ? 'z' : 'w']])
    const alone = trustOf({ ballots })
    const wished = trustOf({ ballots: [...ballots, ['seed', 'c', 'rule']], constraints: ['c'], seeds: ['seed'] })
    for (const who of ['ann', 'bob', 'cid']) {
      expect(wished.accuracy(namedAgent(who))).toBe(alone.accuracy(namedAgent(who)))
    }
  })

  it('are keys that a change of trust marks, and never named among what moved an agent', () => {
    const named = { name: '', ...network, ballots: [...WISHES, ...network.ballots], constraints: CONTEXTS }
    const desk = createTrustDesk(policyOf(named))
    desk.answer({ kind: 'put', asOf: 0, keys: keysOf({ ...named, ballots: [] }) })
    desk.answer({ kind: 'compute' })
    desk.answer({ kind: 'adopt' })
    desk.answer({ kind: 'put', asOf: 1, keys: keysOf(named) })
    desk.answer({ kind: 'compute' })
    desk.answer({ kind: 'adopt' })
    const keys = desk.answer({ kind: 'affected', limit: 1_000 })
    expect(keys.filter(({ predicate }) => predicate === 'forbidden')).toHaveLength(CONTEXTS.length)
    const reasons = desk.answer({ kind: 'reasons', agent: namedAgent('a3') }) ?? expect.fail('reasons')
    expect(reasons.gained.length + reasons.lost.length).toBeGreaterThan(0)
    for (const { subject } of [...reasons.gained, ...reasons.lost]) expect(subject).toMatch(/^s/)
    expect(reasons.predicates.map(({ predicate }) => predicate)).toEqual(['p', 'q'])
  })
})
