import { describe, expect, it } from 'vitest'
import {
  consensus, createLensInput, type KeyRecords, lensSteps, NO_EPOCHS, runSteps, trustBallotSteps
} from '../../src/lenses/index.js'
import {
  changeBetween, computeTrust, createBallotBook, OPEN_POLICY, STEPS_PER_ONE, type TrustPolicy,
  type TrustSnapshot
} from '../../src/trustrank/index.js'
import { agent, key, said, seeded } from '../lenses/make.js'

type Random = (below: number) => number

interface Drawn {
  readonly records: readonly KeyRecords[]
  readonly truth: ReadonlyMap<string, string>
}

/** Yes-or-no facts: twelve that are right on three of four, and five that mostly say what a poor one says. */
function drawn(random: Random, items: number): Drawn {
  const truth = new Map<string, string>()
  const records = Array.from({ length: items }, (_, at): KeyRecords => {
    const [right, wrong] = random(2) === 0 ? ['yes', 'no'] : ['no', 'yes']
    const say = (percent: number): string => (random(100) < percent ? right : wrong)
    const led = say(65)
    truth.set(`s${at}`, right)
    return {
      ...key([
        ...Array.from({ length: 12 }, (_, own) => said(`own ${own}`, say(75))), said('bloc 0', led),
        ...[1, 2, 3, 4].map((member) => said(`bloc ${member}`, random(100) < 90 ? led : say(75)))
      ]),
      subject: `s${at}`
    }
  })
  return { records, truth }
}

function trustOver({ records }: Drawn, policy: Partial<TrustPolicy> = {}): TrustSnapshot {
  const book = createBallotBook(OPEN_POLICY.roundMs)
  for (const each of records) book.put(runSteps(trustBallotSteps(each, NO_EPOCHS.judging('predicate'))))
  return computeTrust(book.columns(), { ...OPEN_POLICY, ...policy }).snapshot
}

function sharesOf(snapshot: TrustSnapshot, names: readonly string[]): readonly number[] {
  return names.map((name) => snapshot.closed[0]?.shares.get(agent(name)) ?? STEPS_PER_ONE)
}

const BLOC = [0, 1, 2, 3, 4].map((member) => `bloc ${member}`)
const OWN = Array.from({ length: 12 }, (_, own) => `own ${own}`)

describe('dependence under a closed predicate', () => {
  it.each([1, 2, 3, 4, 5])('leaves a bloc little more than one voice, and the others theirs: seed %d', (seed) => {
    const network = drawn(seeded(seed), 400)
    const trust = trustOver(network)
    const voices = (names: readonly string[]): number =>
      sharesOf(trust, names).reduce((sum, share) => sum + share, 0) / STEPS_PER_ONE
    expect(voices(BLOC)).toBeLessThan(2)
    expect(voices(OWN)).toBe(12)
    const right = network.records.filter((each) => {
      const result = runSteps(lensSteps(consensus, createLensInput(each, { epochs: NO_EPOCHS, trust })))
      return result?.winners[0]?.candidate.object === network.truth.get(each.subject)
    })
    expect(right.length / network.records.length).toBeGreaterThan(0.9)
  })

  it('silences no seed, and nobody who agrees with one', () => {
    const network = drawn(seeded(6), 400)
    const before = sharesOf(trustOver(network), BLOC)
    const after = sharesOf(trustOver(network, { seeds: [agent('bloc 1')] }), BLOC)
    expect(after[1]).toBe(STEPS_PER_ONE)
    for (const at of [0, 2, 3, 4]) expect(after[at]).toBeGreaterThan(before[at] ?? 0)
  })

  it('says nothing of agents with fewer than twenty contested facts in common', () => {
    const shares = (items: number): number =>
      trustOver(drawn(seeded(7), items)).closed[0]?.shares.size ?? 0
    expect(shares(19)).toBe(0)
    expect(shares(400)).toBe(5)
  })

  it('changes the answers that its agents contributed to', () => {
    const trust = trustOver(drawn(seeded(8), 400))
    const [closed] = trust.closed
    if (closed === undefined) throw new Error('a closed predicate')
    const shares = new Map(closed.shares).set(agent('bloc 2'), 1)
    const change = changeBetween(trust, { ...trust, closed: [{ ...closed, shares }] })
    expect(change.none).toBe(false)
    const reads = ['bloc 2', 'bloc 1', 'own 3'].map((name) => change.reads('predicate', agent(name)))
    expect(reads).toEqual([true, false, false])
    expect(change.reads('another', agent('bloc 2'))).toBe(false)
  })
})
