// Sayings: where something was said under each closed predicate, and of whom there is enough for a table.

import type { Field } from './field.js'

/** What was said under one closed predicate. */
export interface Sayings {
  readonly classes: number
  /** Its items, ascending. */
  readonly items: Uint32Array
  /** Agents with a table of their own, and the slot of each. */
  readonly tabled: ReadonlyMap<number, number>
}

/** What was said under each closed predicate. Cost: O(rows). */
export function sayingsOf(field: Field): readonly Sayings[] {
  const { columns } = field
  const lists = columns.closed.map((): number[] => [])
  for (const [item, closed] of columns.closedOf.entries()) {
    if (closed >= 0) lists[closed]?.push(item)
  }
  return lists.map((list, closed) => {
    const classes = columns.closed[closed]?.values.length ?? 0
    const items = Uint32Array.from(list)
    return { classes, items, tabled: tabledIn(field, items, classes) }
  })
}

/** Calls `visit` for each row that says a listed value, in their order. */
export function eachSaying(
  { columns }: Field, items: Uint32Array, visit: (row: number, agent: number, said: number) => void
): void {
  const { rowFrom, classOf, clusterOf, agentOf } = columns
  for (const item of items) {
    const end = rowFrom[item + 1] ?? 0
    for (let row = rowFrom[item] ?? 0; row < end; row += 1) {
      const said = classOf[clusterOf[row] ?? 0] ?? -1
      if (said >= 0) visit(row, agentOf[row] ?? 0, said)
    }
  }
}

/** Agents with ballots enough: as many as there are values at least, so cells grow with rows. */
function tabledIn(field: Field, items: Uint32Array, classes: number): ReadonlyMap<number, number> {
  const ballots = new Map<number, { number: number; readonly slot: number }>()
  eachSaying(field, items, (row, agent) => {
    const known = ballots.get(agent)
    if (known === undefined) ballots.set(agent, { number: 1, slot: field.slots.ofRow[row] ?? 0 })
    else known.number += 1
  })
  const least = Math.max(field.constants.tableBallotsMin, classes)
  const enough = [...ballots].filter(([, { number }]) => number >= least)
  return new Map(enough.map(([agent, { slot }]) => [agent, slot]))
}
