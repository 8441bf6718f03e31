// Slots: one for each agent and predicate that it has ballots under. What an agent knows of one predicate
// says little of what it knows of another.

import { type BallotColumns, eachRow } from './columns.js'

/** Pairs of agent and predicate, numbered by their first row. */
export interface Slots {
  /** By row. */
  readonly ofRow: Uint32Array
  /** By slot. */
  readonly agentOf: readonly number[]
  readonly predicateOf: readonly number[]
  /** True when some agent has ballots under more than one predicate. */
  readonly several: boolean
}

/** The slots of columns. Cost: O(rows). */
export function slotsOf(columns: BallotColumns): Slots {
  const ofRow = new Uint32Array(columns.agentOf.length)
  const agentOf: number[] = []
  const predicateOf: number[] = []
  const known = new Map<number, number>()
  eachRow(columns, (row, item) => {
    const [agent, predicate] = [columns.agentOf[row] ?? 0, columns.predicateOf[item] ?? 0]
    const pair = agent * columns.predicates.length + predicate
    let slot = known.get(pair)
    if (slot === undefined) {
      known.set(pair, slot = agentOf.length)
      agentOf.push(agent)
      predicateOf.push(predicate)
    }
    ofRow[row] = slot
  })
  return { ofRow, agentOf, predicateOf, several: new Set(agentOf).size < agentOf.length }
}
