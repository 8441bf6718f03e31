// Publishing: a fixed point rounded down to steps of 1/1024.

import { type PublicKey, Q } from '../base/index.js'
import { type Table, turnedBitsOf } from './confusion.js'
import type { Shares } from './dependence.js'
import type { Field } from './field.js'
import type { FixedPoint } from './fixed-point.js'
import { standingQ } from './standing.js'
import { type AgentTrust, type ClosedTrust, type Published, STEPS_PER_ONE } from './types.js'

const Q_PER_STEP = Q / STEPS_PER_ONE

/** The published values of a fixed point. */
export function publish(field: Field, point: FixedPoint): Published {
  const { columns, mass, gates, policy } = field
  const standing = mass === undefined ? undefined : standingQ(mass)
  const sizes = new Map<number, number>()
  for (const first of point.groups) sizes.set(first, (sizes.get(first) ?? 0) + 1)
  const predicates = predicatesOf(field, point)
  const agents = new Map<PublicKey, AgentTrust>()
  for (const [agent, key] of columns.agents.entries()) {
    const group = point.groups[agent] ?? agent
    agents.set(key, {
      accuracy: steps(point.accuracy.ofAgent[agent] ?? 0),
      standing: standing === undefined ? STEPS_PER_ONE : steps(standing[agent] ?? 0),
      gate: gates === undefined ? STEPS_PER_ONE : steps(gates.least[agent] ?? 0),
      group: (sizes.get(group) ?? 0) > 1 ? group : undefined,
      rounds: roundsOf(gates?.ofAgent[agent], gates?.least[agent] ?? Q),
      predicates: predicates[agent]
    })
  }
  const reach = gates === undefined ? STEPS_PER_ONE : 0
  return {
    mode: 'computed', agents, roundMs: gates === undefined ? 0 : policy.roundMs,
    prior: { accuracy: steps(point.mean), standing: reach, gate: reach },
    closed: point.tables.map((table, at) => closedOf(field, table, at, point.shares[at]))
  }
}

/** Q16 as steps, rounded down. */
function steps(valueQ: number): number {
  return Math.floor(valueQ / Q_PER_STEP)
}

/** By agent: accuracies under predicates where they differ from its own. */
function predicatesOf(
  { columns, slots }: Field, point: FixedPoint
): readonly (ReadonlyMap<string, number> | undefined)[] {
  const { ofAgent, ofSlot } = point.accuracy
  const lists: (Map<string, number> | undefined)[] = []
  const at = (slot: number): number => slots.predicateOf[slot] ?? 0
  const order = [...slots.predicateOf.keys()].sort((a, b) => at(a) - at(b))
  for (const slot of order) {
    const agent = slots.agentOf[slot] ?? 0
    const accuracy = steps(ofSlot[slot] ?? 0)
    if (accuracy === steps(ofAgent[agent] ?? 0)) continue
    const list = lists[agent] ??= new Map<string, number>()
    list.set(columns.predicates[at(slot)] ?? '', accuracy)
  }
  return lists
}

function roundsOf(
  gates: ReadonlyMap<number, number> | undefined, least: number
): ReadonlyMap<number, number> | undefined {
  const other = [...gates ?? []].map(([round, gate]) => [round, steps(gate)] as const)
    .filter(([, gate]) => gate !== steps(least))
  return other.length === 0 ? undefined : new Map(other)
}

function closedOf(
  field: Field, table: Table, at: number, sharesQ: Shares | undefined
): ClosedTrust {
  const { columns } = field
  const { predicate, values } = columns.closed[at] ?? { predicate: '', values: [] }
  const own = new Map<PublicKey, Uint16Array>()
  for (const [agent, cells] of [...table.own].sort(([a], [b]) => a - b)) {
    const key = columns.agents[agent]
    if (key !== undefined) own.set(key, Uint16Array.from(cells, steps))
  }
  const shares = new Map<PublicKey, number>()
  for (const [agent, shareQ] of [...sharesQ ?? []].sort(([a], [b]) => a - b)) {
    const key = columns.agents[agent]
    if (key !== undefined && steps(shareQ) < STEPS_PER_ONE) shares.set(key, steps(shareQ))
  }
  return {
    predicate, values, own, shares, turnedBits: turnedBitsOf(field),
    base: Uint16Array.from(table.base, (share) => Math.max(1, steps(share))),
    spread: Uint16Array.from(table.spread, steps)
  }
}
