import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { toHex } from '../../src/base/index.js'
import { encodeCanonical } from '../../src/record/index.js'
import {
  changeBetween, computeTrust, createBallotBook, createTrustDesk, decodePublished, encodePublished,
  type KeyBallots, OPEN_POLICY, type TrustPolicy, type TrustSnapshot
} from '../../src/trustrank/index.js'
import { keysOf, namedAgent, type NamedBallot, type NamedNetwork, policyOf } from '../../scripts/vectors/trust.js'
import { seeded, shuffled } from '../lenses/make.js'

type Random = (below: number) => number

function compute(keys: readonly KeyBallots[], policy: TrustPolicy = OPEN_POLICY): TrustSnapshot {
  const book = createBallotBook(policy.roundMs, policy.seeds)
  for (const key of keys) book.put(key)
  return computeTrust(book.columns(), policy).snapshot
}

function of(ballots: readonly NamedBallot[], fields: Partial<NamedNetwork> = {}): TrustSnapshot {
  const network = { name: '', ballots, ...fields }
  return compute(keysOf(network), policyOf(network))
}

/** A network of 12 agents with skills, some of which copy the first, and votes at random. */
function drawn(random: Random, subjects: number, answers: number): NamedNetwork {
  const ballots: NamedBallot[] = []
  const votes: (readonly [string, string, number])[] = []
  for (let at = 0; at < subjects; at += 1) {
    const truth = random(answers)
    let copied = 0
    for (let agent = 0; agent < 12; agent += 1) {
      if (random(10) < 3) continue
      const right = random(12) <= 4 + agent % 8
      const said = agent % 4 === 3 && agent > 3 ? copied : right ? truth : random(answers)
      if (agent === 3) copied = said
      ballots.push([`a${agent}`, `s${at}`, `v${said}`, 1 + random(65_536), random(10_000)])
      if (random(3) === 0) votes.push([`a${agent}`, `a${random(12)}`, random(10_000)])
    }
  }
  return {
    name: 'drawn', ballots, votes: votes.filter(([voter, author]) => voter !== author), seeds: ['a11'],
    policy: { standing: 'votes', voteBudget: 40, roundMs: 1_000, halfLifeMs: 4_000 }
  }
}

/** The same ballots in another order of keys, clusters, rows and votes. */
function reordered(keys: readonly KeyBallots[], random: Random): readonly KeyBallots[] {
  return shuffled(keys, random).map((key) => {
    const order = shuffled([...key.clusters.keys()], random)
    return {
      ...key, clusters: order.map((from) => key.clusters[from] ?? expect.fail('a cluster')),
      rows: shuffled(key.rows, random).map((row) => ({ ...row, cluster: order.indexOf(row.cluster) })),
      endorsements: shuffled(key.endorsements, random)
    }
  })
}

describe('trust', () => {
  it('has one digest for twenty arrival orders', () => {
    for (const [seed, answers] of [[1, 3], [2, 9], [3, 2]] as const) {
      const random = seeded(seed)
      const network = drawn(random, 60, answers)
      const digests = Array.from({ length: 20 }, () =>
        compute(reordered(keysOf(network), random), policyOf(network)).digest)
      expect(new Set(digests).size, `seed ${seed}`).toBe(1)
    }
  })

  it('keeps every sum far below 2^53 and every published value within its bounds', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      const network = drawn(seeded(seed), 25, 2 + seed % 5)
      const policy = policyOf(network)
      const book = createBallotBook(policy.roundMs, policy.seeds)
      for (const key of keysOf(network)) book.put(key)
      const { snapshot, explain } = computeTrust(book.columns(), policy)
      for (const [agent, { accuracy, standing, gate, rounds }] of snapshot.agents) {
        expect(accuracy).toBeGreaterThanOrEqual(10)
        for (const steps of [accuracy, standing, gate, ...rounds?.values() ?? []]) {
          expect(Number.isInteger(steps) && steps >= 0 && steps <= 1_024).toBe(true)
        }
        const { hits = -1, ballots = -1 } = explain(agent) ?? {}
        expect(Number.isSafeInteger(hits) && hits >= 0 && hits <= ballots && ballots < 2 ** 45).toBe(true)
      }
    }), { numRuns: 40 })
  })

  it('is higher for agents that agree with what holds', () => {
    const random = seeded(5)
    const ballots = Array.from({ length: 200 }, (_, at) => at).flatMap((at): NamedBallot[] =>
      [9, 9, 8, 8, 7, 5].map((skill, agent) =>
        [`a${agent}`, `s${at}`, random(10) < skill ? `v${at}` : `w${at} ${random(4)}`]))
    const snapshot = of(ballots)
    const accuracies = [0, 2, 4, 5].map((agent) => snapshot.accuracy(namedAgent(`a${agent}`)))
    expect(accuracies).toEqual([...accuracies].sort((a, b) => b - a))
    expect(snapshot.weightQ(namedAgent('a0'), 3)).toBeGreaterThan(snapshot.weightQ(namedAgent('a5'), 3))
  })

  it('weighs a ballot by what its agent knows of the predicate, and published trust keeps that apart', () => {
    const random = seeded(13)
    const ballots = Array.from({ length: 160 }, (_, at) => at).flatMap((at): NamedBallot[] => {
      const say = (percent: number): string => (random(100) < percent ? `v${at}` : `w${at} ${random(3)}`)
      const [first, second] = at % 2 === 0 ? [95, 30] : [30, 95]
      return [['one', say(first)], ['other', say(second)], ['ann', say(75)], ['bob', say(75)], ['cid', say(75)]]
        .map(([who = '', what = '']) => [who, `s${at}`, what])
    })
    const predicates = Object.fromEntries(ballots.map(([, on]) => [on, Number(on.slice(1)) % 2 === 0 ? 'p' : 'q']))
    const snapshot = of(ballots, { predicates })
    const weights = ['p', 'q'].map((predicate) =>
      ['one', 'other'].map((name) => snapshot.weightQ(namedAgent(name), 4, predicate)))
    expect(weights[0]?.[0]).toBeGreaterThan(2 * (weights[0]?.[1] ?? 0))
    expect(weights[1]?.[1]).toBeGreaterThan(2 * (weights[1]?.[0] ?? 0))
    const decoded = decodePublished(encodePublished(snapshot)) ?? expect.fail('decoded')
    const names = [...decoded.agents.get(namedAgent('one'))?.predicates?.keys() ?? []]
    expect(names).toEqual(['p', 'q'])
    const agent = decoded.agents.get(namedAgent('one')) ?? expect.fail('an agent')
    const moved = new Map(decoded.agents)
      .set(namedAgent('one'), { ...agent, predicates: new Map([...agent.predicates ?? [], ['q', 1]]) })
    const change = changeBetween(decoded, { ...decoded, agents: moved })
    expect([change.none, change.agent(namedAgent('one'))]).toEqual([false, true])
    const reads = ['p', 'q'].map((predicate) => change.reads(predicate, namedAgent('one')))
    expect(reads).toEqual([false, true])
    expect(change.reads('q', namedAgent('other'))).toBe(false)
  })

  it('says the same under one predicate as without any', () => {
    const random = seeded(14)
    const network = drawn(random, 40, 3)
    const { agents } = compute(keysOf(network), policyOf(network))
    expect([...agents.values()].every(({ predicates }) => predicates === undefined)).toBe(true)
  })

  it('believes what seeds have judged rather than what the crowd confirms of itself', () => {
    const random = seeded(6)
    const ballots: NamedBallot[] = []
    const say = (usual: string, other: string): string => (random(9) === 0 ? other : usual)
    for (let at = 0; at < 120; at += 1) {
      for (let agent = 0; agent < 5; agent += 1) ballots.push([`stale${agent}`, `s${at}`, say('old', 'new')])
      for (let agent = 0; agent < 3; agent += 1) ballots.push([`fresh${agent}`, `s${at}`, say('new', 'old')])
    }
    expect(of(ballots).accuracy(namedAgent('stale0'))).toBeGreaterThan(700)
    const audits = ['s3', 's4', 's5'].map((subject): NamedBallot => ['seed', subject, 'new'])
    const audited = of([...ballots, ...audits], { seeds: ['seed'] })
    expect(audited.accuracy(namedAgent('stale0'))).toBeLessThan(400)
    expect(audited.accuracy(namedAgent('fresh0'))).toBeGreaterThan(700)
  })

  it.each([[1, 0.6], [16, 0.25]])('holds %d audited facts under a predicate for so many', (count, share) => {
    const subjects = Array.from({ length: 120 }, (_, at) => `s${at}`)
    const ballots = subjects.flatMap((subject, at) => ['ann', 'bob', 'cid'].map((who): NamedBallot =>
      [who, subject, at % 9 === 0 ? `${who}'s own` : 'told']))
    const predicates = Object.fromEntries(subjects.map((subject, at) => [subject, at % 2 === 0 ? 'p' : 'q']))
    const right = subjects.slice(1, 25).filter((_, at) => at % 2 === 1)
    const wrong = subjects.slice(0, 2 * count).filter((_, at) => at % 2 === 1)
    const audits = [
      ...right.map((subject): NamedBallot => ['seed', subject, 'told']),
      ...wrong.flatMap((subject) => ['seed', 'eve', 'fay'].map((who): NamedBallot => [who, subject, 'found']))
    ]
    const trust = of([...ballots, ...audits], { predicates, seeds: ['seed'] })
    const accuracy = (trust.agents.get(namedAgent('ann'))?.predicates?.get('q') ?? 0) / 1_024
    expect(Math.abs(accuracy - share)).toBeLessThan(0.15)
  })
})

describe('clone groups', () => {
  const network = (random: Random, noise: number): NamedBallot[] =>
    Array.from({ length: 150 }, (_, at) => at).flatMap((at): NamedBallot[] => {
      const say = (skill: number): string => (random(100) < skill ? `v${at}` : `w${at} ${random(3)}`)
      const copied = say(60)
      return [
        ['copy 1', `s${at}`, copied], ['copy 2', `s${at}`, copied],
        ['copy 3', `s${at}`, random(100) < noise ? say(60) : copied],
        ['good 1', `s${at}`, say(96)], ['good 2', `s${at}`, say(96)], ['plain', `s${at}`, say(75)]
      ]
    })

  it('join agents that copy, and not those that are right alike', () => {
    const snapshot = of(network(seeded(7), 0))
    const groups = ['copy 1', 'copy 2', 'copy 3'].map((name) => snapshot.groupOf(namedAgent(name)))
    expect(new Set(groups).size).toBe(1)
    expect(groups[0]).toBeDefined()
    for (const name of ['good 1', 'good 2', 'plain']) expect(snapshot.groupOf(namedAgent(name))).toBeUndefined()
  })

  it('leave out whoever differs on a tenth', () => {
    const snapshot = of(network(seeded(8), 25))
    expect(snapshot.groupOf(namedAgent('copy 1'))).toBeDefined()
    expect(snapshot.groupOf(namedAgent('copy 3'))).toBeUndefined()
  })

  it('look at the first 64 agents of an item', () => {
    const crowd = (size: number): NamedBallot[] => Array.from({ length: 60 }, (_, at) => at).flatMap((at) =>
      Array.from({ length: size }, (_, agent): NamedBallot => [`a${agent}`, `s${at}`, `v${at % 5}`]).concat(
        [[`odd`, `s${at}`, `w${at % 3}`]]))
    const grouped = (size: number): number =>
      [...of(crowd(size)).agents.values()].filter(({ group }) => group !== undefined).length
    expect(grouped(60)).toBe(60)
    expect(grouped(64)).toBeLessThanOrEqual(64)
    expect(grouped(65)).toBeLessThanOrEqual(64)
    expect(grouped(65)).toBeGreaterThanOrEqual(63)
  })
})

describe('standing', () => {
  const ballots: NamedBallot[] = ['ann', 'bob', 'cid', 'sybil 1', 'sybil 2'].map((name) => [name, 's', 'x'])
  const sybils = [['sybil 1', 'sybil 2'], ['sybil 2', 'sybil 1']] as const

  it('reaches whom seeds vouch for, and no clique of strangers', () => {
    const snapshot = of(ballots, {
      seeds: ['ann'], policy: { standing: 'votes' }, votes: [['ann', 'bob'], ['bob', 'cid'], ...sybils]
    })
    for (const name of ['ann', 'bob', 'cid']) expect(snapshot.gateQ(namedAgent(name), 0)).toBe(65_536)
    for (const name of ['sybil 1', 'sybil 2', 'newcomer']) {
      expect([snapshot.standing(namedAgent(name)), snapshot.gateQ(namedAgent(name), 0)]).toEqual([0, 0])
    }
  })

  it('is one for all without seeds', () => {
    const snapshot = of(ballots, { policy: { standing: 'votes' }, votes: sybils })
    for (const name of ['ann', 'sybil 1', 'newcomer']) {
      const agent = namedAgent(name)
      expect([snapshot.standing(agent), snapshot.gateQ(agent, 0)]).toEqual([1_024, 65_536])
    }
  })

  it('counts at most eight votes of a pair in a round', () => {
    const standing = (votes: number, at: number): number => of(ballots, {
      seeds: ['ann'], policy: { standing: 'votes', roundMs: 10 },
      votes: [...Array.from({ length: votes }, () => ['ann', 'bob', at] as const), ['ann', 'cid', 0]]
    }).standing(namedAgent('bob'))
    expect(standing(9, 0)).toBe(standing(8, 0))
    expect(standing(7, 0)).toBeLessThan(standing(8, 0))
  })

  it('spends its budget: a round with more ballots leaves each of them less', () => {
    const many = Array.from({ length: 50 }, (_, at): NamedBallot => ['bob', `s${at}`, 'x', 65_536, 1_000])
    const snapshot = of([['ann', 's0', 'x', 65_536, 0], ['bob', 's99', 'x', 65_536, 0], ...many], {
      seeds: ['ann'], policy: { standing: 'votes', voteBudget: 2, roundMs: 1_000 }, votes: [['ann', 'bob']]
    })
    const bob = namedAgent('bob')
    expect(snapshot.gateQ(bob, 1_999)).toBeLessThan(snapshot.gateQ(bob, 999) / 10)
    // Nothing was charged there: no budget is left over in it.
    expect(snapshot.gateQ(bob, 2_000)).toBe(snapshot.gateQ(bob, 1_999))
  })

  it('charges what later records took the place of, once for each answer and round', () => {
    const network = {
      seeds: ['ann'], policy: { standing: 'votes', voteBudget: 2, roundMs: 1_000 } as const,
      votes: [['ann', 'bob']] as const,
      ballots: Array.from({ length: 50 }, (_, at): NamedBallot => ['bob', `s${at}`, 'x', 65_536, 5_000])
    }
    const bob = namedAgent('bob')
    const earlier = (times: readonly number[]): TrustSnapshot => of(network.ballots, {
      ...network, spent: times.flatMap((time) =>
        network.ballots.map(([who, subject, answer]) => [who, subject, answer, time] as const))
    })
    const [once, twice, same] = [earlier([1_000]), earlier([1_000, 1_999]), earlier([5_001])]
    expect(once.gateQ(bob, 1_000)).toBe(once.gateQ(bob, 5_000))
    expect(twice.digest).toBe(once.digest)
    expect(same.digest).toBe(earlier([]).digest)
    expect(same.gateQ(bob, 5_000)).toBe(once.gateQ(bob, 5_000))
  })
})

describe('closed predicates', () => {
  const said = (values: number, items: number, agents: number): NamedBallot[] =>
    Array.from({ length: items }, (_, at) => at).flatMap((at) =>
      Array.from({ length: agents }, (_, agent): NamedBallot =>
        [`a${agent}`, `s${at}`, `v${(at + (agent === 0 ? 1 : 0)) % values}`]))

  it.each([
    ['30 values', said(30, 90, 4), 1], ['31 values', said(31, 93, 4), 0],
    ['three items for each value', said(5, 15, 4), 1], ['fewer', said(5, 14, 4), 0],
    ['three agents for each value', said(4, 40, 4), 1], ['two', said(4, 40, 2), 0]
  ])('are found by their values: %s', (_name, ballots, number) => {
    expect(of(ballots).closed.length).toBe(number)
  })

  it.each([
    ['256 bytes, all of them', 254, 1, 1], ['257 bytes, all of them', 255, 1, 0],
    ['257 bytes, in one row of ten', 255, 10, 1], ['257 bytes, in one row of nine', 255, 9, 0]
  ])('take values of at most 256 bytes for classes: %s', (_name, length, every, number) => {
    const ballots = said(2, 90, 4).map(([who, about, what], at): NamedBallot =>
      [who, about, at % every === 0 ? what.padEnd(length) : what])
    expect(of(ballots).closed.length).toBe(number)
  })

  it('are those with a vocabulary of 2 to 30 values', () => {
    const values = Array.from({ length: 31 }, (_, at) => `v${at}`)
    expect(of(said(5, 5, 2), { vocabulary: values.slice(0, 30) }).closed[0]?.values.length).toBe(30)
    expect(of(said(5, 5, 2), { vocabulary: values }).closed).toEqual([])
    expect(of(said(5, 5, 2), { vocabulary: ['v0'] }).closed).toEqual([])
    const long = values.slice(0, 5).map((value) => value.padEnd(300))
    const texts = said(5, 5, 2).map(([who, about, what]): NamedBallot => [who, about, what.padEnd(300)])
    expect(of(texts, { vocabulary: long }).closed[0]?.values.length).toBe(5)
  })

  it('weigh a ballot by how the agent errs', () => {
    const random = seeded(9)
    const ballots = Array.from({ length: 300 }, (_, at) => at).flatMap((at): NamedBallot[] => {
      const [truth, other] = at % 3 === 0 ? ['yes', 'no'] : ['no', 'yes']
      const fair = (): string => (random(10) < 8 ? truth : other)
      return [['a', fair()], ['b', fair()], ['c', fair()], ['d', fair()], ['e', fair()],
        ['eager', random(10) < 5 ? 'yes' : truth], ['turned', random(10) < 9 ? other : truth]
      ].map(([who = '', what = '']) => [who, `s${at}`, what])
    })
    const snapshot = of(ballots)
    const worth = snapshot.closedWorth('p') ?? expect.fail('closed')
    const [yes = -1, no = -1] = ['yes', 'no'].map((value) =>
      snapshot.closed[0]?.values.indexOf(toHex(encodeCanonical(value))))
    const bits = (who: string, said: number, on: number): number =>
      worth.support(namedAgent(who), said)[on] ?? -1
    expect(bits('eager', yes, yes)).toBeLessThan(bits('eager', no, no))
    expect(bits('eager', yes, no)).toBe(0)
    // Known to say one for the other, it speaks for that other one, with two bits at most.
    expect([bits('turned', yes, yes), bits('turned', no, no)]).toEqual([0, 0])
    for (const turned of [bits('turned', yes, no), bits('turned', no, yes)]) {
      expect(turned).toBeGreaterThan(65_536)
      expect(turned).toBeLessThanOrEqual(131_072)
    }
  })
})

describe('the ballot book', () => {
  const [first, second] = keysOf({ name: '', ballots: [['ann', 's', 'x'], ['bob', 's', 'y'], ['ann', 't', 'x']] })
  if (first === undefined || second === undefined) throw new Error('two keys')

  it('holds the last ballots of a key alone', () => {
    const book = createBallotBook(1_000)
    book.put(first)
    book.put(second)
    book.put({ ...first, rows: first.rows.slice(1) })
    expect([book.keys, book.rows, book.columns().agentOf.length]).toEqual([2, 2, 2])
    book.remove('s', 'p')
    book.remove('s', 'p')
    expect([book.keys, book.rows, book.columns().agents]).toEqual([1, 1, [namedAgent('ann')]])
    expect(book.items()).toEqual([{ subject: 't', predicate: 'p' }])
  })
})

describe('the trust desk', () => {
  it('gives the values that it computed, and none that were adopted, by themselves or as bytes', () => {
    const network = drawn(seeded(3), 40, 3)
    const policy = policyOf(network)
    const desks = [createTrustDesk(policy), createTrustDesk(policy)]
    const findings = desks.map((desk) => {
      desk.answer({ kind: 'put', asOf: 0, keys: keysOf(network) })
      return desk.answer({ kind: 'compute' })
    })
    const [{ bytes, digest } = expect.fail('a finding')] = findings
    expect(bytes).toEqual(encodePublished(compute(keysOf(network), policy)))
    for (const [at, desk] of desks.entries()) {
      desk.answer({ kind: 'adopt', bytes: at === 0 ? undefined : bytes })
      const again = desk.answer({ kind: 'compute' })
      expect([again.digest, again.bytes]).toEqual([digest, undefined])
    }
  })
})

describe('decodePublished', () => {
  const network = drawn(seeded(3), 40, 3)
  const bytes = encodePublished(compute(keysOf(network), policyOf(network)))

  it('refuses any cut, and never throws on changed bytes', () => {
    for (let end = 0; end < bytes.length; end += 97) {
      expect(decodePublished(bytes.subarray(0, end))).toBeUndefined()
    }
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = Uint8Array.from(bytes)
      changed[at] = value
      decodePublished(changed)
    }), { numRuns: 300 })
  })
})
