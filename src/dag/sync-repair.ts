// Repair of gaps in a sync session: blocks that wait here for a prev which is not here.
// Rule: a gap is repaired by hash, downwards from the lowest block, with windows of 1, 4, 16 … 4,096
// blocks. A missing block is asked for again only when something was admitted since.

import { type Hash } from '../base/index.js'
import { type Span } from './claims.js'
import { type PendingGap } from './pending.js'
import { type AskedRange } from './sync-asker.js'
import { prefixOf, SYNC_LIMITS } from './sync-frames.js'
import { type Dag } from './types.js'

/** Repairs gaps. */
export interface Repairer {
  /**
   * Asks until no gap is left that this peer may fill.
   * @param feeds prefixes of the feeds that the peer has more of
   */
  run(feeds: ReadonlySet<string>): Promise<void>
}

/** What repair needs. */
export interface RepairDeps {
  readonly dag: Dag
  /** The peer under whose blocks a gap is asked for in any feed. */
  readonly peer: string
  /** Who holds the claims of this session. */
  readonly owner: object
  /** One question and all that comes of it, admitted; gives the positions that the peer could not serve. */
  readonly ask: (ranges: readonly AskedRange[]) => Promise<ReadonlySet<number>>
}

interface Tried {
  readonly root: Hash
  readonly asks: number
}

interface Ask {
  readonly gap: PendingGap
  readonly part: Span
}

const windowMax = 4_096
/** Questions about one missing block that bring nothing nearer. */
const asksMax = 32

/** A repairer for one session. */
export function createRepairer(deps: RepairDeps): Repairer {
  const { dag, owner } = deps
  /** Missing blocks that were asked for: the frontier then, and how often. */
  const tried = new Map<Hash, Tried>()
  return {
    async run(feeds) {
      const windows = new Map<Hash, number>()
      for (;;) {
        const gaps = gapsToAsk(deps, feeds, tried, windows)
        if (gaps.length === 0) return
        const { root } = dag.frontier()
        const missed = await deps.ask(gaps.map(({ gap, part }) => (
          { top: gap.missing, feed: prefixOf(gap.feed), ...part }
        )))
        for (const [position, { gap, part }] of gaps.entries()) {
          dag.claims.release(owner, prefixOf(gap.feed), part)
          const asks = missed.has(position) ? asksMax : (tried.get(gap.missing)?.asks ?? 0) + 1
          tried.set(gap.missing, { root, asks })
        }
        const touched = new Set(gaps.map(({ gap }) => gap.feed))
        for (const feed of touched) windows.set(feed, Math.min(windowMax, 4 * (windows.get(feed) ?? 1)))
      }
    }
  }
}

/**
 * Missing blocks to ask for: of feeds that the peer has more of, or under blocks that it delivered; not
 * those that another session has under way, nor of nodes that have had their share.
 */
function gapsToAsk(
  deps: RepairDeps, feeds: ReadonlySet<string>, tried: ReadonlyMap<Hash, Tried>,
  windows: ReadonlyMap<Hash, number>
): readonly Ask[] {
  const { dag, owner, peer } = deps
  const { root } = dag.frontier()
  const asks = new Map<Hash, Ask>()
  for (const gap of dag.pending.gaps((feed, from) => from === peer || feeds.has(prefixOf(feed)))) {
    if (asks.size === SYNC_LIMITS.rangesMax) break
    const { feed, missing, low, nodeKey } = gap
    const before = tried.get(missing)
    if (before !== undefined && (before.root === root || before.asks >= asksMax)) continue
    if (dag.holds(missing) || asks.has(missing) || !dag.allowance.isOpen(nodeKey, peer)) continue
    const name = prefixOf(feed)
    const high = low - 1
    if (dag.claims.isHeld(owner, name, { low: high, high })) continue
    const part = { low: Math.max(1, low - (windows.get(feed) ?? 1)), high }
    dag.claims.hold(owner, name, part)
    asks.set(missing, { gap, part })
  }
  return [...asks.values()]
}
