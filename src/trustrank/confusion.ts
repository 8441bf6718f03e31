// Confusion: which values of a closed predicate an agent says when another one is true (Dawid and Skene), and
// what a ballot is worth for each value under that.

import { log2Q, Q } from '../base/index.js'
import type { Field } from './field.js'

/** Tables of one closed predicate. Cells are Q16: row `truth * classes + said`. */
export interface Table {
  readonly classes: number
  /** By class: how often it is the truth. */
  readonly base: Uint32Array
  /** By truth and value said: how errors spread; each row sums to at most Q, its diagonal is 0. */
  readonly spread: Uint32Array
  /** Tables of agents with ballots enough; the others have a `plainCell` everywhere. */
  readonly own: ReadonlyMap<number, Uint32Array>
}

/** One column of a table: by truth, how probable it is to say `said`. */
export function columnOf(cells: Uint32Array | Uint16Array, classes: number, said: number): Uint32Array {
  const column = new Uint32Array(classes)
  for (let truth = 0; truth < classes; truth += 1) column[truth] = cells[truth * classes + said] ?? 0
  return column
}

/** The same of an agent of whom only the accuracy is known. */
export function plainColumn(
  accuracyQ: number, spread: Uint32Array, classes: number, said: number
): Uint32Array {
  const column = columnOf(spread, classes, said)
  for (let truth = 0; truth < classes; truth += 1) {
    column[truth] = plainCell(accuracyQ, column[truth] ?? 0, truth === said)
  }
  return column
}

/** A cell of the table of an agent of whom only the accuracy is known. */
export function plainCell(accuracyQ: number, share: number, isRight: boolean): number {
  return isRight ? accuracyQ : Math.floor(((Q - accuracyQ) * share) / Q)
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
  // Logarithms of cells lie within 0 and 16 bits: whole numbers as limits keep floats out of the loop.
  let [most, least] = [0, 16 * Q]
  for (let at = from; at < end; at += 1) {
    const likely = log2Q(Math.max(CELL_MIN, cells[at] ?? 0))
    cells[at] = likely
    if (likely > most) most = likely
    if (likely < least) least = likely
  }
  const top = Math.min(most, (cells[from + said] ?? 0) + turnedMax)
  const floor = Math.max(least, top - bitsMax)
  for (let at = from; at < end; at += 1) cells[at] = Math.max(0, Math.min(cells[at] ?? 0, top) - floor)
}
