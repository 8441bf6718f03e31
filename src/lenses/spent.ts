// What was said of a key at other times than its rows tell: later records took its place, or stronger ones.
// Rule: a lens that leaves records out hears it again (EpochAware, any lens with `asOf`), so it costs vote
// budget as rows do. Withdrawing something gives no budget back.

import type { Hash, PublicKey } from '../base/index.js'
import { type Statements, weightOf } from './ballots.js'
import type { Clusters } from './clusters.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { KeyRecords } from './types.js'

/** Something that an agent said with weight for a cluster of a key. */
export interface SpentBallot {
  readonly agent: PublicKey
  /** Index into the clusters; behind the last one where the epoch does not allow the value. */
  readonly cluster: number
  readonly timestampMs: number
}

/** All that was said with weight, each time once, without the times of the rows. Cost: O(records). */
export function* spentSteps(
  key: KeyRecords, { candidates }: Statements, { list, ofCandidate }: Clusters, rows: readonly SpentBallot[]
): Steps<readonly SpentBallot[]> {
  // Each assertion is a row of its own, as for most keys: nothing was said besides.
  if (key.votes.length === 0 && rows.length === key.candidates.length) return []
  const clusterOf = new Map<Hash, number>(key.candidates.map(({ id }) => [id, list.length]))
  for (const [at, { id }] of candidates.entries()) clusterOf.set(id, ofCandidate[at] ?? list.length)
  const told = new Set(rows.map(textOf))
  const spent: SpentBallot[] = []
  const add = (agent: PublicKey, on: Hash, timestampMs: number, millionths: number): void => {
    const cluster = clusterOf.get(on)
    if (cluster === undefined || weightOf(millionths) === 0) return
    const ballot = { agent, cluster, timestampMs }
    const text = textOf(ballot)
    if (told.has(text)) return
    told.add(text)
    spent.push(ballot)
  }
  for (const [at, { agentId, id, timestampMs, confidence }] of key.candidates.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    add(agentId, id, timestampMs, confidence)
  }
  for (const [at, { agentId, assertion, timestampMs, weight }] of key.votes.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    add(agentId, assertion, timestampMs, weight)
  }
  return spent
}

function textOf({ agent, cluster, timestampMs }: SpentBallot): string {
  return `${agent} ${cluster} ${timestampMs}`
}
