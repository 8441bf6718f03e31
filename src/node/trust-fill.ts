// Filling the ballot book: all ballots from the index, in one walk.

import type { Clock } from '../base/index.js'
import { createPace, type EpochView, runStepsAt, trustBallotSteps } from '../lenses/index.js'
import { gatherAll, type Store } from '../store/index.js'
import type { KeyBallots } from '../trustrank/index.js'
import { MESSAGE_ROWS } from './trust-options.js'
import { type BallotMessage, weightOf } from './trust-queue.js'

/** What filling reads from. */
export interface FillDeps {
  readonly store: Pick<Store, 'snapshot' | 'cursor'>
  readonly epochs: () => EpochView
  readonly clock: Clock
  readonly yieldNow: () => Promise<void>
}

/** Main thread between two turns of the event loop. */
const SLICE_MS = 5

/** Hands over the ballots of every key, message by message; each is awaited. Stops when the signal aborts. */
export async function fillBook(
  deps: FillDeps, send: (message: BallotMessage) => Promise<void>, signal: AbortSignal
): Promise<void> {
  const pace = createPace(SLICE_MS, deps.clock, deps.yieldNow)
  // What is handed over meanwhile was read at this state or a later one, and stays.
  const asOf = deps.store.cursor - 1
  const snapshot = deps.store.snapshot()
  try {
    let keys: KeyBallots[] = []
    let rows = 0
    for await (const key of gatherAll(snapshot)) {
      signal.throwIfAborted()
      const ballots = await runStepsAt(trustBallotSteps(key, deps.epochs().judging(key.predicate)), pace)
      keys.push(ballots)
      rows += weightOf(ballots)
      const pause = pace()
      if (pause !== undefined) await pause
      if (rows < MESSAGE_ROWS) continue
      await send({ asOf, keys })
      keys = []
      rows = 0
    }
    if (keys.length > 0) await send({ asOf, keys })
  } finally {
    await snapshot.close()
  }
}
