import { describe, expect, it } from 'vitest'
import {
  type Constraint, constraintSteps, createLensInput, NO_EPOCHS, preflight, runSteps, type Candidate,
  type TrustView, type VoteInput
} from '../../src/lenses/index.js'
import { agent, said, trustOf, vote } from './make.js'

function constraints(
  kind: string, candidates: readonly Candidate[], votes: readonly VoteInput[] = []
): readonly Constraint[] {
  const key = { subject: 'project', predicate: kind, candidates, votes }
  return runSteps(constraintSteps(createLensInput(key, { epochs: NO_EPOCHS, trust: trustOf() })))
}

describe('Constraints', () => {
  it('are all values with support, best supported first, with the records that say so', () => {
    const eval_ = said('ann', 'eval')
    const leftPad = said('bob', 'left-pad')
    const backed = vote('cid', leftPad, 1_000_000)
    const found = constraints('forbidden', [eval_, leftPad], [backed])
    expect(found.map(({ candidate, kind, context }) => [candidate.object, kind, context]))
      .toEqual([['left-pad', 'forbidden', 'project'], ['eval', 'forbidden', 'project']])
    expect(found[0]?.backing).toEqual([leftPad.id, backed.id].sort())
  })

  it('leave out what its only supporter has withdrawn', () => {
    const gone = said('ann', 'eval')
    expect(constraints('forbidden', [gone], [vote('ann', gone, 0)])).toEqual([])
  })

  it('are heard from those who have a voice, however often they were wrong', () => {
    const candidates = [said('ann', 'eval'), said('bob', 'md5')]
    const key = { subject: 'project', predicate: 'forbidden', candidates, votes: [] }
    const found = (more: Partial<TrustView>): readonly unknown[] => {
      const trust = { ...trustOf(), ...more }
      return runSteps(constraintSteps(createLensInput(key, { epochs: NO_EPOCHS, trust })))
        .map(({ candidate, score }) => [candidate.object, score])
    }
    expect(found({ weightQ: (by) => (by === agent('ann') ? 9 : 0) })).toEqual([['eval', 9], ['md5', 0]])
    expect(found({ gateQ: (by) => (by === agent('ann') ? 0 : 65_536) })).toEqual([['md5', 65_536]])
  })

  it('are stated by two predicates alone', () => {
    expect(constraints('colour', [said('ann', 'red')])).toEqual([])
  })
})

describe('preflight', () => {
  const stated = [
    ...constraints('must_use', [said('ann', 'https')]), ...constraints('forbidden', [said('ann', 'eval'), said('bob', 7)])
  ]

  it('allows a plan that uses what is demanded and nothing forbidden', () => {
    expect(preflight(['https', 'json', 8], stated)).toEqual({ allowed: true, violated: [], missing: [] })
    expect(preflight([], [])).toMatchObject({ allowed: true })
  })

  it('names what is violated and what is missing, by equal values and not by equal texts', () => {
    const verdict = preflight(['eval', '7'], stated)
    expect(verdict.allowed).toBe(false)
    expect(verdict.violated.map(({ candidate }) => candidate.object)).toEqual(['eval'])
    expect(verdict.missing.map(({ candidate }) => candidate.object)).toEqual(['https'])
    expect(preflight(['https', 7], stated).violated.map(({ candidate }) => candidate.object)).toEqual([7])
  })
})
