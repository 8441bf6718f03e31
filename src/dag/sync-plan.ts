// Plan of a sync session: what to ask its peer for next.
// Rule: sessions with several peers fetch disjoint parts (claims.ts). First feeds that nobody fetches, then,
// beside others, parts further up in feeds that they fetch, as far as blocks may wait here.

import { type Clock, type Hash } from '../base/index.js'
import { type Span } from './claims.js'
import { type Asker } from './sync-asker.js'
import { SYNC_LIMITS, type Run, type WantRange } from './sync-frames.js'
import { pendingSpans, pendingTops, unseen, wantOf, type WaitingSpan } from './sync-wants.js'
import { type Dag } from './types.js'

/** A run of the peer, and what was asked of it. */
export interface Goal {
  readonly run: Run
  /** By the lowest seq asked for: the frontier then, and how often. */
  readonly tried: Map<number, { readonly root: Hash, readonly asks: number }>
}

/** One range of a question, claimed. */
export interface Ask {
  readonly goal: Goal
  readonly want: WantRange
  readonly part: Span
}

/** What to ask next, and what is left to look at later. */
export interface Plan {
  readonly asks: readonly Ask[]
  readonly open: readonly Goal[]
  /** Other sessions have some of it under way. */
  readonly held: boolean
  /** No larger than a question beside others should be. */
  readonly bounded: boolean
}

/** What planning needs. */
export interface PlanDeps {
  readonly dag: Dag
  readonly clock: Clock
  readonly asker: Pick<Asker, 'blocksAtOnce' | 'largestBytes'>
  /** Who is asked. */
  readonly peer: string
  /** Who holds the claims. */
  readonly owner: object
  /** Blocks of one feed that may wait here for those below them. */
  readonly aheadBlocksMax: number
  readonly aheadBytesMax: number
}

/** A plan in the making. */
interface Draft {
  readonly deps: PlanDeps
  readonly root: Hash
  readonly pending: ReadonlyMap<string, readonly WaitingSpan[]>
  /** Also in feeds that other sessions fetch. */
  readonly helping: boolean
  /** Blocks that the question may still ask for. */
  blocks: number
  /** Blocks of one feed that it may ask for. */
  readonly feedBlocks: number
  /** Blocks from the lowest missing one of a feed on within which it may ask out of order. */
  readonly ahead: number
  readonly asks: Ask[]
}

const pendingRunsMax = 4_096
/** Questions from one seq on that bring nothing nearer. */
const asksMax = 32
/** Seqs remembered of a goal. With so many it is given up. */
const triedMax = 1_024
/** Parts of what may wait of a feed: for four sessions, of which each asks for one and admits another. */
const aheadParts = 8

/**
 * Claims what to ask for next, at most 256 ranges. Goals that are reached, or that were asked for in vain,
 * are not open any more.
 * Cost: no I/O for a feed that only grew.
 */
export async function planQuestion(deps: PlanDeps, goals: readonly Goal[]): Promise<Plan> {
  const bounded = deps.dag.claims.others(deps.owner) > 0
  const plan = await gather(newDraft(deps, bounded, false), goals)
  if (plan.asks.length > 0 || !plan.held) return { ...plan, bounded }
  return { ...await gather(newDraft(deps, bounded, true), plan.open), bounded }
}

function newDraft(deps: PlanDeps, bounded: boolean, helping: boolean): Draft {
  const { dag, asker, aheadBlocksMax, aheadBytesMax } = deps
  const ahead = Math.max(1, Math.min(aheadBlocksMax, Math.floor(aheadBytesMax / asker.largestBytes)))
  return {
    deps, helping, ahead, root: dag.frontier().root, pending: pendingSpans(dag, pendingRunsMax), asks: [],
    blocks: bounded ? asker.blocksAtOnce : Infinity,
    feedBlocks: bounded ? Math.ceil(ahead / aheadParts) : Infinity
  }
}

async function gather(draft: Draft, goals: readonly Goal[]): Promise<Omit<Plan, 'bounded'>> {
  const { dag, clock, owner, peer } = draft.deps
  const tops = pendingTops(dag)
  const open: Goal[] = []
  let held = false
  for (const goal of goals) {
    if (isFull(draft)) {
      open.push(goal)
      continue
    }
    const want = await wantOf(dag, goal.run, clock.nowMs(), tops, peer)
    if (want === undefined) continue
    const others = dag.claims.isHeld(owner, goal.run.feed, want)
    held ||= others
    if ((others && !draft.helping) || takeParts(draft, goal, want)) open.push(goal)
  }
  return { asks: draft.asks, open, held }
}

function isFull({ blocks, asks }: Draft): boolean {
  return blocks <= 0 || asks.length >= SYNC_LIMITS.rangesMax
}

/** Adds what to ask of one goal; false when asking again is in vain. */
function takeParts(draft: Draft, goal: Goal, want: WantRange): boolean {
  const { dag, owner } = draft.deps
  const { feed } = goal.run
  for (const span of unseen(want, draft.pending.get(feed) ?? [])) {
    const ahead = draft.helping || span.low > want.low
    const high = ahead ? Math.min(span.high, want.low + draft.ahead - 1) : span.high
    if (span.low > high || isFull(draft)) break
    const blocksMax = Math.min(draft.blocks, draft.feedBlocks)
    const part = dag.claims.take(owner, feed, { low: span.low, high }, blocksMax)
    if (part === undefined) continue
    if (isVain(goal, want.low, part.low, draft.root)) {
      dag.claims.release(owner, feed, part)
      return false
    }
    draft.blocks -= part.high - part.low + 1
    draft.asks.push({ goal, part, want: { ...want, ...part } })
  }
  return true
}

/** Notes a question; true when it was asked before and nothing was admitted since, or too often. */
function isVain({ tried }: Goal, lowest: number, low: number, root: Hash): boolean {
  if (tried.size >= triedMax) {
    for (const passed of [...tried.keys()].filter((seq) => seq < lowest)) tried.delete(passed)
  }
  const before = tried.get(low)
  const asks = (before?.asks ?? 0) + 1
  if (before?.root === root || asks > asksMax || tried.size >= triedMax) return true
  tried.set(low, { root, asks })
  return false
}
