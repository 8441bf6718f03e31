// Minimising: which faults of a failing run are needed to break the same invariant.
// ddmin (Zeller, Hildebrandt 2002) over the explicit list; removing one fault shifts no other, so few runs
// are wasted.

import type { Fault } from './faults.js'
import type { SimOptions } from './options.js'
import { runSim } from './run.js'

/** What is left. */
export interface Minimal {
  readonly faults: readonly Fault[]
  readonly runs: number
}

/**
 * The fewest faults found that break the invariant.
 * @param runsMax gives up looking for fewer after so many runs
 */
export async function minimise(
  options: SimOptions, faults: readonly Fault[], invariant: string, runsMax: number = 300
): Promise<Minimal> {
  let runs = 0
  const breaks = async (candidate: readonly Fault[]): Promise<boolean> => {
    runs += 1
    const { violation } = await runSim(options, candidate)
    return violation?.invariant === invariant
  }
  let left = faults
  for (let pieces = 2; left.length > 0 && runs < runsMax;) {
    const smaller = await withoutOnePiece(left, pieces, breaks)
    if (smaller !== undefined) {
      left = smaller
      pieces = Math.max(2, pieces - 1)
    } else if (pieces >= left.length) {
      break
    } else {
      pieces = Math.min(left.length, pieces * 2)
    }
  }
  return { faults: left, runs }
}

async function withoutOnePiece(
  faults: readonly Fault[], pieces: number, breaks: (candidate: readonly Fault[]) => Promise<boolean>
): Promise<readonly Fault[] | undefined> {
  const size = Math.ceil(faults.length / pieces)
  for (let from = 0; from < faults.length; from += size) {
    const candidate = faults.filter((_, index) => index < from || index >= from + size)
    if (await breaks(candidate)) return candidate
  }
  return undefined
}
