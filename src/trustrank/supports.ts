// Supports: the bits that ballots under closed predicates give each class, by agent and value said.
// Rule: the memory is made once and used again in every round. Under very many closed predicates hardly two
// ballots share a support; an array for each would be garbage in every round, half of all time.

import { Q } from '../base/index.js'
import { plainCell, type SupportLimits, supportIn, type Table, turnedBitsOf } from './confusion.js'
import type { Field } from './field.js'
import { eachSaying, type Sayings } from './sayings.js'

/** Supports of one round. */
export interface Supports {
  /** Bits of all supports, Q16: one number a class. */
  readonly bits: Int32Array
  /** By row that says a listed value: where its support begins in `bits`. */
  readonly from: Uint32Array
  /** Computes them under tables and accuracies by slot. */
  compute(tables: readonly Table[], accuracy: Uint32Array): void
}

/** Makes room for the supports of all rows that say a listed value. Cost: O(rows * classes) bytes. */
export function createSupports(field: Field, sayings: readonly Sayings[]): Supports {
  return new PooledSupports(field, sayings)
}

class PooledSupports implements Supports {
  readonly bits: Int32Array
  readonly from: Uint32Array
  readonly #limits: SupportLimits
  /** By pair: an agent and what it said under a closed predicate. Those of one predicate are neighbours. */
  readonly #agentOf: Uint32Array
  readonly #slotOf: Uint32Array
  readonly #saidOf: Uint16Array
  /** By closed predicate its first pair, and behind the last one the number of pairs. */
  readonly #pairFrom: Uint32Array

  constructor(field: Field, sayings: readonly Sayings[]) {
    const [agents, slots, saids]: [number[], number[], number[]] = [[], [], []]
    let length = 0
    this.#limits = { bitsMax: field.constants.bitsMax, turnedMax: turnedBitsOf(field) * Q }
    this.#pairFrom = new Uint32Array(sayings.length + 1)
    this.from = new Uint32Array(field.voiceOf.length)
    for (const [closed, { classes, items }] of sayings.entries()) {
      const known = new Map<number, number>()
      eachSaying(field, items, (row, agent, said) => {
        let from = known.get(agent * classes + said)
        if (from === undefined) {
          known.set(agent * classes + said, from = length)
          agents.push(agent)
          slots.push(field.slots.ofRow[row] ?? 0)
          saids.push(said)
          length += classes
        }
        this.from[row] = from
      })
      this.#pairFrom[closed + 1] = agents.length
    }
    this.bits = new Int32Array(length)
    this.#agentOf = Uint32Array.from(agents)
    this.#slotOf = Uint32Array.from(slots)
    this.#saidOf = Uint16Array.from(saids)
  }

  compute(tables: readonly Table[], accuracy: Uint32Array): void {
    let from = 0
    for (const [closed, table] of tables.entries()) {
      const end = this.#pairFrom[closed + 1] ?? 0
      for (let pair = this.#pairFrom[closed] ?? 0; pair < end; pair += 1, from += table.classes) {
        const said = this.#saidOf[pair] ?? 0
        const cells = table.own.size === 0 ? undefined : table.own.get(this.#agentOf[pair] ?? 0)
        if (cells === undefined) this.#fillPlain(from, table, said, accuracy[this.#slotOf[pair] ?? 0] ?? 0)
        else this.#fill(from, table, said, cells)
        supportIn(this.bits, from, table.classes, said, this.#limits)
      }
    }
  }

  /** The column of the agent's table: by truth, how probable it is that it says so. */
  #fill(from: number, { classes }: Table, said: number, cells: Uint32Array): void {
    for (let truth = 0; truth < classes; truth += 1) {
      this.bits[from + truth] = cells[truth * classes + said] ?? 0
    }
  }

  /** The same of an agent of whom only the accuracy is known. */
  #fillPlain(from: number, { classes, spread }: Table, said: number, accuracy: number): void {
    for (let truth = 0; truth < classes; truth += 1) {
      this.bits[from + truth] = plainCell(accuracy, spread[truth * classes + said] ?? 0, truth === said)
    }
  }
}
