import { describe, expect, it } from 'vitest'
import { recency } from '../../src/lenses/index.js'
import { ask, judgedBy, key, said, vote } from './make.js'

describe('recency', () => {
  it('lets the last writer win by timestamp, whatever the ballots say', () => {
    const [old, fresh] = [said('ann', 'x', { timestampMs: 1 }), said('bob', 'y', { timestampMs: 2 })]
    const result = ask(recency, key([old, fresh], [vote('cid', old, 1_000_000, 9), vote('bob', fresh, 0, 9)]))
    expect(result).toMatchObject({
      winners: [{ candidate: { id: fresh.id }, score: 0, agents: 0 }],
      runnerUp: { candidate: { id: old.id }, agents: 2 }, undecided: false
    })
  })

  it('lets the greater id win on equal timestamps', () => {
    const both = [said('ann', 'x'), said('bob', 'y')]
    const greater = both.reduce((a, b) => (a.id > b.id ? a : b))
    expect(ask(recency, key(both))?.winners[0]?.candidate.id).toBe(greater.id)
  })

  it('names as runner-up the latest of another answer', () => {
    const records = key([said('ann', 1, { timestampMs: 1 }), said('bob', 3, { timestampMs: 2 }), said('cid', 4, { timestampMs: 3 })])
    const result = ask(recency, records, { epochs: judgedBy({ tolerance: 1 }) })
    expect(result?.runnerUp?.candidate.object).toBe(1)
  })

  it('looks only at what was said until asOf', () => {
    const records = key([said('ann', 'x', { timestampMs: 1 }), said('bob', 'y', { timestampMs: 2 })])
    expect(ask(recency, records, { asOfMs: 1 })?.winners[0]?.candidate.object).toBe('x')
    expect(ask(recency, records, { asOfMs: 0 })).toBeUndefined()
  })

  it('explains with the records of the winning cluster', () => {
    const x = said('ann', 'x')
    expect(ask(recency, key([x]), { explain: true })?.backing).toEqual([x.id])
  })
})
