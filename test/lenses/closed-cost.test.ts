// What an answer under a closed predicate costs, counted and not timed: equal on every machine.

import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/index.js'
import {
  consensus, createLensInput, type KeyRecords, lensSteps, NO_EPOCHS, runSteps, type TrustView
} from '../../src/lenses/index.js'
import { TURNS_PER_STEP } from '../../src/lenses/steps.js'
import { agent, ask, bytesOf, key, said, seeded, trustOf } from './make.js'

type Closed = NonNullable<ReturnType<TrustView['closedWorth']>>

const VALUES = ['x', 'y', 'z']

/** A class whose every use as a number is counted. */
class CountedClass {
  static uses = 0
  readonly #own: number

  constructor(own: number) {
    this.#own = own
  }

  valueOf(): number {
    CountedClass.uses += 1
    return this.#own
  }
}

/** Support that differs by agent and value. */
function bitsOf(by: string, value: number): Int32Array {
  return Int32Array.from(VALUES, (_, truth) => (by.charCodeAt(0) * 7 + value * 31 + truth * 1_009) % 5_000)
}

function closedOf(changes: Partial<Closed> = {}): Closed {
  const values = VALUES.map((value) => toHex(bytesOf(value)))
  return {
    classOf: (objectBytes) => values.indexOf(toHex(objectBytes)), baseBits: Int32Array.from([30, 0, 11]),
    support: bitsOf, ...changes
  }
}

/** As many agents for listed values as for values of their own. */
function wide(count: number): KeyRecords {
  return key([
    ...Array.from({ length: count }, (_, at) => said(`listed ${at}`, VALUES[at % 2] ?? 'x')),
    ...Array.from({ length: count }, (_, at) => said(`other ${at}`, `other ${at}`))
  ])
}

describe('an answer under a closed predicate', () => {
  it('looks at each value a few times, however many ballots there are for listed ones', () => {
    const closed = closedOf()
    const classOf = (bytes: Uint8Array): number =>
      new CountedClass(closed.classOf(bytes)) as unknown as number
    const trust = { ...trustOf(), closedWorth: () => closedOf({ classOf }) }
    CountedClass.uses = 0
    ask(consensus, wide(1_000), { trust })
    expect(CountedClass.uses).toBeGreaterThan(1_000)
    expect(CountedClass.uses).toBeLessThan(10_000)
  })

  it('pauses as an open one does: after so many values, and after so many listed ballots', () => {
    const closed = closedOf()
    const done = { classes: 0, supports: 0 }
    const counted = closedOf({
      classOf: (bytes) => { done.classes += 1; return closed.classOf(bytes) },
      support: (by, value) => { done.supports += 1; return closed.support(by, value) }
    })
    const trust = { ...trustOf(), closedWorth: () => counted }
    const steps = lensSteps(consensus, createLensInput(wide(2_000), { epochs: NO_EPOCHS, trust }))
    const most = { classes: 0, supports: 0 }
    for (;;) {
      const before = { ...done }
      const step = steps.next()
      most.classes = Math.max(most.classes, done.classes - before.classes)
      most.supports = Math.max(most.supports, done.supports - before.supports)
      if (step.done === true) break
    }
    expect(done).toEqual({ classes: 2_002, supports: 2_000 })
    expect(most.classes).toBeLessThanOrEqual(TURNS_PER_STEP)
    expect(most.supports).toBeLessThanOrEqual(Math.ceil(TURNS_PER_STEP / 3))
  })

  it.each([1, 2, 3, 4, 5, 6])('has the scores that its definition gives: seed %d', (seed) => {
    const random = seeded(seed)
    const claims = Array.from({ length: 40 }, (_, at) =>
      [`agent ${at}`, [...VALUES, 'one', 'two', 'three'][random(6)] ?? 'x'] as const)
    const closed = closedOf()
    const density = runSteps(createLensInput(key(claims.map(([by, value]) => said(by, value))), {
      epochs: NO_EPOCHS, trust: { ...trustOf(), closedWorth: () => closed }
    }).density())
    const scores = density.clusters.list.map(({ representative }) => {
      const value = representative.first.object as string
      const truth = VALUES.indexOf(value)
      const ballots = claims.map(([by, claimed]) => {
        const told = VALUES.indexOf(claimed)
        if (told >= 0) return truth < 0 ? 0 : closed.support(agent(by), told)[truth] ?? 0
        return claimed === value ? 65_536 : 0
      })
      return ballots.reduce((sum, bits) => sum + bits, truth < 0 ? 0 : closed.baseBits[truth] ?? 0)
    })
    expect(density.scores).toEqual(scores)
  })
})
