import { describe, expect, it } from 'vitest'
import { runSteps, sortSteps } from '../../src/lenses/index.js'
import { sortNumberSteps } from '../../src/lenses/steps.js'
import { seeded, shuffled } from './make.js'

describe('sorting in steps', () => {
  it('gives what a stable sort gives, of lists in order, nearly in order and in none', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = seeded(seed)
      const ascending = Array.from({ length: 1_000 + random(3_000) }, (_, at) => ({ key: at >> 2, at }))
      const tail = Array.from({ length: random(900) }, (_, at) => ({ key: random(1_000), at: -at }))
      for (const list of [ascending, [...ascending, ...tail], shuffled([...ascending, ...tail], random)]) {
        const sorted = runSteps(sortSteps(list, (a, b) => a.key - b.key))
        expect(sorted, `seed ${seed}`).toEqual([...list].sort((a, b) => a.key - b.key))
      }
    }
  })

  it('gives numbers ascending, of no, one, several and broken runs', () => {
    for (const length of [0, 1, 8_191, 8_192, 8_193, 16_384, 30_001]) {
      const random = seeded(length)
      const numbers = Array.from({ length }, () => random(2 ** 31) * 2 ** 20 + random(9))
      expect(runSteps(sortNumberSteps(numbers)), `${length}`).toEqual([...numbers].sort((a, b) => a - b))
    }
  })
})
