// The fixed point: accuracies from beliefs, beliefs from accuracies, until no winner changes.
// Rule: every number is whole and every sum below 2^53, so neither the order of ballots nor the engine shows.
// Steps in evaluation order: docs/formats/trust.md.

import { type Beliefs, beliefsOf, firstBeliefs, winnersOf } from './beliefs.js'
import { clonesOf } from './clones.js'
import type { Table } from './confusion.js'
import { heardField, type Shares, sharesOf } from './dependence.js'
import type { Field } from './field.js'
import { type Accuracies, accuraciesOf, emptyRecords, meanAccuracy, type Records, recordsOf } from './record.js'
import { sayingsOf } from './sayings.js'
import { createScorer } from './scores.js'
import { speakersOf } from './speakers.js'
import { createTables } from './tables.js'

/** What the fixed point found. */
export interface FixedPoint {
  readonly beliefs: Beliefs
  /** What the accuracies were computed from. */
  readonly records: Records
  /** Q16. */
  readonly accuracy: Accuracies
  /** Q16: what is believed of an agent without ballots. */
  readonly mean: number
  /** By agent, the first agent of its clone group. */
  readonly groups: Uint32Array
  /** By closed predicate: the shares of a full voice that dependence leaves. */
  readonly shares: readonly Shares[]
  /** By closed predicate. */
  readonly tables: readonly Table[]
  /** By item, the cluster of the greatest score. */
  readonly winners: Uint32Array
  readonly rounds: number
}

/** Seeks the fixed point. Cost: clone groups and shares, then at most 40 rounds of O(rows). */
export function findFixedPoint(field: Field): FixedPoint {
  const groups = clonesOf(field)
  const speakers = firstSpeakers(field, groups)
  const shares = sharesOf(field, groups, speakers)
  const heard = heardField(field, shares)
  const sayings = sayingsOf(field)
  const tabulate = createTables(heard, sayings)
  const score = createScorer(heard, sayings)
  const room = emptyRecords(field)
  let beliefs = firstBeliefs(heard, speakers)
  let winners: Uint32Array | undefined
  // One accuracy an agent first: many predicates together tell better whom to believe than any of them alone.
  let apart = false
  for (let [rounds, phase] = [1, 1]; ; rounds += 1, phase += 1) {
    const facts = beliefs
    const records = recordsOf(field, facts, room)
    const accuracy = accuraciesOf(field, records, groups, apart)
    const speaks = speakersOf(field, accuracy.ofSlot, groups)
    const tables = tabulate({ beliefs: facts, accuracy: accuracy.ofSlot, speaks })
    const scores = score({ accuracy: accuracy.ofSlot, groups, tables, speaks })
    beliefs = beliefsOf(field, scores)
    const before = winners
    winners = winnersOf(field, scores)
    const settled = before !== undefined && winners.every((winner, item) => winner === before[item])
    if (phase < field.constants.roundsMax && (!settled || phase < field.constants.roundsMin)) continue
    if (!apart && field.slots.several) {
      [apart, phase] = [true, 0]
      continue
    }
    const mean = meanAccuracy(field, records, groups)
    return { beliefs, records, accuracy, mean, groups, shares, tables, winners, rounds }
  }
}

/** Who speaks before any track record is known: by the accuracies that plain shares of ballots give. */
function firstSpeakers(field: Field, groups: Uint32Array): Uint8Array {
  const all = new Uint8Array(field.voiceOf.length).fill(1)
  if (groups.every((first, agent) => first === agent)) return all
  const accuracy = accuraciesOf(field, recordsOf(field, firstBeliefs(field, all)), groups, false)
  return speakersOf(field, accuracy.ofSlot, groups)
}
