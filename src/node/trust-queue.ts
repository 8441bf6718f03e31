// Ballots on their way to the trust desk: the last of each key, up to a number of rows.
// Rule: what does not fit is not kept at all, and then all ballots must be read from the index again.

import type { KeyBallots } from '../trustrank/index.js'
import { MESSAGE_ROWS } from './trust-options.js'

/** Ballots of some keys that were read at one state. */
export interface BallotMessage {
  readonly asOf: number
  readonly keys: readonly KeyBallots[]
}

/** Ballots that wait. */
export interface TrustQueue {
  put(ballots: KeyBallots, asOf: number): void
  /** All that waits, in messages of about 2,048 rows; the queue is empty afterwards. */
  take(): readonly BallotMessage[]
  readonly rows: number
  /** Something did not fit since this was last asked for. */
  takeOverflow(): boolean
}

interface Waiting {
  readonly key: KeyBallots
  readonly asOf: number
}

/** An empty queue. */
export function createTrustQueue(rowsMax: number): TrustQueue {
  let waiting = new Map<string, Waiting>()
  let rows = 0
  let overflow = false
  return {
    put(key, asOf) {
      const name = JSON.stringify([key.subject, key.predicate])
      rows += weightOf(key) - weightOf(waiting.get(name)?.key)
      waiting.set(name, { key, asOf })
      if (rows <= rowsMax || waiting.size === 1) return
      waiting = new Map()
      rows = 0
      overflow = true
    },
    take() {
      const messages = inMessages([...waiting.values()])
      waiting = new Map()
      rows = 0
      return messages
    },
    get rows() { return rows },
    takeOverflow() {
      const was = overflow
      overflow = false
      return was
    }
  }
}

/** What a key counts: itself and its rows. */
export function weightOf(key: KeyBallots | undefined): number {
  if (key === undefined) return 0
  return 1 + key.rows.length + key.endorsements.length + (key.spent?.length ?? 0)
}

function inMessages(waiting: readonly Waiting[]): readonly BallotMessage[] {
  const messages: { asOf: number, keys: KeyBallots[] }[] = []
  let rows = 0
  for (const { key, asOf } of waiting) {
    let last = messages.at(-1)
    if (last?.asOf !== asOf || rows >= MESSAGE_ROWS) {
      messages.push(last = { asOf, keys: [] })
      rows = 0
    }
    last.keys.push(key)
    rows += weightOf(key)
  }
  return messages
}
