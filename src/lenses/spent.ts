// What was said of a key at other times than its rows tell: later records took its place, or stronger ones.
// Rule: a lens that leaves records out hears it again (EpochAware, any lens with `asOf`), so it costs vote
// budget as rows do. Withdrawing something gives no budget back.

import type { PublicKey } from '../base/index.js'
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

/**
 * All that was said with weight, each time once, without the times of the rows. Cost: O(records).
 * @param statements made of the same lists of records
 */
export function* spentSteps(
  key: KeyRecords, statements: Statements, { list, ofCandidate }: Clusters, rows: readonly SpentBallot[]
): Steps<readonly SpentBallot[]> {
  // Each assertion is a row of its own, as for most keys: nothing was said besides.
  if (key.votes.length === 0 && rows.length === key.candidates.length) return []
  const { candidates, places, numbers: { agents, authors, voters, targets } } = statements
  const clusterOf = new Array<number>(key.candidates.length).fill(list.length)
  for (let at = 0; at < candidates.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    clusterOf[places?.[at] ?? at] = ofCandidate[at] ?? list.length
  }
  const told = new Told(list.length + 1)
  const numberOf = new Map(agents.map((agent, number) => [agent, number]))
  for (const { agent, cluster, timestampMs } of rows) told.add(numberOf.get(agent) ?? 0, cluster, timestampMs)
  const spent: SpentBallot[] = []
  const add = (number: number, candidate: number, timestampMs: number, millionths: number): void => {
    const [agent, cluster] = [agents[number], clusterOf[candidate]]
    if (agent === undefined || cluster === undefined || weightOf(millionths) === 0) return
    if (told.add(number, cluster, timestampMs)) spent.push({ agent, cluster, timestampMs })
  }
  for (const [at, { timestampMs, confidence }] of key.candidates.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    add(authors[at] ?? 0, at, timestampMs, confidence)
  }
  for (const [at, { timestampMs, weight }] of key.votes.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    add(voters[at] ?? 0, targets[at] ?? -1, timestampMs, weight)
  }
  return spent
}

/** What agents are known to have said for clusters, and when. */
class Told {
  readonly #clusters: number
  /** By agent and cluster. */
  readonly #times = new Map<number, Set<number>>()

  constructor(clusters: number) {
    this.#clusters = clusters
  }

  /** False = it is known already. */
  add(agent: number, cluster: number, timestampMs: number): boolean {
    const place = agent * this.#clusters + cluster
    const times = this.#times.get(place)
    if (times?.has(timestampMs) === true) return false
    if (times === undefined) this.#times.set(place, new Set([timestampMs]))
    else times.add(timestampMs)
    return true
  }
}
