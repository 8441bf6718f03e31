// What an explanation says would change an answer is applied, and the answer changes.

import { describe, expect, it } from 'vitest'
import { hashOf, type PublicKey } from '../../src/base/index.js'
import {
  authority, type Candidate, consensus, createEpochView, epochAware, type Explanation, explainSteps,
  type Judgement, type KeyRecords, type Lens, NO_EPOCHS, recency, runSteps, type VoteInput, WITHDRAWALS_MAX
} from '../../src/lenses/index.js'
import { agent, ask, judgedBy, key, said, seeded, trustOf, vote } from './make.js'

function explain(lens: Lens, records: KeyRecords, judgement: Partial<Judgement> = {}): Explanation {
  const found = runSteps(explainSteps(lens, records, { epochs: NO_EPOCHS, trust: trustOf(), ...judgement }))
  if (found === undefined) throw new Error('no answer')
  return found
}

function objects(lens: Lens, records: KeyRecords, judgement: Partial<Judgement>): readonly unknown[] {
  return (ask(lens, records, judgement)?.winners ?? []).map(({ candidate }) => candidate.object).sort()
}

/** A vote that stands after all others and ages none of them. */
function late(records: KeyRecords, by: PublicKey, candidate: Candidate, weight: number): VoteInput {
  const timestampMs = Math.max(...[...records.candidates, ...records.votes].map((one) => one.timestampMs))
  const id = hashOf(new Uint8Array(32).fill(255))
  return { id, assertion: candidate.id, agentId: by, timestampMs, weight }
}

function withVotes(records: KeyRecords, votes: readonly VoteInput[]): KeyRecords {
  return key(records.candidates, [...records.votes, ...votes])
}

/** The agent votes 0 on all that it stands by: what a withdrawal tells it to do. */
function withdrawn(records: KeyRecords, by: PublicKey, assertions: readonly string[]): KeyRecords {
  const on = records.candidates.filter(({ id }) => assertions.includes(id))
  return withVotes(records, on.map((candidate) => late(records, by, candidate, 0)))
}

const names = Array.from({ length: 12 }, (_, at) => `agent ${at}`)

function dispute(seed: number): { readonly records: KeyRecords, readonly judgement: Partial<Judgement> } {
  const random = seeded(seed)
  const weights = Object.fromEntries(names.map((name) => [name, 1 + random(5 * 65_536)]))
  const groups = random(2) === 0 ? [] : [names.slice(0, 3), names.slice(6, 8)]
  const candidates = names.slice(0, 3 + random(9)).map((name) =>
    said(name, random(3), { timestampMs: random(5), confidence: 200_000 * (1 + random(5)) }))
  const votes = Array.from({ length: random(15) }, () => {
    const on = candidates[random(candidates.length)] as Candidate
    return vote(names[random(12)] as string, on, 250_000 * random(5), random(9))
  })
  const settings = [{}, { cardinality: 'many' as const }, { tolerance: 1 }, { halfLifeMs: 3 }][random(4)] ?? {}
  const judgement = { trust: trustOf(weights, groups), epochs: judgedBy(settings) }
  return { records: key(candidates, votes), judgement }
}

describe('what would change an answer', () => {
  it('changes it when it is done: withdrawals, and nobody is left out', () => {
    let flips = 0
    for (let seed = 1; seed <= 150; seed += 1) {
      const { records, judgement } = dispute(seed)
      const before = objects(consensus, records, judgement)
      const { change } = explain(consensus, records, judgement)
      for (const { agentId, assertions, winners } of change.withdrawals) {
        const after = objects(consensus, withdrawn(records, agentId, assertions), judgement)
        expect(after, `seed ${seed}`).not.toEqual(before)
        expect(after, `seed ${seed}`).toEqual(winners.map(({ candidate }) => candidate.object).sort())
        flips += 1
      }
      if (!change.complete || change.withdrawals.length === WITHDRAWALS_MAX) continue
      const all = records.candidates.map(({ id }) => id)
      const every = names.map(agent).filter((by) => (
        objects(consensus, withdrawn(records, by, all), judgement).join() !== before.join()))
      expect(change.withdrawals.map(({ agentId }) => agentId).sort(), `seed ${seed}`).toEqual(every.sort())
    }
    expect(flips).toBeGreaterThan(100)
  })

  it('is the fewest newcomers, and one fewer does not do', () => {
    let found = 0
    for (let seed = 1; seed <= 150; seed += 1) {
      const { records, judgement } = dispute(seed)
      const before = objects(consensus, records, judgement).join()
      const { change, result: { runnerUp } } = explain(consensus, records, judgement)
      if (change.newcomers === undefined || runnerUp === undefined) continue
      const after = (count: number): string => objects(consensus, withVotes(records,
        Array.from({ length: count }, (_, at) => late(records, agent(`new ${at}`), runnerUp.candidate, 1_000_000))
      ), judgement).join()
      expect(after(change.newcomers), `seed ${seed}`).not.toBe(before)
      expect(after(change.newcomers - 1), `seed ${seed}`).toBe(before)
      found += 1
    }
    expect(found).toBeGreaterThan(80)
  })

  it('is the weight that the runner-up lacks, to the last unit', () => {
    let found = 0
    for (let seed = 1; seed <= 150; seed += 1) {
      const { records, judgement } = dispute(seed)
      if (judgement.epochs?.judging('predicate').tolerance !== undefined) continue
      const before = objects(consensus, records, judgement).join()
      const { change: { lacking }, result: { runnerUp } } = explain(consensus, records, judgement)
      if (lacking === undefined || runnerUp === undefined) continue
      const withWeight = (bits: number): string => {
        const trust = judgement.trust ?? trustOf()
        const weightQ = (of: PublicKey): number => (of === agent('new') ? bits : trust.weightQ(of, 2))
        const more = withVotes(records, [late(records, agent('new'), runnerUp.candidate, 1_000_000)])
        return objects(consensus, more, { ...judgement, trust: { ...trust, weightQ } }).join()
      }
      expect(withWeight(lacking), `seed ${seed}`).not.toBe(before)
      // With many answers, weight for one speaks against the others: a winner may go first.
      if (judgement.epochs?.judging('predicate').cardinality === 'one') {
        expect(withWeight(lacking - 1), `seed ${seed}`).toBe(before)
      }
      found += 1
    }
    expect(found).toBeGreaterThan(80)
  })

  it('follows the lens: Authority hears no newcomers, EpochAware no other epoch, Recency nobody', () => {
    const [x, y, z] = [said('ann', 'x'), said('bob', 'y'), said('cid', 'y', { timestampMs: 5 })]
    const records = key([x, y, z])
    // Only Ann is heard, and newcomers are not.
    const trust = { ...trustOf(), accuracy: (of: PublicKey) => (of === agent('ann') ? 900 : 100) }
    const heard = explain(authority, records, { trust })
    expect(heard.sides.map(({ candidate, agents }) => [candidate.object, agents])).toEqual([['x', 1], ['y', 0]])
    expect([heard.change.newcomers, heard.change.withdrawals.length]).toEqual([undefined, 1])
    expect(explain(consensus, records, { trust }).result.winners[0]?.candidate.object).toBe('y')
    const last = explain(recency, records)
    expect([last.laterThanMs, last.change]).toEqual([5, { withdrawals: [], complete: true }])
    const later = key([...records.candidates, said('dot', 'w', { timestampMs: 6 })])
    expect(objects(recency, later, {})).toEqual(['w'])
    const epoch = { id: x.id, agentId: agent('governor'), timestampMs: 0, name: 'new', settings: new Map() }
    const epochs = createEpochView([epoch], new Set([agent('governor')]))
    const current = said('dot', 'v', { epoch: x.id })
    const split = explain(epochAware, key([current, said('eve', 'u', { epoch: z.id }), said('fay', 'w')]), { epochs })
    expect(split.sides.map(({ candidate }) => candidate.object).sort()).toEqual(['v', 'w'])
  })

  it('names who speaks for a clone that would give the runner-up more', () => {
    const other = said('ann', 'other')
    const records = key([
      said('zoe', 'winner'), said('second', 'runner-up'), said('first', 'runner-up'), other,
      ...Array.from({ length: 6 }, (_, at) => said(`stranger ${at}`, `own ${at}`))
    ], [vote('first', other, 1_000_000)])
    // On two answers half a ballot of the first is worth more than a whole one of the second, on nine less.
    const worth: Readonly<Record<string, readonly [number, number]>> = {
      first: [4, 6], second: [1.5, 4.5], zoe: [4, 4]
    }
    const weightQ = (of: PublicKey, clusters: number): number => {
      const bits = Object.entries(worth).find(([name]) => agent(name) === of)?.[1] ?? [0, 0]
      return bits[clusters === 2 ? 0 : 1] * 65_536
    }
    const judgement = { trust: { ...trustOf({}, [['first', 'second']]), weightQ } }
    expect(objects(consensus, records, judgement)).toEqual(['winner'])
    const { change } = explain(consensus, records, judgement)
    expect(change.complete).toBe(true)
    expect(change.withdrawals.map(({ agentId }) => agentId).sort()).toEqual([agent('zoe'), agent('first')].sort())
  })

  it('is found by trying for a lens of one\'s own', () => {
    const majority: Lens = { name: 'Twin', resolve: consensus.resolve }
    for (let seed = 1; seed <= 20; seed += 1) {
      const { records, judgement } = dispute(seed)
      const [own, standard] = [explain(majority, records, judgement), explain(consensus, records, judgement)]
      expect(own.change.lacking).toBeUndefined()
      expect([own.change.newcomers, own.change.withdrawals], `seed ${seed}`)
        .toEqual([standard.change.newcomers, standard.change.withdrawals])
    }
  })

  it('is nothing but a rival where there is none', () => {
    const { change, sides } = explain(consensus, key([said('ann', 'x'), said('bob', 'x')]))
    expect([change, sides.length]).toEqual([{ withdrawals: [], complete: true }, 1])
  })

  it('says so when not everybody was tried', () => {
    const many = Array.from({ length: WITHDRAWALS_MAX + 1 }, (_, at) => said(`ann ${at}`, 'x'))
    const others = Array.from({ length: WITHDRAWALS_MAX + 1 }, (_, at) => said(`bob ${at}`, 'y'))
    const tied = explain(consensus, key([...many, ...others])).change
    expect([tied.withdrawals.length, tied.complete]).toEqual([WITHDRAWALS_MAX, false])
    const fewer = explain(consensus, key([...many.slice(1), ...others.slice(1)])).change
    expect([fewer.withdrawals.length, fewer.complete]).toEqual([WITHDRAWALS_MAX, true])
  })
})
