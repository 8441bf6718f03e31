import { describe, expect, it } from 'vitest'
import {
  consensus, type History, HISTORY_POINTS_MAX, historySteps, type KeyRecords, NO_EPOCHS, runSteps
} from '../../src/lenses/index.js'
import { ask, judgedBy, key, said, trustOf, vote } from './make.js'

function history(records: KeyRecords): History {
  return runSteps(historySteps(records, (asOfMs) => ({ epochs: NO_EPOCHS, trust: trustOf(), asOfMs })))
}

function lasting(moments: number): KeyRecords {
  const candidates = Array.from({ length: moments }, (_, at) =>
    said(`agent ${at}`, at % 3, { timestampMs: 10 * at }))
  return key(candidates)
}

describe('history', () => {
  it('is what Consensus answers as of each moment at which anything was said', () => {
    const [x, y] = [said('ann', 'x', { timestampMs: 5 }), said('bob', 'y', { timestampMs: 8 })]
    const records = key([x, y], [vote('cid', y, 1_000_000, 9), vote('bob', y, 0, 20), vote('cid', y, 0, 20)])
    const { points, complete } = history(records)
    expect(complete).toBe(true)
    expect(points.map(({ asOfMs, leader, records: count }) => [asOfMs, leader.candidate.object, count]))
      .toEqual([[5, 'x', 1], [8, expect.stringMatching(/[xy]/), 2], [9, 'y', 3], [20, 'x', 5]])
    for (const { asOfMs, leader, ballots } of points) {
      const then = ask(consensus, records, { asOfMs })
      expect([leader, ballots]).toEqual([then?.winners[0], then?.ballots])
    }
  })

  it('shows every one of 16 moments, and 16 of 17 with the last among them', () => {
    const all = history(lasting(HISTORY_POINTS_MAX))
    expect([all.points.length, all.complete]).toEqual([HISTORY_POINTS_MAX, true])
    const { points, complete } = history(lasting(HISTORY_POINTS_MAX + 1))
    expect([points.length, complete, points.at(-1)?.asOfMs]).toEqual([HISTORY_POINTS_MAX, false, 160])
  })

  it('has fewer points of many records, so that all of them together cost little', () => {
    const { points, complete } = history(lasting(10_000))
    expect([points.length, complete, points.at(-1)?.records]).toEqual([3, false, 10_000])
  })

  it('counts no votes on assertions that are not there, and no moments without an answer', () => {
    const x = said('ann', 'x', { timestampMs: 5 })
    const records = key([x], [vote('bob', said('cid', 'z'), 1, 3), vote('bob', x, 1_000_000, 2)])
    expect(history(records).points.map(({ asOfMs }) => asOfMs)).toEqual([5])
    const closed = { epochs: judgedBy({ vocabulary: ['y'] }), trust: trustOf() }
    expect(runSteps(historySteps(records, (asOfMs) => ({ ...closed, asOfMs }))).points).toEqual([])
  })
})
