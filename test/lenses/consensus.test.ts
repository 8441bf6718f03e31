import { describe, expect, it } from 'vitest'
import { blake3Hash } from '../../src/base/index.js'
import {
  BACKING_MAX, consensus, createLensInput, type KeyRecords, type LensResult, lensSteps, NO_EPOCHS
} from '../../src/lenses/index.js'
import { ask, bytesOf, judgedBy, key, said, seeded, shuffled, trustOf, vote } from './make.js'

function winners(result: LensResult | undefined): readonly unknown[] {
  return (result?.winners ?? []).map(({ candidate }) => candidate.object)
}

/** Majority voting as one would write it: one agent, one vote; ties to the smaller BLAKE3 of the object. */
function majority(records: KeyRecords): unknown {
  const latest = new Map<string, (typeof records.candidates)[number]>()
  for (const candidate of records.candidates) {
    const before = latest.get(candidate.agentId)
    const later = before === undefined || candidate.timestampMs > before.timestampMs
      || (candidate.timestampMs === before.timestampMs && candidate.id > before.id)
    if (later) latest.set(candidate.agentId, candidate)
  }
  const counts = new Map<unknown, number>()
  for (const { object } of latest.values()) counts.set(object, (counts.get(object) ?? 0) + 1)
  const most = Math.max(...counts.values())
  const tied = [...counts.keys()].filter((object) => counts.get(object) === most)
  return tied.sort((a, b) => (blake3Hash(bytesOf(String(a))) < blake3Hash(bytesOf(String(b))) ? -1 : 1))[0]
}

describe('consensus', () => {
  it('is majority voting under neutral trust, ties to the smaller hash of the object', () => {
    const random = seeded(41)
    for (let run = 0; run < 400; run += 1) {
      const candidates = Array.from({ length: 1 + random(12) }, (_, at) =>
        said(`agent ${random(8)}`, `value ${random(4)}`, { timestampMs: random(3), source: String(at) }))
      const records = key(candidates)
      expect(winners(ask(consensus, records)), `seed 41, run ${run}`).toEqual([majority(records)])
    }
  })

  it('answers undefined for no candidates', () => {
    expect(ask(consensus, key([]))).toBeUndefined()
    expect(ask(consensus, key([said('ann', 'x', { timestampMs: 5 })]), { asOfMs: 4 })).toBeUndefined()
  })

  it('gives score, share against all clusters, agents and the runner-up', () => {
    const result = ask(consensus, key([said('ann', 'x'), said('bob', 'x'), said('cid', 'y')]))
    expect(result).toMatchObject({
      undecided: false, clusters: 2, ballots: 3, winners: [{ score: 131_072, share: 43_690, agents: 2 }],
      runnerUp: { candidate: { object: 'y' }, score: 65_536, share: 21_845, agents: 1 }
    })
  })

  it('has no runner-up when all agree', () => {
    const result = ask(consensus, key([said('ann', 'x')]))
    expect(result).toMatchObject({ runnerUp: undefined, winners: [{ share: 65_536 }] })
  })

  it('counts an agent once, however often it says the same', () => {
    const [x, y] = [said('ann', 'x'), said('bob', 'y')]
    const crowd = Array.from({ length: 20 }, (_, at) => said('ann', 'x', { timestampMs: at + 1 }))
    const votes = crowd.map((candidate) => vote('ann', candidate, 1_000_000))
    const crowdSays = key([x, y, ...crowd], votes)
    expect(ask(consensus, crowdSays)?.winners[0]).toMatchObject({ agents: 1, score: 65_536 })
  })

  it('scales the clusters of one agent down to one ballot', () => {
    const [x, y, z] = [said('ann', 'x'), said('bob', 'y'), said('cid', 'z')]
    const votes = [vote('dan', x, 1_000_000), vote('dan', y, 1_000_000), vote('dan', z, 500_000)]
    const result = ask(consensus, key([x, y, z], votes))
    const scores = [result?.winners[0], result?.runnerUp].map((standing) => standing?.score)
    expect(scores).toEqual([65_536 + 26_214, 65_536 + 26_214])
  })

  it('takes per agent and cluster the strongest statement, not the sum', () => {
    const [x1, x2] = [said('ann', 'x'), said('bob', 'x')]
    const votes = [vote('dan', x1, 300_000), vote('dan', x2, 600_000)]
    expect(ask(consensus, key([x1, x2], votes))?.winners[0]?.score).toBe(2 * 65_536 + 39_321)
  })

  it('weighs agents by trust', () => {
    const records = key([said('ann', 'x'), said('bob', 'y'), said('cid', 'y')])
    const trust = trustOf({ ann: 196_608, bob: 65_536, cid: 65_536 })
    const result = ask(consensus, records, { trust })
    expect(winners(result)).toEqual(['x'])
    expect(result?.winners[0]?.score).toBe(196_608)
  })

  it('hears a clone group once per cluster', () => {
    const records = key([said('ann', 'x'), said('bob', 'y'), said('cid', 'y'), said('dan', 'y'), said('eve', 'x')])
    const result = ask(consensus, records, { trust: trustOf({}, [['bob', 'cid', 'dan']]) })
    expect(result).toMatchObject({
      winners: [{ candidate: { object: 'x' }, score: 131_072, agents: 2 }], runnerUp: { score: 65_536, agents: 3 }
    })
  })

  it('is undecided when no trust reaches the item, and then shows the plurality of agents', () => {
    const records = key([said('ann', 'x'), said('bob', 'y'), said('cid', 'y')])
    const result = ask(consensus, records, { trust: trustOf({ ann: 0, bob: 0, cid: 0 }) })
    expect(result).toMatchObject({
      undecided: true, winners: [{ candidate: { object: 'y' }, score: 0, share: 32_768, agents: 2 }]
    })
  })

  it('is undecided when every ballot is withdrawn', () => {
    const x = said('ann', 'x')
    expect(ask(consensus, key([x], [vote('ann', x, 0)]))).toMatchObject({ undecided: true, ballots: 0 })
  })

  it('shows of equal assertions the best backed, then the latest', () => {
    const first = said('ann', 'x', { timestampMs: 1 })
    const second = said('bob', 'x', { timestampMs: 2 })
    expect(ask(consensus, key([first, second]))?.winners[0]?.candidate.id).toBe(second.id)
    const backed = key([first, second], [vote('cid', first, 100_000)])
    expect(ask(consensus, backed)?.winners[0]?.candidate.id).toBe(first.id)
  })

  it('explains with the ids behind the winner, ascending, and at most 1,000', () => {
    const [x, y] = [said('ann', 'x'), said('bob', 'y')]
    const votes = [vote('cid', x, 1), vote('dan', x, 500_000), vote('eve', x, 0)]
    const backing = ask(consensus, key([x, y], votes), { explain: true })?.backing
    expect(backing).toEqual([x.id, votes[1]?.id].sort())
    const crowd = Array.from({ length: BACKING_MAX + 1 }, (_, at) => said(`agent ${at}`, 'x'))
    expect(ask(consensus, key(crowd), { explain: true })?.backing).toHaveLength(BACKING_MAX)
    expect(ask(consensus, key(crowd.slice(1)), { explain: true })?.backing).toHaveLength(BACKING_MAX)
  })
})

describe('consensus with a tolerance', () => {
  const near = { epochs: judgedBy({ tolerance: 10 }) }

  it('joins numbers within the window and shows the value of most agents', () => {
    const records = key([said('ann', 100), said('bob', 104), said('cid', 104), said('dan', 200), said('eve', 201)])
    expect(ask(consensus, records, near)).toMatchObject({
      winners: [{ candidate: { object: 104 }, agents: 3 }], runnerUp: { agents: 2 }, clusters: 2
    })
  })

  it('shows of values with equally many agents the one with the smaller hash', () => {
    const smaller = blake3Hash(bytesOf(100)) < blake3Hash(bytesOf(105)) ? 100 : 105
    expect(winners(ask(consensus, key([said('ann', 100), said('bob', 105)]), near))).toEqual([smaller])
  })

  it('joins times with times and never with numbers or texts', () => {
    const records = key([said('ann', { time: 5 }), said('bob', { time: 9 }), said('cid', 7), said('dan', '7')])
    expect(ask(consensus, records, near)).toMatchObject({ clusters: 3, winners: [{ agents: 2 }] })
  })

  it('compares integers beyond 2^53 as doubles', () => {
    const records = key([said('ann', 2n ** 63n), said('bob', 2n ** 63n + 1n), said('cid', 2n ** 62n)])
    expect(ask(consensus, records, near)).toMatchObject({ clusters: 2, winners: [{ agents: 2 }] })
  })

  it('keeps exact numbers apart without a tolerance', () => {
    expect(ask(consensus, key([said('ann', 1), said('bob', 2)]))).toMatchObject({ clusters: 2 })
  })
})

describe('consensus with cardinality many', () => {
  const many = { epochs: judgedBy({ cardinality: 'many' }) }

  it('has every answer as a winner that as many hold as do not', () => {
    const records = key(['ann', 'bob'].flatMap((who) => ['x', 'y', 'z'].map((value) => said(who, value)))
      .concat(said('cid', 'w')))
    const result = ask(consensus, records, many)
    expect([...winners(result)].sort()).toEqual(['x', 'y', 'z'])
    expect(result?.winners[0]?.share).toBe(43_690)
    expect(result?.runnerUp).toMatchObject({ candidate: { object: 'w' }, agents: 1, share: 21_845 })
  })

  it('takes an even split as held', () => {
    const records = key([said('ann', 'x'), said('bob', 'y')])
    expect(ask(consensus, records, many)?.winners.map(({ share }) => share)).toEqual([32_768, 32_768])
  })

  it('shows the best alone when none is held by half', () => {
    const records = key(['ann', 'bob', 'cid'].map((who) => said(who, `only ${who}`)))
    expect(ask(consensus, records, many)?.winners).toHaveLength(1)
  })

  it('orders winners by support, then by the hash of the object', () => {
    const records = key([said('ann', 'x'), said('ann', 'y'), said('bob', 'x'), said('bob', 'z'), said('bob', 'y')])
    const tied = ['x', 'y'].sort((a, b) => (blake3Hash(bytesOf(a)) < blake3Hash(bytesOf(b)) ? -1 : 1))
    expect(winners(ask(consensus, records, many))).toEqual([...tied, 'z'])
  })
})

describe('consensus over long keys', () => {
  const candidates = Array.from({ length: 100_000 }, (_, at) => said(`agent ${at % 40_000}`, at * 2))
  const mixed = shuffled(candidates, seeded(7))

  it.each([['exact', NO_EPOCHS], ['within a tolerance', judgedBy({ tolerance: 3 })]])(
    'resolves 100,000 distinct values, %s, in steps and in any order', (_what, epochs) => {
      const [result, other] = [candidates, mixed].map((order) => {
        const steps = lensSteps(consensus, createLensInput(key(order), { epochs, trust: trustOf() }))
        for (let pauses = 0; ; pauses += 1) {
          const step = steps.next()
          if (step.done !== true) continue
          expect(pauses).toBeGreaterThan(500)
          return step.value
        }
      })
      expect(result?.ballots).toBe(40_000)
      expect(other).toEqual(result)
    }, 60_000)
})
