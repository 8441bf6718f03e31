import { describe, expect, it } from 'vitest'
import type { PublicKey } from '../../src/base/index.js'
import { createSigner, seedFromName } from '../../src/record/index.js'
import {
  type AgentTrust, changeBetween, type ClosedTrust, createBallotBook, type KeyBallots, type Published
} from '../../src/trustrank/index.js'

const [ann, bob, cid, dan] = ['ann', 'bob', 'cid', 'dan'].map((name) => createSigner(seedFromName(name)).publicKey)
  .sort() as [PublicKey, PublicKey, PublicKey, PublicKey]
const one: AgentTrust = { accuracy: 900, standing: 1_024, gate: 1_024 }

function published(agents: readonly (readonly [PublicKey, AgentTrust])[]): Published {
  return { mode: 'computed', agents: new Map(agents), prior: { ...one, accuracy: 512 }, roundMs: 0, closed: [] }
}

const base = published([[ann, one], [bob, one], [cid, one]])
const changedIn = (after: Published, before: Published = base): readonly boolean[] => {
  const change = changeBetween(before, after)
  return [ann, bob, cid, dan].map((agent) => change.agent(agent))
}

describe('a change of published trust', () => {
  it('is none between equal states, whatever numbers their groups have', () => {
    const grouped = (group: number): Published =>
      published([[ann, { ...one, group }], [bob, { ...one, group }], [cid, one]])
    expect(changeBetween(base, base).none).toBe(true)
    expect(changeBetween(grouped(1), grouped(7)).none).toBe(true)
  })

  it.each([
    ['accuracy', { ...one, accuracy: 899 }], ['standing', { ...one, standing: 1 }], ['gate', { ...one, gate: 3 }],
    ['a round', { ...one, rounds: new Map([[4, 5]]) }]
  ] as const)('is of the agent whose %s differs', (_what, values) => {
    const after = published([[ann, one], [bob, values], [cid, one]])
    expect(changedIn(after)).toEqual([false, true, false, false])
    expect(changedIn(base, after)).toEqual([false, true, false, false])
  })

  it('is of all agents whose group has another first key', () => {
    const pair = published([[ann, one], [bob, { ...one, group: 1 }], [cid, { ...one, group: 1 }]])
    expect(changedIn(pair)).toEqual([false, true, true, false])
    const three = published([ann, bob, cid].map((agent) => [agent, { ...one, group: 0 }] as const))
    expect(changedIn(three, pair)).toEqual([true, true, true, false])
  })

  it('is of an agent that appears or leaves unless it has what everybody without an entry has', () => {
    const prior = base.prior
    const more = published([[ann, one], [bob, one], [cid, one], [dan, prior]])
    expect(changedIn(more)).toEqual([false, false, false, false])
    expect(changedIn(published([[ann, one], [bob, one]]))).toEqual([false, false, true, false])
  })

  it('is of all without an entry when what they have differs, and of all at all under another mode', () => {
    const other = { ...base, prior: { ...base.prior, accuracy: 513 } }
    expect(changedIn(other)).toEqual([false, false, false, true])
    expect(changedIn({ ...base, mode: 'neutral' })).toEqual([true, true, true, true])
    expect(changedIn({ ...base, roundMs: 5 })).toEqual([true, true, true, true])
  })

  it('reaches all answers under a table that differs, and those of an agent whose own part of it does', () => {
    const closed = (own: Own, cell = 5, shares: Own = []): Published => ({
      ...base, closed: [table('p', own, cell, shares), table('q', [], 5, [])]
    })
    const reads = (before: Published, after: Published): readonly boolean[] => {
      const change = changeBetween(before, after)
      return [change.reads('p', ann), change.reads('p', bob), change.reads('q', ann)]
    }
    expect(reads(closed([]), closed([], 6))).toEqual([true, true, false])
    expect(reads(closed([[ann, 1]]), closed([[ann, 2]]))).toEqual([true, false, false])
    expect(reads(closed([]), closed([[bob, 2]]))).toEqual([false, true, false])
    expect(reads(closed([], 5, [[bob, 7]]), closed([], 5, [[bob, 8]]))).toEqual([false, true, false])
    expect(reads(closed([]), closed([], 5, [[ann, 8]]))).toEqual([true, false, false])
    expect(reads(closed([]), base)).toEqual([true, true, true])
    expect(changeBetween(closed([]), closed([])).none).toBe(true)
  })
})

type Own = readonly (readonly [PublicKey, number])[]

function table(predicate: string, own: Own, cell: number, shares: Own): ClosedTrust {
  return {
    predicate, turnedBits: 2, values: ['61', '62'], shares: new Map(shares), base: Uint16Array.of(1, 2),
    spread: Uint16Array.of(0, cell, cell, 0),
    own: new Map(own.map(([agent, value]) => [agent, Uint16Array.of(value, 0, 0, value)]))
  }
}

describe('the ballot book', () => {
  const ballots = (object: string, more: Partial<KeyBallots> = {}): KeyBallots => ({
    subject: 's', predicate: 'p', cardinality: 'one', exact: true, clusters: [{ value: object, hash: object }],
    rows: [{ agent: ann, cluster: 0, weightQ: 65_536, timestampMs: 1 }], endorsements: [], ...more
  })

  it('keeps the ballots of the later state, whichever came first', () => {
    const book = createBallotBook(1_000)
    expect(book.put(ballots('61'), 5)).toBe(true)
    expect(book.put(ballots('62'), 4)).toBe(false)
    expect(book.put(ballots('61'), 6)).toBe(false)
    expect(book.put(ballots('62'), 5)).toBe(false)
    expect(book.put(ballots('62'), 6)).toBe(true)
  })

  it('has keys of their own for names that only look alike when joined', () => {
    const book = createBallotBook(1_000)
    book.put(ballots('61', { subject: 'c', predicate: 'a\u0000b' }))
    book.put(ballots('61', { subject: 'b\u0000c', predicate: 'a' }))
    expect(book.keys).toBe(2)
  })

  it('finds keys by all that said something there, the silent included', () => {
    const book = createBallotBook(1_000)
    book.put(ballots('61', { silent: [bob] }))
    expect(book.keysWhere((_, agent) => agent === bob)).toEqual([{ subject: 's', predicate: 'p' }])
    expect(book.keysWhere((predicate, agent) => predicate === 'p' && agent === ann)).toHaveLength(1)
    expect(book.keysWhere((_, agent) => agent === cid)).toEqual([])
  })
})
