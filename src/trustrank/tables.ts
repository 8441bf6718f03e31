// Tables: the confusion tables of closed predicates under what is believed.
// Rule: an agent's table is shrunk to its accuracy and to the shape of all agents' errors, so that few
// ballots say little. The memory is made once and used again in every round: there may be very many closed
// predicates, and small arrays made anew for each would be garbage.

import { Q, timesQ } from '../base/index.js'
import type { Beliefs } from './beliefs.js'
import { plainCell, type Table } from './confusion.js'
import type { Field } from './field.js'
import { ratioQ } from './ratio.js'
import type { Sayings } from './sayings.js'

/** What is believed of items and agents at present. */
export interface Present {
  readonly beliefs: Beliefs
  /** By slot. */
  readonly accuracy: Uint32Array
  /** By row: 1 = it counts in what all agents do. */
  readonly speaks: Uint8Array
}

/** Makes the tables of all closed predicates; those that it gave before are overwritten. */
export type Tabulate = (present: Present) => readonly Table[]

/**
 * Makes room for the tables. Cost of a call: O(rows * classes). Memory, for all predicates at once: 12 B a
 * cell of an agent's table, 20 B where there are seeds. Who has a table has as many ballots there as there
 * are classes at least, so up to `classes` cells a ballot: at 30 of them 360 B, with seeds 600 B.
 */
export function createTables(field: Field, sayings: readonly Sayings[]): Tabulate {
  const drafts = sayings.map((said) => draftOf(said, field.seeded))
  const tables = drafts.map(({ table }) => table)
  return (present) => {
    for (const draft of drafts) {
      count(field, draft, present)
      setBase(draft)
      setSpread(draft)
      for (const own of draft.own.values()) setOwn(field, draft.table, own, present)
    }
    return tables
  }
}

/** A table and what is counted for it. Counts are sums in Q16, cell by cell. */
interface Draft {
  readonly items: Uint32Array
  readonly table: Table
  readonly all: Float64Array
  readonly own: ReadonlyMap<number, Own>
}

interface Own {
  readonly slot: number
  readonly cells: Uint32Array
  readonly plain: Float64Array
  /** On items that a seed has judged; undefined without seeds. */
  readonly audited: Float64Array | undefined
}

function draftOf({ classes, items, tabled }: Sayings, seeded: boolean): Draft {
  const size = classes * classes
  const own = new Map([...tabled].map(([agent, slot]): [number, Own] => [agent, {
    slot, cells: new Uint32Array(size), plain: new Float64Array(size),
    audited: seeded ? new Float64Array(size) : undefined
  }]))
  const table = {
    classes, base: new Uint32Array(classes), spread: new Uint32Array(size),
    own: new Map([...own].map(([agent, { cells }]) => [agent, cells]))
  }
  return { items, table, own, all: new Float64Array(size) }
}

function count(field: Field, draft: Draft, { beliefs: { p, known }, speaks }: Present): void {
  const { columns: { rowFrom, clusterOf, classOf, agentOf }, listed, auditedOf, recordOf, voiceOf } = field
  const { all, own, table: { classes } } = draft
  clear(draft)
  for (const item of draft.items) {
    if (known[item] === 0) continue
    const [from, end] = [listed.from[item] ?? 0, listed.from[item + 1] ?? 0]
    for (let row = rowFrom[item] ?? 0; row < (rowFrom[item + 1] ?? 0); row += 1) {
      const said = classOf[clusterOf[row] ?? 0] ?? -1
      if (said < 0) continue
      const voice = speaks[row] === 1 ? voiceOf[row] ?? 0 : 0
      const its = own.size === 0 ? undefined : own.get(agentOf[row] ?? 0)
      const [mine, record] = [auditedOf[item] === 1 ? its?.audited : its?.plain, recordOf[row] ?? 0]
      for (let at = from; at < end; at += 1) {
        const truth = listed.clusters[at] ?? 0
        const cell = (classOf[truth] ?? 0) * classes + said
        add(all, cell, timesQ(p[truth] ?? 0, voice))
        if (mine !== undefined) add(mine, cell, timesQ(p[truth] ?? 0, record))
      }
    }
  }
}

function clear({ all, own }: Draft): void {
  all.fill(0)
  for (const { plain, audited } of own.values()) {
    plain.fill(0)
    audited?.fill(0)
  }
}

function add(column: Float64Array, at: number, amount: number): void {
  column[at] = (column[at] ?? 0) + amount
}

/** How often each value is the truth, one more for each. */
function setBase({ all, table: { classes, base } }: Draft): void {
  const total = sum(all, 0, all.length) + classes * Q
  for (let truth = 0; truth < classes; truth += 1) {
    base[truth] = Math.max(1, ratioQ(sum(all, truth * classes, classes) + Q, total))
  }
}

/** How errors fall on the other values, one more for each. */
function setSpread({ all, table: { classes, spread } }: Draft): void {
  for (let truth = 0; truth < classes; truth += 1) {
    const from = truth * classes
    const errors = sum(all, from, classes) - (all[from + truth] ?? 0) + (classes - 1) * Q
    for (let said = 0; said < classes; said += 1) {
      spread[from + said] = said === truth ? 0 : ratioQ((all[from + said] ?? 0) + Q, errors)
    }
  }
}

/** What the crowd confirms, shrunk to the accuracy, is itself the prior of what seeds have judged. */
function setOwn(field: Field, { classes, spread }: Table, own: Own, { accuracy }: Present): void {
  const { tablePriorBallots, auditTablePriorBallots } = field.constants
  const accuracyQ = accuracy[own.slot] ?? 0
  for (let cell = 0; cell < own.cells.length; cell += 1) {
    own.cells[cell] = plainCell(accuracyQ, spread[cell] ?? 0, cell % (classes + 1) === 0)
  }
  shrink(own.cells, own.plain, tablePriorBallots, classes)
  if (own.audited !== undefined) shrink(own.cells, own.audited, auditTablePriorBallots, classes)
}

/** Each row of cells becomes (counts + strength * cells) / (all counts of the row + strength). */
function shrink(cells: Uint32Array, counts: Float64Array, strength: number, classes: number): void {
  for (let from = 0; from < cells.length; from += classes) {
    const all = sum(counts, from, classes) + strength * Q
    for (let cell = from; cell < from + classes; cell += 1) {
      cells[cell] = ratioQ((counts[cell] ?? 0) + strength * (cells[cell] ?? 0), all)
    }
  }
}

function sum(counts: Float64Array, from: number, length: number): number {
  let all = 0
  for (let at = from; at < from + length; at += 1) all += counts[at] ?? 0
  return all
}
