// What computing trust costs, counted in reads of the columns: equal on every machine.

import { describe, expect, it } from 'vitest'
import { blake3Hash, toHex } from '../../src/base/index.js'
import {
  type BallotColumns, computeTrust, createBallotBook, type KeyBallots, OPEN_POLICY, type TrustSnapshot
} from '../../src/trustrank/index.js'
import { agent, bytesOf, seeded, shuffled } from '../lenses/make.js'

const AGENTS = Array.from({ length: 30 }, (_, at) => agent(`agent ${at}`))

function clusterOf(value: string): KeyBallots['clusters'][number] {
  return { value: toHex(bytesOf(value)), hash: blake3Hash(bytesOf(value)) }
}

interface Fact {
  readonly at: number
  readonly predicate: string
  readonly agents?: readonly typeof AGENTS[number][]
  /** Values that nobody stands by. */
  readonly others?: number
}

/** A fact, yes or no, on which four agents or those given have a ballot each. */
function fact({ at, predicate, agents, others = 0 }: Fact): KeyBallots {
  const random = seeded(at)
  const four = shuffled(AGENTS, random).slice(0, 4)
  const values = ['yes', 'no', ...Array.from({ length: others }, (_, other) => `other ${other}`)]
  return {
    subject: `s${at}`, predicate, cardinality: 'one', exact: true, endorsements: [],
    clusters: values.map(clusterOf),
    rows: (agents ?? four).map((by) => (
      { agent: by, cluster: random(10) < 8 ? 0 : 1, weightQ: 65_536, timestampMs: 0 }))
  }
}

interface Computed {
  readonly trust: TrustSnapshot
  readonly rounds: number
  readonly reads: number
}

/** Trust over facts, and how many entries of columns were read for it. */
function computed(facts: readonly KeyBallots[]): Computed {
  const book = createBallotBook(OPEN_POLICY.roundMs)
  for (const each of facts) book.put(each)
  let reads = 0
  const counted = <T extends object>(column: T): T => new Proxy(column, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      // A method reads the whole column.
      reads += typeof value === 'function' ? Number(Reflect.get(target, 'length', target)) : 1
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
  const columns = Object.entries(book.columns()).map(([name, column]) => [
    name, ArrayBuffer.isView(column) || Array.isArray(column) ? counted(column as object) : column as unknown
  ] as const)
  const { snapshot: trust, rounds } = computeTrust(
    Object.fromEntries(columns) as unknown as BallotColumns, OPEN_POLICY)
  return { trust, reads, rounds }
}

describe('the cost of computing trust', () => {
  it('is that of the ballots, however many closed predicates they are spread over', () => {
    const facts = (predicates: number): KeyBallots[] => Array.from({ length: 1_500 }, (_, at) =>
      fact({ at, predicate: `p${at % predicates}` }))
    const [few, many] = [computed(facts(2)), computed(facts(150))]
    expect(few.trust.closed).toHaveLength(2)
    expect(many.trust.closed.length).toBeGreaterThan(100)
    expect(many.reads / many.rounds).toBeLessThan(1.25 * few.reads / few.rounds)
  })

  it('grows by each value that an item has, not by each for every ballot on a listed one', () => {
    const everybody = Array.from({ length: 1_000 }, (_, at) => agent(`one of many ${at}`))
    const facts = (others: number): KeyBallots[] => [
      ...Array.from({ length: 6 }, (_, at) => fact({ at, predicate: 'p' })),
      fact({ at: 6, predicate: 'p', agents: everybody, others })
    ]
    const [bare, wide] = [computed(facts(0)), computed(facts(1_000))]
    expect([bare.trust.closed.length, wide.trust.closed.length]).toEqual([1, 1])
    expect(wide.reads - bare.reads).toBeLessThan(100 * 1_000)
  })
})
