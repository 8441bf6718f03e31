// Vectors of trust: small networks, one for each floor, tie and limit, with what is published of them.

import { blake3, blake3Hash, type PublicKey, publicKeyOf, toHex, utf8Bytes } from '../../src/base/index.js'
import { encodeCanonical } from '../../src/record/index.js'
import {
  type BallotRow, computeTrust, createBallotBook, encodePublished, type KeyBallots, OPEN_POLICY,
  type TrustPolicy
} from '../../src/trustrank/index.js'

/** A ballot by names: who, on which subject, which answer; weight Q16 (65,536) and time (0) as needed. */
export type NamedBallot = readonly [
  agent: string, subject: string, answer: string, weightQ?: number, timestampMs?: number
]

/** A network by names. */
export interface NamedNetwork {
  readonly name: string
  readonly ballots: readonly NamedBallot[]
  /** Who votes for whom, and when. */
  readonly votes?: readonly (readonly [voter: string, author: string, timestampMs?: number])[]
  readonly seeds?: readonly string[]
  readonly policy?: Partial<TrustPolicy>
  readonly cardinality?: 'many'
  readonly vocabulary?: readonly string[]
  /** Predicates of subjects; of all others it is `p`. */
  readonly predicates?: Readonly<Record<string, string>>
  /** Subjects of which constraints are said. */
  readonly constraints?: readonly string[]
  /** What was said at other times than those of the ballots: who, on which subject, which answer, when. */
  readonly spent?: readonly (readonly [agent: string, subject: string, answer: string, timestampMs: number])[]
}

/** The key of a name. */
export function namedAgent(name: string): PublicKey {
  return publicKeyOf(blake3(utf8Bytes(`agent ${name}`)))
}

/** The ballots of a network, key by key. */
export function keysOf(network: NamedNetwork): readonly KeyBallots[] {
  const subjects = [...new Set(network.ballots.map(([, subject]) => subject))]
  const endorsements = (network.votes ?? []).map(([voter, author, timestampMs = 0]) => (
    { voter: namedAgent(voter), author: namedAgent(author), timestampMs }))
  return subjects.map((subject, at) => {
    const said = network.ballots.filter((ballot) => ballot[1] === subject)
    const answers = [...new Set(said.map(([, , answer]) => answer))]
    return {
      subject, predicate: network.predicates?.[subject] ?? 'p', cardinality: network.cardinality ?? 'one', exact: true,
      ...(network.constraints?.includes(subject) === true ? { constraint: true } : {}),
      ...(network.vocabulary === undefined ? {} : { vocabulary: network.vocabulary.map(valueHex) }),
      clusters: answers.map((answer) => (
        { value: valueHex(answer), hash: blake3Hash(encodeCanonical(answer)) })),
      rows: said.map(([agent, , answer, weightQ = 65_536, timestampMs = 0]): BallotRow => (
        { agent: namedAgent(agent), cluster: answers.indexOf(answer), weightQ, timestampMs })),
      endorsements: at === 0 ? endorsements : [],
      spent: (network.spent ?? []).filter(([, on]) => on === subject)
        .map(([agent, , answer, timestampMs]) => (
          { agent: namedAgent(agent), cluster: Math.max(0, answers.indexOf(answer)), timestampMs }))
    }
  })
}

/** The policy of a network. */
export function policyOf(network: NamedNetwork): TrustPolicy {
  return { ...OPEN_POLICY, ...network.policy, seeds: (network.seeds ?? []).map(namedAgent) }
}

/** What a network gives: the published bytes and, of each agent, what is not rounded. */
export function resultOf(network: NamedNetwork): Readonly<Record<string, unknown>> {
  const policy = policyOf(network)
  const book = createBallotBook(policy.roundMs, policy.seeds)
  for (const key of keysOf(network)) book.put(key)
  const { snapshot, rounds, explain } = computeTrust(book.columns(), policy)
  const names = [...new Set(network.ballots.map(([agent]) => agent))].sort()
  const agents = Object.fromEntries(names.map((name) => {
    const { hits, ballots, accuracy, predicates, mass, clones = [] } = explain(namedAgent(name)) ?? {}
    const standing = mass === undefined ? {} : { mass }
    return [name, { hits, ballots, accuracy, predicates, ...standing, clones: clones.length }]
  }))
  return { rounds, agents, published: toHex(encodePublished(snapshot)), digest: snapshot.digest }
}

/** The file test/vectors/trust.json. */
export function trustVectorsJson(): string {
  const vectors = NETWORKS.map((network) => ({ ...network, result: resultOf(network) }))
  return JSON.stringify(vectors, undefined, 1) + '\n'
}

function valueHex(answer: string): string {
  return toHex(encodeCanonical(answer))
}

/** The same ballots on many subjects. */
function onEach(
  count: number, ballots: (subject: string, at: number) => readonly NamedBallot[]
): NamedBallot[] {
  return Array.from({ length: count }, (_, at) => ballots(`s${String(at).padStart(3, '0')}`, at)).flat()
}

/** Twins that agree on `common` contested subjects, against three that agree with nobody in particular. */
function twins(common: number): NamedBallot[] {
  return onEach(common, (subject, at) => [
    ['twin a', subject, `v${at % 7}`], ['twin b', subject, `v${at % 7}`],
    ['ann', subject, `v${(at + 1) % 5}`], ['bob', subject, `v${(at + 2) % 3}`], ['cid', subject, 'v0']
  ])
}

/** Three agents that know and one that says `no` for `yes`. */
function listed(count: number): NamedBallot[] {
  return onEach(count, (subject, at) => [
    ['ann', subject, at % 3 === 0 ? 'no' : 'yes'], ['bob', subject, at % 3 === 0 ? 'no' : 'yes'],
    ['cid', subject, at % 5 === 0 ? 'no' : 'yes'], ['nay', subject, 'no']
  ])
}

/** The answers at this many characters; as CBOR they have two bytes more. */
function widened(ballots: readonly NamedBallot[], length: number): NamedBallot[] {
  return ballots.map(([who, subject, answer]) => [who, subject, answer.padEnd(length)])
}

/** Two agents that always say the same, right or wrong, among five that err each in their own way. */
function paired(count: number): NamedBallot[] {
  return onEach(count, (subject, at) => {
    const truth = at % 2 === 0
    const say = (right: boolean): string => (right === truth ? 'yes' : 'no')
    const copied = say(at % 5 < 3)
    const own = [7, 9, 11, 13, 17].map((period, agent): NamedBallot =>
      [`a${agent}`, subject, say((at * (agent + 3)) % period >= 2)])
    return [...own, ['pair a', subject, copied], ['pair b', subject, at % 50 === 7 ? say(at % 5 >= 3) : copied]]
  })
}

/** Three agents that mostly know and two that mostly say the one for the other. */
function turned(count: number): NamedBallot[] {
  const agents = [
    ['ann', 7, 'yes'], ['bob', 9, 'yes'], ['cid', 11, 'yes'], ['eve', 13, 'no'], ['nay', 10, 'no']
  ] as const
  return onEach(count, (subject, at) => agents.map(([who, period, even], agent): NamedBallot => {
    const other = even === 'yes' ? 'no' : 'yes'
    return [who, subject, (at % 2 === 0) === ((at * 3 + agent) % period !== 0) ? even : other]
  }))
}

/** Who knows one predicate and not the other, and one who says something under one alone. */
function specialists(count: number): NamedBallot[] {
  return onEach(count, (subject, at) => {
    const odd = at % 2 === 1
    return [
      ['ann', subject, odd ? `own ${at}` : 'v'], ['bob', subject, odd ? 'v' : `other ${at}`],
      ['cid', subject, 'v'], ['dan', subject, at % 3 === 0 ? `third ${at}` : 'v'],
      ...(odd ? [['eve', subject, 'v'] as const] : [])
    ]
  })
}

const THREE: readonly NamedBallot[] = [
  ['ann', 's', 'x'], ['bob', 's', 'x'], ['cid', 's', 'y'], ['ann', 't', 'x'], ['bob', 't', 'y'], ['cid', 't', 'z']
]

/** Odd subjects are under the predicate `q`. */
const ODD_Q = Object.fromEntries(onEach(24, (subject, at) => (at % 2 === 1 ? [['', subject, 'q']] : []))
  .map(([, subject, predicate]) => [subject, predicate]))

const NETWORKS: readonly NamedNetwork[] = [
  { name: 'no ballots', ballots: [] },
  { name: 'shares of three are floored', ballots: THREE },
  { name: 'ballots of less than one', ballots: THREE.map(([who, on, what], at) => [who, on, what, 1 + at * 9_973]) },
  { name: 'one against one: equal scores', ballots: [['ann', 's', 'x'], ['bob', 's', 'y']] },
  {
    name: 'accuracies stop at their bounds', seeds: ['ann'],
    ballots: onEach(120, (subject, at) => [
      ['ann', subject, 'x'], ['bob', subject, at % 30 === 0 ? 'y' : 'x'], ['eve', subject, subject]])
  },
  {
    name: 'seeds alone speak first', seeds: ['cid'],
    ballots: [...THREE, ['ann', 'u', 'x'], ['bob', 'u', 'y'], ['eve', 'w', 'x']]
  },
  {
    name: 'what a seed judged is apart, and all else counts as four of it', predicates: ODD_Q, seeds: ['seed'],
    ballots: [...specialists(24), ['seed', 's002', 'v'], ['seed', 's003', 'v'], ['seed', 's005', 'v']]
  },
  {
    name: 'a list: what a seed judged is apart in a table', vocabulary: ['yes', 'no'], seeds: ['seed'],
    ballots: [...listed(30), ['seed', 's001', 'yes'], ['seed', 's002', 'no'], ['seed', 's003', 'no']]
  },
  { name: 'twins with 19 contested subjects', ballots: twins(19) },
  { name: 'twins with 20 contested subjects', ballots: twins(20) },
  { name: 'twins with 40 contested subjects', ballots: twins(40) },
  { name: 'a list: 7 ballots give no table', ballots: listed(7), vocabulary: ['yes', 'no'] },
  { name: 'a list: 8 ballots give a table', ballots: listed(8), vocabulary: ['yes', 'no'] },
  { name: 'a list that recurs is found', ballots: listed(30) },
  { name: 'a list that recurs: values of 256 bytes', ballots: widened(listed(7), 254) },
  { name: 'no list: values of 257 bytes', ballots: widened(listed(7), 255) },
  {
    name: 'a value on no list', vocabulary: ['yes', 'no'],
    ballots: [...listed(9), ['ann', 's000', 'perhaps', 30_000], ['bob', 'other', 'perhaps'], ['cid', 'other', 'yes']]
  },
  { name: 'a list: two hang together, not beyond chance', ballots: paired(43), vocabulary: ['yes', 'no'] },
  { name: 'a list: two hang together beyond chance', ballots: paired(44), vocabulary: ['yes', 'no'] },
  {
    name: 'a list: a seed depends on nobody, and nobody on it', ballots: paired(44), vocabulary: ['yes', 'no'],
    seeds: ['pair a']
  },
  {
    name: 'a list: who has more standing depends less', ballots: paired(44), vocabulary: ['yes', 'no'],
    seeds: ['a0'], policy: { standing: 'votes' },
    votes: [...['pair a', 'a1', 'a2', 'a3', 'a4'].map((who) => ['a0', who] as const), ['pair a', 'pair b']]
  },
  { name: 'a list: known to say one for the other', ballots: turned(30), vocabulary: ['yes', 'no'] },
  { name: 'an accuracy under each predicate', ballots: specialists(24), predicates: ODD_Q },
  {
    name: 'a seed has one accuracy under all predicates', ballots: specialists(24), predicates: ODD_Q,
    seeds: ['ann']
  },
  {
    name: 'many answers hold', cardinality: 'many',
    ballots: [...THREE, ['ann', 's', 'y', 40_000], ['bob', 't', 'z', 65_535]]
  },
  {
    name: 'standing flows along votes', ballots: THREE, seeds: ['ann'], policy: { standing: 'votes' },
    votes: [['ann', 'bob'], ['ann', 'bob'], ['bob', 'cid'], ['ann', 'eve'], ['eve', 'eve two']]
  },
  {
    name: 'a budget leaves a part of the weight, round by round', seeds: ['ann'],
    policy: { standing: 'votes', voteBudget: 3, roundMs: 1_000 },
    ballots: THREE.map(([who, on, what], at) => [who, on, what, 65_536, at * 400]),
    votes: [...Array.from({ length: 9 }, () => ['ann', 'bob', 5] as const), ['ann', 'cid', 5], ['bob', 'cid', 1_005]]
  },
  {
    name: 'what later ballots took the place of spends the budget, once for each answer and round', seeds: ['ann'],
    policy: { standing: 'votes', voteBudget: 3, roundMs: 1_000 },
    ballots: THREE.map(([who, on, what]) => [who, on, what, 65_536, 5_000]),
    votes: [['ann', 'bob', 5], ['bob', 'cid', 5]],
    spent: [['bob', 's', 'x', 5_999], ['bob', 's', 'x', 1_000], ['bob', 's', 'x', 1_999], ['bob', 's', 'y', 1_500]]
  },
  {
    name: 'constraints spend the budget and are in no track record', constraints: ['t'], seeds: ['ann'],
    policy: { standing: 'votes', voteBudget: 3, roundMs: 1_000 }, ballots: THREE,
    votes: [['ann', 'bob'], ['bob', 'cid']]
  },
  {
    name: 'a seed that stated constraints alone silences nobody', constraints: ['u'], seeds: ['seed'],
    ballots: [...THREE, ['seed', 'u', 'x']]
  },
  { name: 'seeds before anybody said anything', ballots: [], seeds: ['seed', 'other'] },
  {
    name: 'a seed without a ballot keeps its part of the standing', ballots: THREE, seeds: ['ann', 'seed'],
    policy: { standing: 'votes', voteBudget: 3, roundMs: 1_000 }, votes: [['ann', 'bob']]
  },
  { name: 'votes without seeds change nothing', ballots: THREE, policy: { standing: 'votes' }, votes: [['ann', 'bob']] },
  {
    name: 'a half-life ages track records, down to a sixteenth', policy: { halfLifeMs: 1_000 },
    ballots: THREE.map(([who, on, what], at) => [who, on, what, 65_536, at * at * 333])
  }
]
