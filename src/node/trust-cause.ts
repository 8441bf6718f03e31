// Which change of trust turned an answer: the agents behind it whose ballots weigh otherwise, and whether the
// tables of its predicate differ.

import type { TrustStep } from '../materializer/index.js'
import { changeBetween, type TrustChange, type TrustSnapshot } from '../trustrank/index.js'
import type { TrustKeeper } from './trust-keeper.js'
import type { ChangedAgent, TrustCause } from './types.js'

/** Agents that a cause names: an event stays below 2 KiB. */
export const CAUSE_AGENTS_MAX = 8

interface Compared {
  readonly before: TrustSnapshot
  readonly after: TrustSnapshot
  readonly change: TrustChange
}

/** Tells causes; comparisons of two snapshots are made once. */
export function createTrustCauses(
  trust: Pick<TrustKeeper, 'past'>
): (predicate: string, step: TrustStep) => TrustCause {
  let last: Compared | undefined
  const changeOf = (before: TrustSnapshot, after: TrustSnapshot): TrustChange => {
    if (last?.before === before && last.after === after) return last.change
    last = { before, after, change: changeBetween(before, after) }
    return last.change
  }
  return (predicate, { from, to, agents }) => {
    const [before, after] = [trust.past(from), trust.past(to)]
    if (before === undefined || after === undefined) return { from, to, tables: false, agents: [] }
    const change = changeOf(before, after)
    const changed = agents.filter((agent) => change.reads(predicate, agent)).map((agent): ChangedAgent => ({
      agent,
      accuracyBefore: before.accuracy(agent, predicate), accuracyAfter: after.accuracy(agent, predicate),
      standingBefore: before.standing(agent), standingAfter: after.standing(agent)
    }))
    const tables = change.tables(predicate)
    return { from, to, tables, agents: changed.sort(byChange).slice(0, CAUSE_AGENTS_MAX) }
  }
}

function byChange(a: ChangedAgent, b: ChangedAgent): number {
  return moved(b) - moved(a) || (a.agent < b.agent ? -1 : 1)
}

function moved({ accuracyBefore, accuracyAfter }: ChangedAgent): number {
  return Math.abs(accuracyAfter - accuracyBefore)
}
