// Supports: the bits that ballots under closed predicates give each class, by agent and value said.
// Rule: the memory is made once and used again in every round. Under very many closed predicates hardly two
// ballots share a support; an array for each would be garbage in every round, half of all time.

import { Q } from '../base/index.js'
import { plainCell, type Sayings, type SupportLimits, supportIn, type Table, turnedBitsOf } from './confusion.js'
import type { Field } from './field.js'

/** Supports of one round. */
export interface Supports {
  /** Bits of all supports, Q16. */
  readonly bits: Int32Array
  /** Forgets what was computed. */
  begin(tables: readonly Table[], accuracy: Uint32Array): void
  /** Where the support of a row begins in `bits`, one number a class. Computed when first asked for. */
  at(row: number, closed: number): number
}

/** Makes room for the supports of all rows that say a listed value. Cost: O(rows * classes) bytes. */
export function createSupports(field: Field, sayings: readonly Sayings[]): Supports {
  return new PooledSupports(field, sayings)
}

class PooledSupports implements Supports {
  readonly bits: Int32Array
  readonly #field: Field
  readonly #limits: SupportLimits
  /** By row: its pair of agent, predicate and value said. */
  readonly #pairOf: Uint32Array
  /** By pair. */
  readonly #fromOf: Uint32Array
  readonly #saidOf: Uint16Array
  readonly #isDone: Uint8Array
  #tables: readonly Table[] = []
  #accuracy: Uint32Array = new Uint32Array()

  constructor(field: Field, sayings: readonly Sayings[]) {
    const from: number[] = []
    const saids: number[] = []
    let length = 0
    this.#field = field
    this.#limits = { bitsMax: field.constants.bitsMax, turnedMax: turnedBitsOf(field) * Q }
    this.#pairOf = new Uint32Array(field.voiceOf.length)
    for (const { classes, rows } of sayings) {
      const known = new Map<number, number>()
      for (const { row, agent, said } of rows) {
        let pair = known.get(agent * classes + said)
        if (pair === undefined) {
          known.set(agent * classes + said, pair = from.length)
          from.push(length)
          saids.push(said)
          length += classes
        }
        this.#pairOf[row] = pair
      }
    }
    this.bits = new Int32Array(length)
    this.#fromOf = Uint32Array.from(from)
    this.#saidOf = Uint16Array.from(saids)
    this.#isDone = new Uint8Array(from.length)
  }

  begin(tables: readonly Table[], accuracy: Uint32Array): void {
    this.#tables = tables
    this.#accuracy = accuracy
    this.#isDone.fill(0)
  }

  at(row: number, closed: number): number {
    const pair = this.#pairOf[row] ?? 0
    const from = this.#fromOf[pair] ?? 0
    const table = this.#tables[closed]
    if (this.#isDone[pair] === 1 || table === undefined) return from
    this.#isDone[pair] = 1
    const said = this.#saidOf[pair] ?? 0
    this.#fill(row, from, table, said)
    supportIn(this.bits, from, table.classes, said, this.#limits)
    return from
  }

  /** The column of the agent's table: by truth, how probable it is that it says so. */
  #fill(row: number, from: number, { classes, own, spread }: Table, said: number): void {
    const { columns, slots } = this.#field
    const cells = own.get(columns.agentOf[row] ?? 0)
    const accuracy = this.#accuracy[slots.ofRow[row] ?? 0] ?? 0
    for (let truth = 0; truth < classes; truth += 1) {
      const cell = truth * classes + said
      this.bits[from + truth] = cells === undefined
        ? plainCell(accuracy, spread[cell] ?? 0, truth === said)
        : cells[cell] ?? 0
    }
  }
}
