import { describe, expect, it } from 'vitest'
import { type Point, runSteps, type Window, windowSteps } from '../../src/lenses/index.js'
import { seeded } from './make.js'

const SEED = 20_260_114

/** The definition, word for word: again and again the best window of the points that are left. */
function byForce(points: readonly Point[], width: number): readonly Window[] {
  const left = new Set(points.keys())
  const windows: Window[] = []
  while (left.size > 0) {
    let best: { readonly members: readonly number[]; readonly count: number } | undefined
    for (const start of [...left].sort((a, b) => a - b)) {
      const from = (points[start] as Point).x
      const members = [...left].filter((at) => at >= start && (points[at] as Point).x - from <= width)
      const count = new Set(members.flatMap((at) => (points[at] as Point).agents)).size
      if (best === undefined || count > best.count) best = { members, count }
    }
    const members = [...(best?.members ?? [])].sort((a, b) => a - b)
    for (const member of members) left.delete(member)
    windows.push({ first: members[0] ?? 0, last: members.at(-1) ?? 0 })
  }
  return windows
}

function randomPoints(
  random: (below: number) => number, count: number, spread: number, agents: number
): Point[] {
  const points = Array.from({ length: count }, () => ({
    x: random(spread) / (random(2) + 1),
    agents: [...new Set(Array.from({ length: random(5) }, () => random(agents)))]
  }))
  return points.sort((a, b) => a.x - b.x)
}

describe('windows', () => {
  it('takes the same windows in the same order as the brute-force definition', () => {
    const random = seeded(SEED)
    for (let run = 0; run < 3_000; run += 1) {
      const points = randomPoints(random, random(24), 1 + random(60), 1 + random(12))
      const width = random(12)
      const windows = runSteps(windowSteps(points, width, 12))
      expect(windows, `seed ${SEED}, run ${run}`).toEqual(byForce(points, width))
    }
  })

  it('counts an agent once, however many points of a window it has', () => {
    const points = [{ x: 0, agents: [0] }, { x: 1, agents: [0] }, { x: 10, agents: [1, 2] }]
    expect(runSteps(windowSteps(points, 1, 3))).toEqual([{ first: 2, last: 2 }, { first: 0, last: 1 }])
  })

  it('keeps points that nobody backs, lowest first', () => {
    const points = [{ x: 0, agents: [] }, { x: 5, agents: [] }, { x: 9, agents: [0] }]
    expect(runSteps(windowSteps(points, 1, 1)))
      .toEqual([{ first: 2, last: 2 }, { first: 0, last: 0 }, { first: 1, last: 1 }])
  })

  it('includes a difference of exactly the width', () => {
    const points = [{ x: 0, agents: [0] }, { x: 10, agents: [1] }, { x: 20.5, agents: [2] }]
    expect(runSteps(windowSteps(points, 10, 3))).toEqual([{ first: 0, last: 1 }, { first: 2, last: 2 }])
  })

  it.each([
    ['far apart', 1_000_000, 1], ['all in reach of each other', 100_000, 1_000_000], ['in chains', 100_000, 50]
  ])('splits 100,000 distinct numbers %s in steps', (_what, spacing, width) => {
    const random = seeded(SEED)
    const points = Array.from({ length: 100_000 }, (_, at) => ({
      x: at * (spacing / 100_000) + random(7) / 10, agents: [random(5_000), 5_000 + random(5_000)]
    })).sort((a, b) => a.x - b.x)
    const steps = windowSteps(points, width, 10_000)
    let pauses = 0
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) pauses += 1
    expect(pauses).toBeGreaterThan(100)
    const covered = step.value.reduce((sum, { first, last }) => sum + last - first + 1, 0)
    expect(covered).toBe(100_000)
  })
})
