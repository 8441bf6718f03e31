// Blocks that were put off: asked for again when their time has come, or when there is room for them.

import type { Clock, Log, PeerName, Timer } from '../base/index.js'
import type { Dag } from '../dag/index.js'

/** Looks now and then what is due. */
export interface DueBlocks {
  start(): void
  stop(): void
}

/** What it works on. */
export interface DueBlocksDeps {
  readonly dag: Pick<Dag, 'deferred' | 'allowance'>
  readonly clock: Clock
  readonly log: Log
  /** Wants a session soon with each of these peers that is connected; with any peer when none is. */
  readonly ask: (peers: readonly PeerName[]) => void
}

/** Often enough for who waits for a block; a timer to the exact time would not notice a clock that is set. */
const LOOK_MS = 5_000

/** Not started. */
export function createDueBlocks({ dag, clock, log, ask }: DueBlocksDeps): DueBlocks {
  let timer: Timer | undefined
  const look = (): void => {
    timer = clock.setTimer(LOOK_MS, look)
    const due = dag.deferred.takeDue(clock.nowMs())
    const reopened = dag.allowance.reopened()
    if (due.length === 0 && !reopened) return
    log.debug({ due: due.length, reopened }, 'blocks that were put off are asked for')
    ask([...new Set(due.flatMap(({ from }) => from ?? []))])
  }
  return {
    start() {
      timer ??= clock.setTimer(LOOK_MS, look)
    },
    stop() {
      timer?.cancel()
      timer = undefined
    }
  }
}
