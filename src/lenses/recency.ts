// Recency: the last writer wins, by (timestamp, id), whatever the ballots say.
// Score and share are those of the winner's cluster under Consensus: how well the newest claim is backed.
// Source: docs/lenses.md#recency

import type { Hash } from '../base/index.js'
import type { Density } from './density.js'
import { isLater } from './epochs.js'
import type { Lens, LensInput, LensResult, Standing } from './lens.js'
import { backingSteps, standingOf } from './ranking.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate } from './types.js'

function* resolve(input: LensInput): Steps<LensResult | undefined> {
  const density = yield* input.density()
  const winner = yield* latestOutside(density, undefined)
  if (winner === undefined) return undefined
  const cluster = clusterOf(density, winner)
  const runnerUp = yield* latestOutside(density, cluster)
  const backing: readonly Hash[] | undefined = input.explain === true
    ? yield* backingSteps(density, cluster)
    : undefined
  return {
    winners: [standing(density, winner)],
    runnerUp: runnerUp === undefined ? undefined : standing(density, runnerUp),
    undecided: false, clusters: density.clusters.list.length, ballots: density.ballots, backing
  }
}

/** Index of the latest candidate that is not in the given cluster. */
function* latestOutside(density: Density, cluster: number | undefined): Steps<number | undefined> {
  const { candidates } = density.statements
  let latest: number | undefined
  for (let at = 0; at < candidates.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (cluster !== undefined && clusterOf(density, at) === cluster) continue
    const before = latest === undefined ? undefined : candidates[latest]
    if (before === undefined || isLater(candidates[at] as Candidate, before)) latest = at
  }
  return latest
}

function clusterOf(density: Density, candidate: number): number {
  return density.clusters.ofCandidate[candidate] ?? 0
}

function standing(density: Density, candidate: number): Standing {
  return standingOf(density, clusterOf(density, candidate), density.statements.candidates[candidate])
}

/** The standard lens Recency. */
export const recency: Lens = Object.freeze({ name: 'Recency', viewCode: 3, resolve, weighs: 'nothing' })
