// Confusion: which values of a closed predicate an agent says when another one is true (Dawid and Skene).
// Rule: an agent's table is shrunk to its accuracy and to the shape of all agents' errors, so that few
// ballots say little.

import { log2Q, Q, timesQ } from '../base/index.js'
import type { Beliefs } from './beliefs.js'
import type { Field } from './field.js'
import { ratioQ } from './ratio.js'

/** Tables of one closed predicate. Cells are Q16: row `truth * classes + said`. */
export interface Table {
  readonly classes: number
  /** By class: how often it is the truth. */
  readonly base: Uint32Array
  /** By truth and value said: how errors spread; each row sums to at most Q, its diagonal is 0. */
  readonly spread: Uint32Array
  /** Tables of agents with ballots enough; the others have `cellsOf` their accuracy. */
  readonly own: ReadonlyMap<number, Uint32Array>
}

/** A row of a closed predicate that says one of its values. */
export interface Said {
  readonly item: number
  readonly row: number
  readonly agent: number
  readonly said: number
}

/** What was said under one closed predicate. */
export interface Sayings {
  readonly classes: number
  readonly rows: readonly Said[]
  /** Agents with a table of their own, and the slot of each. */
  readonly tabled: ReadonlyMap<number, number>
}

/** What was said under each closed predicate. Cost: O(rows). */
export function sayingsOf(field: Field): readonly Sayings[] {
  const { columns } = field
  const lists = columns.closed.map((): Said[] => [])
  for (const [item, closed] of columns.closedOf.entries()) {
    if (closed < 0) continue
    for (let row = columns.rowFrom[item] ?? 0; row < (columns.rowFrom[item + 1] ?? 0); row += 1) {
      const said = columns.classOf[columns.clusterOf[row] ?? 0] ?? -1
      if (said >= 0) lists[closed]?.push({ item, row, agent: columns.agentOf[row] ?? 0, said })
    }
  }
  return lists.map((rows, closed) => {
    const classes = columns.closed[closed]?.values.length ?? 0
    return { classes, rows, tabled: tabledIn(field, rows, classes) }
  })
}

/** Agents with ballots enough: as many as there are values at least, so cells grow with rows. */
function tabledIn(
  { constants, slots }: Field, rows: readonly Said[], classes: number
): ReadonlyMap<number, number> {
  const ballots = new Map<number, { number: number; readonly slot: number }>()
  for (const { agent, row } of rows) {
    const known = ballots.get(agent)
    if (known === undefined) ballots.set(agent, { number: 1, slot: slots.ofRow[row] ?? 0 })
    else known.number += 1
  }
  const least = Math.max(constants.tableBallotsMin, classes)
  const enough = [...ballots].filter(([, { number }]) => number >= least)
  return new Map(enough.map(([agent, { slot }]) => [agent, slot]))
}

/** What is believed of items and agents at present. */
export interface Present {
  readonly beliefs: Beliefs
  /** By slot. */
  readonly accuracy: Uint32Array
  /** By row: 1 = it counts in what all agents do. */
  readonly speaks: Uint8Array
}

/** The tables of a closed predicate under what is believed. Cost: O(rows * classes). */
export function tableOf(field: Field, sayings: Sayings, present: Present): Table {
  const { classes, tabled } = sayings
  const counts = countsOf(field, sayings, present)
  const spread = spreadOf(counts.all, classes)
  const own = new Map<number, Uint32Array>()
  const { tablePriorBallots, auditTablePriorBallots } = field.constants
  for (const [agent, { plain, audited }] of counts.own) {
    const prior = cellsOf(present.accuracy[tabled.get(agent) ?? 0] ?? 0, spread, classes)
    const confirmed = shrunk(plain, prior, tablePriorBallots, classes)
    own.set(agent, field.seeded ? shrunk(audited, confirmed, auditTablePriorBallots, classes) : confirmed)
  }
  return { classes, base: baseOf(counts.all, classes), spread, own }
}

/** The table of an agent of whom only the accuracy is known. */
export function cellsOf(accuracyQ: number, spread: Uint32Array, classes: number): Uint32Array {
  return spread.map((share, cell) =>
    plainCell(accuracyQ, share, Math.floor(cell / classes) === cell % classes))
}

/** One column of a table: by truth, how probable it is to say `said`. */
export function columnOf(cells: Uint32Array | Uint16Array, classes: number, said: number): Uint32Array {
  const column = new Uint32Array(classes)
  for (let truth = 0; truth < classes; truth += 1) column[truth] = cells[truth * classes + said] ?? 0
  return column
}

/** The same of an agent of whom only the accuracy is known. Cost: that of the column, not of the table. */
export function plainColumn(
  accuracyQ: number, spread: Uint32Array, classes: number, said: number
): Uint32Array {
  const column = columnOf(spread, classes, said)
  for (let truth = 0; truth < classes; truth += 1) {
    column[truth] = plainCell(accuracyQ, column[truth] ?? 0, truth === said)
  }
  return column
}

/** A cell of that table. */
export function plainCell(accuracyQ: number, share: number, isRight: boolean): number {
  return isRight ? accuracyQ : Math.floor(((Q - accuracyQ) * share) / Q)
}

interface Counts {
  readonly all: Float64Array
  readonly own: ReadonlyMap<number, Own>
}

interface Own {
  readonly plain: Float64Array
  /** On items that a seed has judged. */
  readonly audited: Float64Array
}

function countsOf(field: Field, { classes, rows, tabled }: Sayings, present: Present): Counts {
  const { columns: { classOf }, listed, recordOf, auditedOf, voiceOf } = field
  const { p, known } = present.beliefs
  const empty = (): Float64Array => new Float64Array(classes * classes)
  const own = new Map<number, Own>()
  for (const agent of tabled.keys()) own.set(agent, { plain: empty(), audited: empty() })
  const all = empty()
  for (const { item, row, agent, said } of rows) {
    if (known[item] === 0) continue
    const mine = own.get(agent)?.[auditedOf[item] === 1 ? 'audited' : 'plain']
    const record = recordOf[row] ?? 0
    const voice = present.speaks[row] === 1 ? voiceOf[row] ?? 0 : 0
    for (let at = listed.from[item] ?? 0; at < (listed.from[item + 1] ?? 0); at += 1) {
      const cluster = listed.clusters[at] ?? 0
      const cell = (classOf[cluster] ?? 0) * classes + said
      all[cell] = (all[cell] ?? 0) + timesQ(p[cluster] ?? 0, voice)
      if (mine !== undefined) mine[cell] = (mine[cell] ?? 0) + timesQ(p[cluster] ?? 0, record)
    }
  }
  return { all, own }
}

function baseOf(all: Float64Array, classes: number): Uint32Array {
  const total = all.reduce((sum, count) => sum + count, 0) + classes * Q
  return Uint32Array.from({ length: classes }, (_, truth) => {
    const row = all.subarray(truth * classes, (truth + 1) * classes).reduce((sum, count) => sum + count, 0)
    return Math.max(1, ratioQ(row + Q, total))
  })
}

function spreadOf(all: Float64Array, classes: number): Uint32Array {
  const spread = new Uint32Array(classes * classes)
  for (let truth = 0; truth < classes; truth += 1) {
    const wrong = (said: number): number => said === truth ? 0 : (all[truth * classes + said] ?? 0) + Q
    let sum = 0
    for (let said = 0; said < classes; said += 1) sum += wrong(said)
    for (let said = 0; said < classes; said += 1) {
      spread[truth * classes + said] = ratioQ(wrong(said), Math.max(1, sum))
    }
  }
  return spread
}

function shrunk(count: Float64Array, prior: Uint32Array, strength: number, classes: number): Uint32Array {
  const cells = new Uint32Array(count.length)
  for (let truth = 0; truth < classes; truth += 1) {
    const from = truth * classes
    const row = count.subarray(from, from + classes).reduce((sum, one) => sum + one, 0)
    for (let cell = from; cell < from + classes; cell += 1) {
      cells[cell] = ratioQ((count[cell] ?? 0) + strength * (prior[cell] ?? 0), row + strength * Q)
    }
  }
  return cells
}

/** Least probability that a table is taken to hold: 1/1,024. */
export const CELL_MIN = 64

/**
 * Bits by which ballots may be turned round: none where there are seeds. They err too, and an agent that
 * differs from one on a few audited facts had better be silent than count for what it denies.
 */
export function turnedBitsOf({ constants, seeded }: Field): number {
  return seeded ? 0 : constants.turnedBitsMax
}

/** Limits of what one ballot says, Q16 bits. */
export interface SupportLimits {
  /** Most that it speaks for a class. */
  readonly bitsMax: number
  /** Most by which it speaks for another class than the one it names more than for that one. */
  readonly turnedMax: number
}

/**
 * Bits that a ballot for `said` gives each class, Q16: the log-likelihood of saying so, within the limits,
 * less that of the class it speaks for least. Of an agent known to say one value where another is true, a
 * ballot speaks for that other one, though not for much.
 * @param column of the agent's table, that of `said`
 */
export function supportOf(column: Uint32Array, said: number, limits: SupportLimits): Int32Array {
  const bits = Int32Array.from(column)
  supportIn(bits, 0, bits.length, said, limits)
  return bits
}

/** The same where the column stands: it becomes the bits. */
export function supportIn(
  cells: Int32Array, from: number, classes: number, said: number, { bitsMax, turnedMax }: SupportLimits
): void {
  const end = from + classes
  let [most, least] = [-Infinity, Infinity]
  for (let at = from; at < end; at += 1) {
    const likely = log2Q(Math.max(CELL_MIN, cells[at] ?? 0))
    cells[at] = likely
    most = Math.max(most, likely)
    least = Math.min(least, likely)
  }
  const top = Math.min(most, (cells[from + said] ?? 0) + turnedMax)
  const floor = Math.max(least, top - bitsMax)
  for (let at = from; at < end; at += 1) cells[at] = Math.max(0, Math.min(cells[at] ?? 0, top) - floor)
}
