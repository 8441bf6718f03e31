import { describe, expect, it } from 'vitest'
import { authority, type TrustView } from '../../src/lenses/index.js'
import { agent, ask, key, said, trustOf, vote } from './make.js'

/** Trust in which an agent has this standing and accuracy, in steps of 1/1024. */
function known(values: Readonly<Record<string, readonly [standing: number, accuracy: number]>>): TrustView {
  const byAgent = new Map(Object.entries(values).map(([name, pair]) => [agent(name), pair]))
  return {
    ...trustOf(),
    standing: (of) => byAgent.get(of)?.[0] ?? 0,
    accuracy: (of) => byAgent.get(of)?.[1] ?? 0
  }
}

describe('Authority', () => {
  const crowd = [said('ann', 'red'), said('bob', 'blue'), said('cid', 'blue'), said('dot', 'blue')]
  const thresholds = { standing: 512, accuracy: 800 }

  it('hears those who reach both thresholds, the thresholds included', () => {
    const trust = known({ ann: [512, 800], bob: [511, 1_023], cid: [1_024, 799] })
    const result = ask(authority, key(crowd), { trust, authority: thresholds })
    expect(result?.winners[0]?.candidate).toBe(crowd[0])
    expect(result).toMatchObject({ ballots: 1, clusters: 2 })
  })

  it('has no answer when nobody is left, or when those who are left have withdrawn', () => {
    expect(ask(authority, key(crowd), { trust: known({}), authority: thresholds })).toBeUndefined()
    const [red] = crowd
    const withdrawn = key(crowd, red === undefined ? [] : [vote('ann', red, 0)])
    const trust = known({ ann: [1_024, 1_024] })
    expect(ask(authority, withdrawn, { trust, authority: thresholds })).toBeUndefined()
  })

  it('is Consensus when all reach the thresholds', () => {
    const trust = known(Object.fromEntries(['ann', 'bob', 'cid', 'dot'].map((name) => [name, [512, 800]])))
    const result = ask(authority, key(crowd), { trust, authority: thresholds })
    expect(result?.winners[0]).toMatchObject({ candidate: { object: 'blue' }, agents: 3 })
  })

  it('asks for an accuracy of three in four where the genesis says nothing', () => {
    expect(ask(authority, key(crowd))).toBeUndefined()
    const trust = known({ ann: [0, 768], bob: [0, 767] })
    expect(ask(authority, key(crowd), { trust })?.winners[0]?.candidate).toBe(crowd[0])
  })

  it('counts the votes of those it hears on what others said', () => {
    const [red, blue] = crowd
    const votes = blue === undefined ? [] : [vote('ann', blue, 1_000_000)]
    const trust = known({ ann: [512, 800] })
    const records = key([blue, red].flatMap((each) => each ?? []), votes)
    const result = ask(authority, records, { trust, authority: thresholds })
    expect(result?.winners[0]).toMatchObject({ agents: 1, score: 32_768 })
  })
})
