// Consensus answers what the fixed point believes: both weigh the same ballots by the same rules.

import { describe, expect, it } from 'vitest'
import { blake3Hash, toHex } from '../../src/base/index.js'
import {
  consensus, createEpochView, createLensInput, type Density, epochAware, type EpochView, type KeyRecords,
  lensSteps, NO_EPOCHS, runSteps, trustBallotSteps
} from '../../src/lenses/index.js'
import {
  type BallotColumns, type BookKey, computeTrust, createBallotBook, OPEN_POLICY, snapshotOf,
  type TrustSnapshot
} from '../../src/trustrank/index.js'
import { fieldOf } from '../../src/trustrank/field.js'
import { findFixedPoint } from '../../src/trustrank/fixed-point.js'
import { TRUST_CONSTANTS } from '../../src/trustrank/parameters.js'
import { createScorer } from '../../src/trustrank/scores.js'
import { speakersOf } from '../../src/trustrank/speakers.js'
import { agent, bytesOf, judgedBy, key, said, type Said, seeded, vote } from '../lenses/make.js'

interface Booked {
  readonly columns: BallotColumns
  readonly items: readonly BookKey[]
}

function bookOf(records: readonly KeyRecords[], epochs: EpochView): Booked {
  const book = createBallotBook(OPEN_POLICY.roundMs)
  for (const each of records) book.put(runSteps(trustBallotSteps(each, epochs.judging('predicate'))))
  return { columns: book.columns(), items: book.items() }
}

/** What wins on `disputed` in the fixed point, as hex. */
function believedIn({ columns, items }: Booked): string | undefined {
  const { winners } = findFixedPoint(fieldOf(columns, OPEN_POLICY, TRUST_CONSTANTS))
  const item = items.findIndex(({ subject }) => subject === 'disputed')
  const others = Array.from({ length: 5 }, (_, at) => `other ${at}`)
  const values = [TRUTH, LIE, ...others].map((value) => bytesOf(value))
  const count = (columns.clusterFrom[item + 1] ?? 0) - (columns.clusterFrom[item] ?? 0)
  const sorted = values.slice(0, count).sort((a, b) => (blake3Hash(a) < blake3Hash(b) ? -1 : 1))
  return toHex(sorted[(winners[item] ?? 0) - (columns.clusterFrom[item] ?? 0)] ?? new Uint8Array())
}

function answerTo(records: KeyRecords, epochs: EpochView, trust: TrustSnapshot): string {
  const result = runSteps(lensSteps(consensus, createLensInput(records, { epochs, trust })))
  return toHex(bytesOf(result?.winners[0]?.candidate.object ?? ''))
}

const [TRUTH, LIE] = ['truth', 'lie']
const OTHERS = ['o0', 'o1', 'o2', 'o3']

/** The copier says what its victim says; the others are right in 55 of 100 cases, each wrong on its own. */
function learned(random: (below: number) => number, copier: string, victim: string): KeyRecords[] {
  const contested = Array.from({ length: 400 }, (_, at): KeyRecords => ({
    ...key([
      said(copier, `true ${at}`), said(victim, `true ${at}`),
      ...OTHERS.map((name) => said(name, random(100) < 55 ? `true ${at}` : `${name} errs ${at}`))
    ]), subject: `learned ${at}`
  }))
  const easy = Array.from({ length: 200 }, (_, at): KeyRecords => (
    { ...key([copier, 'o0', 'o1', 'o2'].map((name) => said(name, `easy ${at}`))), subject: `easy ${at}` }))
  return [...contested, ...easy]
}

/** Two answers; the copier gives a part of its ballot to answers of `split` strangers. */
function disputed(copier: string, victim: string, split: number, copied: boolean): KeyRecords {
  const strangers = Array.from({ length: split }, (_, at) => said(`stranger ${at}`, `other ${at}`))
  return {
    ...key([
      said(victim, TRUTH), said('o0', LIE), ...(copied ? [said(copier, TRUTH)] : []), ...strangers
    ], copied ? strangers.map((one) => vote(copier, one, 1_000_000)) : []),
    subject: 'disputed'
  }
}

const NAMES = Array.from({ length: 12 }, (_, at) => `agent ${at}`)

/** Ballots of twelve agents on three answers, split at random. */
function drawn(random: (below: number) => number, subject: string): KeyRecords {
  const weight = (): number => 100_000 * (1 + random(10))
  const candidates = NAMES.slice(random(9)).map((name) =>
    said(name, `answer ${random(3)}`, { confidence: weight() }))
  const votes = Array.from({ length: random(25) }, (_, at) => vote(
    NAMES[random(NAMES.length)] ?? '', candidates[random(candidates.length)] ?? expect.fail('a candidate'),
    weight(), at))
  return { ...key(candidates, votes), subject }
}

describe('Consensus under computed trust', () => {
  const [copier = '', victim = ''] = ['x', 'y'].sort((a, b) => (agent(a) < agent(b) ? -1 : 1))

  it.each([[false, 0], [false, 5], [true, 0], [true, 1], [true, 5]])(
    'hears the victim of a copier that splits its ballot: copied %s, %i other answers', (copied, split) => {
      const dispute = disputed(copier, victim, split, copied)
      const booked = bookOf([...learned(seeded(3), copier, victim), dispute], NO_EPOCHS)
      const { snapshot: trust } = computeTrust(booked.columns, OPEN_POLICY)
      expect(trust.groupOf(agent(copier))).toBe(trust.groupOf(agent(victim)))
      expect(trust.groupOf(agent(copier))).toBeDefined()
      expect(believedIn(booked)).toBe(toHex(bytesOf(TRUTH)))
      expect(answerTo(dispute, NO_EPOCHS, trust)).toBe(toHex(bytesOf(TRUTH)))
    })

  it.each([['one', 1], ['one', 2], ['one', 3], ['many', 4], ['many', 5], ['many', 6]] as const)(
    'gives every answer the score of the fixed point: cardinality %s, seed %i', (cardinality, seed) => {
      const random = seeded(seed)
      const epochs = judgedBy({ cardinality })
      const disputes = Array.from({ length: 80 }, (_, at) => drawn(random, `disputed ${at}`))
        .filter(({ candidates }) => candidates.length > 0)
      const { columns, items } = bookOf(disputes, epochs)
      const field = fieldOf(columns, OPEN_POLICY, TRUST_CONSTANTS)
      // Three groups of three, and three that stand alone; published steps, so that nothing is rounded away.
      const groups = Uint32Array.from(columns.agents, (_, at) => (at < 9 ? at % 3 : at))
      const steps = columns.agents.map(() => 256 + random(768))
      const accuracy = Uint32Array.from(field.slots.agentOf, (of) => (steps[of] ?? 0) * 64)
      const speaks = speakersOf(field, accuracy, groups)
      const scores = createScorer(field, [])({ accuracy, groups, tables: [], speaks })
      const prior = { accuracy: 512, standing: 1_024, gate: 1_024 }
      const agents = new Map(columns.agents.map((of, at) => [
        of, { ...prior, accuracy: steps[at] ?? 0, ...(at < 9 ? { group: at % 3 } : {}) }] as const))
      const trust = snapshotOf({ mode: 'computed', prior, agents, roundMs: 0, closed: [] }, { generation: 0 })
      for (const [item, { subject }] of items.entries()) {
        const dispute = disputes.find((each) => each.subject === subject) ?? expect.fail(subject)
        const density = runSteps(createLensInput(dispute, { epochs, trust }).density())
        const order = [...density.clusters.list.keys()].sort((a, b) =>
          (hashAt(density, a) < hashAt(density, b) ? -1 : 1))
        const sums = density.margins ?? density.scores
        const wanted = [...scores.of.subarray(columns.clusterFrom[item], columns.clusterFrom[item + 1])]
        expect(order.map((cluster) => sums[cluster]), `seed ${seed}, ${subject}`).toEqual(wanted)
      }
    })
})

describe('the vote budget', () => {
  const dayMs = 86_400_000
  const [current, dead] = [blake3Hash(bytesOf('current')), blake3Hash(bytesOf('dead'))]
  const ruling = {
    id: current, agentId: agent('governor'), timestampMs: 0, name: 'current', settings: new Map<string, never>()
  }
  const epochs = createEpochView([ruling], new Set([agent('governor')]))
  const policy = { ...OPEN_POLICY, seeds: [agent('seed')], standing: 'votes' as const, voteBudget: 4 }

  /** The loud agent lies on 200 keys in one round; the other knows better on the first of them. */
  function world(later: readonly Said[]): readonly KeyRecords[] {
    const intro = ['seed', 'loud', 'calm'].map((name) => said(name, 'ok'))
    const votes = intro.slice(1).map((on) => vote('seed', on, 1_000_000))
    const lies = Array.from({ length: 200 }, (_, at): KeyRecords => ({
      ...key([
        said('loud', LIE, { timestampMs: 10 * dayMs, epoch: current }),
        ...later.map((fields) => said('loud', LIE, fields)),
        ...(at === 0 ? [said('calm', TRUTH, { timestampMs: 10 * dayMs, epoch: current })] : [])
      ]), subject: `s${at}`
    }))
    return [{ ...key(intro, votes), subject: 'intro' }, ...lies]
  }

  function answers(records: readonly KeyRecords[]): readonly unknown[] {
    const book = createBallotBook(policy.roundMs, policy.seeds)
    for (const each of records) book.put(runSteps(trustBallotSteps(each, epochs.judging('predicate'))))
    const { snapshot: trust } = computeTrust(book.columns(), policy)
    const disputed = records[1] ?? expect.fail('a key')
    const asked = [[consensus, undefined], [epochAware, undefined], [consensus, 15 * dayMs]] as const
    return asked.map(([lens, asOfMs]) => {
      const input = createLensInput(disputed, { epochs, trust, asOfMs })
      return runSteps(lensSteps(lens, input))?.winners[0]?.candidate.object
    })
  }

  it.each([
    ['nothing said later', []],
    ['the same said under another epoch', [{ timestampMs: 20 * dayMs, epoch: dead }]],
    ['the same said again and again', [11, 12, 20].map((day) => ({ timestampMs: day * dayMs, epoch: dead }))]
  ])('is spent by what EpochAware and asOf hear: %s', (_name, later) => {
    expect(answers(world(later))).toEqual([TRUTH, TRUTH, TRUTH])
  })
})

function hashAt({ clusters }: Density, cluster: number): string {
  return clusters.list[cluster]?.representative.hash ?? ''
}
