// Seeds are published from genesis on, before they or anybody else said anything.

import { describe, expect, it } from 'vitest'
import { createTrustDesk, type TrustSnapshot } from '../../src/trustrank/index.js'
import { keysOf, namedAgent, type NamedBallot, policyOf } from '../../scripts/vectors/trust.js'
import { seeded, shuffled } from '../lenses/make.js'
import { trustOf } from './network.js'

const BALLOTS: readonly NamedBallot[] = [
  ['ann', 's', 'x'], ['bob', 's', 'x'], ['cid', 's', 'y'], ['ann', 't', 'x'], ['bob', 't', 'y'], ['cid', 't', 'y']
]
const SEED = namedAgent('seed')
const NAMES = ['ann', 'bob', 'cid', 'a newcomer']

function valuesOf(snapshot: TrustSnapshot): readonly (readonly number[])[] {
  const { accuracy, standing, gateQ, weightQ } = snapshot
  return NAMES.map(namedAgent).map((agent) =>
    [accuracy(agent), standing(agent), gateQ(agent, 0), weightQ(agent, 2)])
}

describe('a trust seed that said nothing', () => {
  it('is published from the beginning, with six bits and full weight', () => {
    // What a seed sends on along votes comes back when there are votes: until then it keeps 15 %.
    for (const [standing, steps] of [['off', 1_024], ['votes', 153]] as const) {
      const first = trustOf({ ballots: [], seeds: ['seed', 'other'], policy: { standing, voteBudget: 9 } })
      expect(new Set(first.agents.keys())).toEqual(new Set([SEED, namedAgent('other')]))
      const values = [first.weightQ(SEED, 1), first.standing(SEED), first.gateQ(SEED, 5)]
      expect(values).toEqual([393_216, steps, 65_536])
      expect(first.weightQ(namedAgent('a newcomer'), 1)).toBe(0)
    }
  })

  it('changes nothing for all others where standing is off', () => {
    const without = trustOf({ ballots: BALLOTS })
    expect(valuesOf(trustOf({ ballots: BALLOTS, seeds: ['seed'] }))).toEqual(valuesOf(without))
  })

  it('holds its part of the standing, so that of the other seeds is the same before and after it speaks', () => {
    const policy = { standing: 'votes', voteBudget: 1, roundMs: 1_000 } as const
    const fields = { seeds: ['ann', 'seed'], policy, votes: [['ann', 'bob']] as const }
    const before = trustOf({ ballots: BALLOTS, ...fields })
    const after = trustOf({ ballots: [...BALLOTS, ['seed', 'u', 'x']], ...fields })
    for (const name of ['ann', 'bob', 'cid', 'seed']) {
      expect(after.standing(namedAgent(name))).toBe(before.standing(namedAgent(name)))
    }
    expect(before.standing(SEED)).toBeGreaterThan(0)
  })

  it('is what the first computation finds, in whatever order ballots and seeds come', () => {
    const random = seeded(31)
    const named = { name: '', ballots: BALLOTS, seeds: ['seed', 'other', 'third'] }
    const digests = new Set(Array.from({ length: 10 }, () => {
      const desk = createTrustDesk({ ...policyOf(named), seeds: shuffled(policyOf(named).seeds, random) })
      const first = desk.answer({ kind: 'compute' }).digest
      for (const key of shuffled(keysOf(named), random)) desk.answer({ kind: 'put', asOf: 1, keys: [key] })
      return `${first} ${desk.answer({ kind: 'compute' }).digest}`
    }))
    expect(digests.size).toBe(1)
    expect([...digests][0]).toContain(trustOf({ ballots: [], seeds: named.seeds }).digest)
    expect([...digests][0]).toContain(trustOf(named).digest)
  })
})
