// Speakers: of the clones that say the same, the one that speaks for all.

import { timesQ } from '../base/index.js'
import { eachRow } from './columns.js'
import type { Field } from './field.js'
import { bitsOf } from './weight.js'

/**
 * By row: 1 = it counts. Of the rows of one clone group in one cluster the one of most weight speaks, of
 * equal ones that of the first agent.
 * Cost: O(rows).
 */
export function speakersOf(field: Field, slotAccuracy: Uint32Array, groups: Uint32Array): Uint8Array {
  const { agentOf, clusterOf, clusterFrom } = field.columns
  const speaks = new Uint8Array(agentOf.length).fill(1)
  const size = new Uint32Array(groups.length)
  for (const first of groups) size[first] = (size[first] ?? 0) + 1
  if (size.every((members) => members < 2)) return speaks
  // Of one item at a time: few entries, however many rows there are.
  const spoken = new Map<number, number>()
  let last = -1
  eachRow(field.columns, (row, item) => {
    const agent = agentOf[row] ?? 0
    const group = groups[agent] ?? agent
    if ((size[group] ?? 0) < 2) return
    if (item !== last) spoken.clear()
    last = item
    const from = clusterFrom[item] ?? 0
    const place = group * ((clusterFrom[item + 1] ?? 0) - from) + (clusterOf[row] ?? 0) - from
    const before = spoken.get(place)
    const better = before === undefined || speaksBefore(field, slotAccuracy, row, before)
    if (before !== undefined) speaks[better ? before : row] = 0
    if (better) spoken.set(place, row)
  })
  return speaks
}

function speaksBefore(field: Field, slotAccuracy: Uint32Array, row: number, other: number): boolean {
  const { columns: { agentOf }, slots, constants, voiceOf } = field
  const weight = (at: number): number =>
    timesQ(bitsOf(slotAccuracy[slots.ofRow[at] ?? 0] ?? 0, 2, constants.bitsMax), voiceOf[at] ?? 0)
  const difference = weight(row) - weight(other)
  return difference === 0 ? (agentOf[row] ?? 0) < (agentOf[other] ?? 0) : difference > 0
}
