import { describe, expect, it } from 'vitest'
import { blake3Hash, toHex } from '../../src/base/index.js'
import {
  authority, type Candidate, consensus, createLensInput, type Judging, type KeyRecords, NO_EPOCHS, runSteps,
  type TrustBallots, trustBallotSteps, type TrustView
} from '../../src/lenses/index.js'
import { agent, ask, bytesOf, judgedBy, key, said, type Said, seeded, trustOf, vote } from './make.js'

function winner(records: KeyRecords, trust: Partial<TrustView>): unknown {
  return ask(consensus, records, { trust: { ...trustOf(), ...trust } })?.winners[0]?.candidate.object
}

describe('Consensus under trust', () => {
  const three = key([said('ann', 'x'), said('bob', 'y'), said('cid', 'y')])

  it('follows the gate of a ballot by its time', () => {
    const at = { timestampMs: 9 }
    const late = key([said('ann', 'x'), said('bob', 'y', at), said('cid', 'y', at)])
    expect(winner(late, {})).toBe('y')
    expect(winner(late, { gateQ: (_, timestampMs) => (timestampMs === 9 ? 20_000 : 65_536) })).toBe('x')
  })

  it('is undecided, by plain numbers, where no gate is open', () => {
    const trust = { ...trustOf(), gateQ: () => 0 }
    const result = ask(consensus, three, { trust })
    expect(result).toMatchObject({ undecided: true, winners: [{ candidate: { object: 'y' }, agents: 2 }] })
  })

  it('weighs a ballot for a listed value as the table says, for every value', () => {
    const values = ['x', 'y', 'z'].map((value) => toHex(bytesOf(value)))
    const bits = [[200_000, 0, 0], [150_000, 100_000, 0], [0, 0, 100_000]]
    const support = bits.map((row) => Int32Array.from(row))
    const closedWorth = (): ReturnType<TrustView['closedWorth']> => ({
      classOf: (objectBytes) => values.indexOf(toHex(objectBytes)),
      baseBits: Int32Array.from([10, 0, 5]),
      support: (_, value) => support[value] ?? new Int32Array(3)
    })
    const result = ask(consensus, three, { trust: { ...trustOf(), closedWorth } })
    expect(result?.winners[0]).toMatchObject({ candidate: { object: 'x' }, score: 500_010, agents: 1 })
    expect(result?.runnerUp).toMatchObject({ candidate: { object: 'y' }, score: 200_000 })
  })

  it('weighs a value on no list by accuracy, and gives it no base rate', () => {
    const closedWorth = (): ReturnType<TrustView['closedWorth']> => ({
      classOf: () => -1, baseBits: Int32Array.from([10, 0]), support: () => new Int32Array(2)
    })
    const asked: number[] = []
    const weightQ = (_: unknown, clusters: number): number => asked.push(clusters) * 0 + 70_000
    const result = ask(consensus, key([said('ann', 'x')]), { trust: { ...trustOf(), closedWorth, weightQ } })
    expect([result?.winners[0]?.score, new Set(asked)]).toEqual([70_000, new Set([2])])
  })

  it('leaves tables aside under a tolerance and with many answers', () => {
    const closedWorth = (): never => expect.fail('a table is asked for')
    for (const settings of [{ tolerance: 1 }, { cardinality: 'many' as const }]) {
      const trust = { ...trustOf(), closedWorth }
      expect(ask(consensus, three, { trust, epochs: judgedBy(settings) })).toBeDefined()
    }
  })

  it('lets one of a clone group speak for all, the one of most weight', () => {
    const records = key([said('ann', 'x'), said('bob', 'x'), said('cid', 'y')])
    const trust = trustOf({ ann: 40_000, bob: 50_000, cid: 60_000 }, [['ann', 'bob']])
    expect(ask(consensus, records, { trust })?.winners[0]?.candidate.object).toBe('y')
    expect(ask(consensus, records, { trust })?.runnerUp).toMatchObject({ score: 50_000, agents: 2 })
  })
})

/** Who said something with weight, and when, besides the rows; what is at the time of a row may be named. */
function besides({ candidates, votes }: KeyRecords, { rows, spent }: TrustBallots): ReadonlySet<string> {
  const weighty = candidates.filter(({ confidence }) => confidence > 0)
  const all = [...weighty, ...votes.filter(({ weight }) => weight > 0)]
  const times = all.map(({ agentId, timestampMs }) => `${agentId} ${timestampMs}`)
  const told = rows.map((row) => `${row.agent} ${row.timestampMs}`)
  const again = spent.map((ballot) => `${ballot.agent} ${ballot.timestampMs}`).filter((text) => told.includes(text))
  return new Set([...times.filter((text) => !told.includes(text)), ...again])
}

describe('the ballots that trust is computed from', () => {
  const claim = said('ann', 'x', { timestampMs: 3 })
  const records = key([claim, said('bob', 'y', { confidence: 500_000 })], [vote('bob', claim, 1_000_000, 8)])

  it('hold the value of 256 bytes, of a longer one its hash alone unless a vocabulary lists it', () => {
    const [short, long] = ['x'.repeat(254), 'y'.repeat(255)]
    const spoken = key([said('ann', short), said('bob', long)])
    const held = (judging: Judging): unknown =>
      new Map(runSteps(trustBallotSteps(spoken, judging)).clusters.map(({ value, hash }) => [hash, value]))
    const [shortHex, longHex] = [toHex(bytesOf(short)), toHex(bytesOf(long))]
    const [shortHash, longHash] = [short, long].map((value) => blake3Hash(bytesOf(value)))
    expect(held(NO_EPOCHS.judging('predicate'))).toEqual(new Map([[shortHash, shortHex], [longHash, undefined]]))
    const listed = judgedBy({ vocabulary: [short, long] }).judging('predicate')
    expect(held(listed)).toEqual(new Map([[shortHash, shortHex], [longHash, longHex]]))
  })

  it('are those that Consensus weighs, with who vouches for whom', () => {
    const ballots = runSteps(trustBallotSteps(records, NO_EPOCHS.judging('predicate')))
    const rows = ballots.rows.map(({ agent: of, cluster, weightQ, timestampMs }) =>
      [of, ballots.clusters[cluster]?.value, weightQ, timestampMs])
    expect(rows).toEqual([
      [agent('ann'), toHex(bytesOf('x')), 65_536, 3], [agent('bob'), toHex(bytesOf('x')), 43_690, 8],
      [agent('bob'), toHex(bytesOf('y')), 21_845, 0]
    ])
    expect(ballots.endorsements).toEqual([{ voter: agent('bob'), author: agent('ann'), timestampMs: 8 }])
    expect(ballots).toMatchObject({ subject: 'subject', predicate: 'predicate', cardinality: 'one', exact: true })
  })

  it('are not scaled where many answers hold, and not exact under a tolerance', () => {
    const many = runSteps(trustBallotSteps(records, judgedBy({ cardinality: 'many' }).judging('predicate')))
    expect(many.rows.map(({ weightQ }) => weightQ)).toEqual([65_536, 65_536, 32_768])
    expect(runSteps(trustBallotSteps(records, judgedBy({ tolerance: 1 }).judging('predicate'))).exact).toBe(false)
  })

  it.each([['forbidden', true], ['must_use', true], ['predicate', false]])(
    'are of a constraint under %s: %s, unless the epoch has settings for it', (predicate, constraint) => {
      const named = { ...records, predicate }
      expect(runSteps(trustBallotSteps(named, NO_EPOCHS.judging(predicate))).constraint).toBe(constraint)
      const ruled = judgedBy({ cardinality: 'one' }, predicate).judging(predicate)
      expect(runSteps(trustBallotSteps(named, ruled)).constraint).toBe(false)
    })

  it.each([65_536, 65_537])('name who has no row, its ballot being split among %i answers', (answers) => {
    const candidates = Array.from({ length: answers }, (_, at) => said(`author ${at % 3}`, at, { timestampMs: at }))
    const split = key(candidates, candidates.map((candidate) => vote('ann', candidate, 1_000_000)))
    const { rows, silent } = runSteps(trustBallotSteps(split, NO_EPOCHS.judging('predicate')))
    expect(rows.filter((row) => row.agent === agent('ann'))).toHaveLength(answers > 65_536 ? 0 : answers)
    expect(silent).toEqual(answers > 65_536 ? [agent('ann')] : [])
    const trust = { ...trustOf(), accuracy: (of: string) => (of === agent('ann') ? 800 : 0) }
    expect(ask(authority, split, { trust })).toBeDefined()
    expect(ask(authority, split, { trust: { ...trust, accuracy: () => 0 } })).toBeUndefined()
  }, 60_000)

  it('do not count a withdrawn vote as an endorsement', () => {
    const withdrawn = key([claim], [vote('bob', claim, 1_000_000, 8), vote('bob', claim, 0, 9)])
    expect(runSteps(trustBallotSteps(withdrawn, NO_EPOCHS.judging('predicate'))).endorsements).toEqual([])
  })

  it('are the same from what a view was computed of', () => {
    const random = seeded(20_261_123)
    const settings = [{}, { cardinality: 'many' }, { tolerance: 1 }, { vocabulary: [0, 1, 2] }] as const
    for (let round = 0; round < 200; round += 1) {
      const candidates = Array.from({ length: 1 + random(6) }, () =>
        said(`agent ${random(5)}`, random(4), { timestampMs: random(3), confidence: random(3) * 500_000 }))
      const known = [...new Map(candidates.map((candidate) => [candidate.id, candidate])).values()]
      const votes = Array.from({ length: random(2) * random(5) }, (_, at) =>
        vote(`agent ${random(5)}`, known[random(known.length)] as Candidate, random(3) * 500_000, at))
      const input = createLensInput(key(known, votes), {
        epochs: judgedBy(settings[round % settings.length] ?? {}), trust: trustOf()
      })
      const judging = input.epochs.judging('predicate')
      const ballots = runSteps(trustBallotSteps(input, judging))
      expect(runSteps(trustBallotSteps(input, judging, runSteps(input.density())))).toEqual(ballots)
      expect(new Set(ballots.spent.map(({ agent: by, timestampMs }) => `${by} ${timestampMs}`)))
        .toEqual(besides(input, ballots))
    }
  })

  it('name what was said at other times than those of the rows, withdrawn or not allowed as it may be', () => {
    const by = (timestampMs: number): Said => ({ timestampMs })
    const [first, latest, other] = [said('ann', 'x', by(3)), said('ann', 'x', by(9)), said('bob', 'y', by(4))]
    const odd = said('ann', 'odd', by(5))
    const all = key([first, latest, other, odd, said('cid', 'x', { confidence: 0 })], [
      vote('ann', other, 1_000_000, 6), vote('ann', other, 0, 7), vote('dot', other, 500_000, 8)])
    const ruled = judgedBy({ vocabulary: ['x', 'y'] }).judging('predicate')
    const { rows, spent, clusters } = runSteps(trustBallotSteps(all, ruled))
    expect(rows.map((row) => [row.agent, row.timestampMs]))
      .toEqual([[agent('ann'), 9], [agent('bob'), 4], [agent('dot'), 8]])
    const places = ['x', 'y'].map((value) =>
      clusters.findIndex((cluster) => cluster.value === toHex(bytesOf(value))))
    expect(spent).toEqual([
      { agent: agent('ann'), cluster: places[0], timestampMs: 3 },
      { agent: agent('ann'), cluster: clusters.length, timestampMs: 5 },
      { agent: agent('ann'), cluster: places[1], timestampMs: 6 }
    ])
  })
})
