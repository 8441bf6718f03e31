// What waits at a peer for its prev and is not sent to it again.
// Rule: decided by hash. A peer's list costs one lookup a run and session, and in forked feeds a bounded
// number of walks an answer: what is not looked at is sent.

import { type Hash } from '../base/index.js'
import { type BlockPlace } from './block-rows.js'
import { type Span } from './claims.js'
import { prefixOf, SYNC_LIMITS, type Run } from './sync-frames.js'
import { type Dag } from './types.js'

/** Tells long work that its session is over. A flag: making and firing a signal costs as much as a frame. */
export interface Ending {
  readonly over: boolean
}

/** Runs that wait at the peer of a session. */
export interface PeerPending {
  add(runs: readonly Run[]): void
  /** Begins another answer. */
  renew(): void
  /** Which seqs of the chain below `top` the peer holds waiting. */
  skips(top: BlockPlace, range: Span, session: Ending): Promise<(seq: number) => boolean>
}

/** Walks down a forked feed in one answer, to tell on which branch a run lies. */
const walksMax = 64

interface KnownRun {
  readonly low: number
  readonly top: BlockPlace
}

/** Nothing waits yet. */
export function createPeerPending(dag: Pick<Dag, 'chain' | 'find' | 'isForked'>): PeerPending {
  let pending: readonly Run[] = []
  let known = new Map<string, readonly KnownRun[]>()
  let walks = 0

  const knownOf = async (feed: string, session: Ending): Promise<readonly KnownRun[]> => {
    const before = known.get(feed)
    if (before !== undefined) return before
    const runs: KnownRun[] = []
    for (const run of pending) {
      if (session.over) return []
      if (run.feed !== feed) continue
      const top = await dag.find(run.top)
      if (top?.seq === run.high && prefixOf(top.feed) === feed) runs.push({ low: run.low, top })
    }
    known.set(feed, runs)
    return runs
  }
  const isBelow = async (run: BlockPlace, top: BlockPlace): Promise<boolean> => {
    if (!dag.isForked(top.feed)) return true
    if (walks >= walksMax) return false
    walks += 1
    return await blockAt(dag, top.id, run.seq) === run.id
  }
  return {
    add(runs) {
      pending = [...pending, ...runs].slice(0, SYNC_LIMITS.rangesMax)
      known = new Map()
    },
    renew: () => void (walks = 0),
    async skips(top, range, session) {
      const there: KnownRun[] = []
      for (const run of await knownOf(prefixOf(top.feed), session)) {
        if (session.over) break
        if (run.top.seq > top.seq || run.top.seq < range.low || run.low > range.high) continue
        if (await isBelow(run.top, top)) there.push(run)
      }
      return (seq) => there.some((run) => run.low <= seq && seq <= run.top.seq)
    }
  }
}

async function blockAt(dag: Pick<Dag, 'chain'>, top: Hash, seq: number): Promise<Hash | undefined> {
  for await (const page of dag.chain(top, seq, seq)) return page[0]
  return undefined
}
