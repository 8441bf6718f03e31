// What of a peer's run is missing here.
// Rule: possession is decided by hash, never by seq: a seq only says where to start asking. A branch that
// starts lower shows up as a gap, and gaps are repaired by hash.

import { type Span } from './claims.js'
import { type BlockHeader } from './header.js'
import { isAhead } from './validity.js'
import { prefixOf, type Run, type WantRange } from './sync-frames.js'
import { type Dag } from './types.js'

/** Names of blocks. */
export type Names = Pick<ReadonlySet<string>, 'has'>

/**
 * The blocks of a run to ask for; undefined when nothing is missing or all of it waits for time, for its prev
 * or for its node's share.
 * @param from the peer to ask: it gets no question for more than its node's share, unless it is exempt
 * Cost: no I/O for a feed that only grew; one range read where the peer's tip is not above ours.
 */
export async function wantOf(
  dag: Dag, run: Run, nowMs: number, pendingTops: Names, from: string
): Promise<WantRange | undefined> {
  const want = await lackOf(dag, run, nowMs, pendingTops)
  if (want === undefined || dag.allowance.blocksOf(undefined, from) === Infinity) return want
  const [feed] = dag.feedsLike(run.feed)
  const tip = feed === undefined ? undefined : dag.tipOf(feed)
  const nodeKey = tip === undefined ? undefined : dag.header(tip.id)?.nodeKey
  const blocks = dag.allowance.blocksOf(nodeKey, from)
  return blocks === 0 ? undefined : { ...want, high: Math.min(want.high, want.low + blocks - 1) }
}

/** The blocks of a run that are missing here, but for those that wait for time or for their prev. */
export async function lackOf(
  dag: Dag, run: Run, nowMs: number, pendingTops: Names
): Promise<WantRange | undefined> {
  const feeds = dag.feedsLike(run.feed)
  const highest = feeds.reduce((seq, feed) => Math.max(seq, dag.highest(feed)), 0)
  if (run.high > highest) return belowDeferred(dag, run, Math.max(run.low, highest + 1), nowMs)
  if (pendingTops.has(run.top)) return undefined
  for (const feed of feeds) if (await dag.holdsLike(feed, run.high, run.top)) return undefined
  return belowDeferred(dag, run, run.high, nowMs)
}

/** Leaves out the end of the chain that waits for the local clock: no block is sealed before its prev. */
function belowDeferred(dag: Dag, run: Run, low: number, nowMs: number): WantRange | undefined {
  let lowest: BlockHeader | undefined
  let next = dag.deferred.matching(run.top)
  // Of a long chain the top found no place, and its prevs may be of another branch.
  if (next === undefined) return below(run, low, dag.deferred.lowestOf(run.feed))
  while (next !== undefined && isAhead(next, nowMs)) {
    lowest = next
    next = next.prev === undefined ? undefined : dag.deferred.get(next.prev)
  }
  if (lowest === undefined) return { top: run.top, low, high: run.high }
  if (lowest.prev === undefined || lowest.seq <= low) return undefined
  return { top: lowest.prev, low, high: lowest.seq - 1 }
}

function below(run: Run, low: number, deferredSeq = Infinity): WantRange | undefined {
  const high = Math.min(run.high, deferredSeq - 1)
  return high < low ? undefined : { top: run.top, low, high }
}

/** Tops of the runs that wait here for their prev. */
export function pendingTops(dag: Dag): Names {
  return { has: (top) => dag.pending.isTop(top) }
}

/** A run that waits here for its prev. */
export interface WaitingSpan extends Span {
  /** Its prev is here: it is about to be admitted. */
  readonly due: boolean
}

/** What waits here for its prev, by feed prefix, ascending. */
export function pendingSpans(dag: Dag, max: number): ReadonlyMap<string, readonly WaitingSpan[]> {
  const spans = new Map<string, WaitingSpan[]>()
  if (dag.pending.blocks === 0) return spans
  for (const { feed, low, high, missing } of dag.pending.runs(max)) {
    const prefix = prefixOf(feed)
    const list = spans.get(prefix) ?? []
    spans.set(prefix, list)
    list.push({ low, high, due: dag.holds(missing) })
  }
  return spans
}

/**
 * The parts of a range that neither are here nor wait here, ascending. What waits above its lowest block may
 * be of another branch: then hashes tell later. What waits in its place surely is.
 */
export function unseen(want: Span, waiting: readonly WaitingSpan[]): readonly Span[] {
  return outside(want, waiting.filter(({ low, high, due }) => due || low > want.low || high < want.low))
}

function outside(span: Span, others: readonly Span[]): readonly Span[] {
  const parts: Span[] = []
  let { low } = span
  for (const other of others) {
    if (other.low > span.high) break
    if (other.low > low) parts.push({ low, high: other.low - 1 })
    low = Math.max(low, other.high + 1)
  }
  if (low <= span.high) parts.push({ low, high: span.high })
  return parts
}
