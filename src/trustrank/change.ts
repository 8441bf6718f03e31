// Changes of published trust: which answers read a value that is not what it was.
// Rule: an answer for a key reads the values of the agents that said something there, which of them are one
// group, and the tables of its predicate. Naming too many only costs work; naming too few would leave answers
// that differ between peers.

import type { PublicKey } from '../base/index.js'
import type { AgentTrust, ClosedTrust, Published } from './types.js'

/** What changed between two published states. */
export interface TrustChange {
  /** True when nothing changed. */
  readonly none: boolean
  /** True for an agent whose values, rounds or group changed. */
  agent(agent: PublicKey): boolean
  /** True when tables or base rates of the predicate changed. */
  tables(predicate: string): boolean
  /** True when an answer under the predicate to which the agent contributed may change. */
  reads(predicate: string, agent: PublicKey): boolean
}

/** Compares two published states. Cost: O(agents), then O(1) an agent. */
export function changeBetween(before: Published, after: Published): TrustChange {
  const changed = new Set<PublicKey>()
  const named = new Map<PublicKey, ReadonlySet<string>>()
  const groups = [groupNames(before), groupNames(after)] as const
  const all = before.mode !== after.mode || before.roundMs !== after.roundMs
  const others = all || !sameValues(before.prior, after.prior)
  for (const agent of new Set([...before.agents.keys(), ...after.agents.keys()])) {
    const [was, is] = [before.agents.get(agent) ?? before.prior, after.agents.get(agent) ?? after.prior]
    const sameGroup = groups[0].get(agent) === groups[1].get(agent)
    if (all || !sameGroup || !sameValues(was, is)) changed.add(agent)
    const predicates = changedPredicates(was, is)
    if (predicates.size > 0) named.set(agent, predicates)
  }
  const isKnown = (agent: PublicKey): boolean => before.agents.has(agent) || after.agents.has(agent)
  const agentChanged = (agent: PublicKey): boolean => changed.has(agent) || (others && !isKnown(agent))
  const tables = tableChanges(before, after)
  return {
    none: !others && changed.size === 0 && named.size === 0 && tables.size === 0,
    agent: (agent) => agentChanged(agent) || named.has(agent),
    tables: (predicate) => tables.has(predicate),
    reads(predicate, agent) {
      const table = tables.get(predicate)
      return table === 'all' || table?.has(agent) === true || named.get(agent)?.has(predicate) === true ||
        agentChanged(agent)
    }
  }
}

/** By agent of a group, the first key of that group: group numbers may change while groups stay. */
function groupNames({ agents }: Published): ReadonlyMap<PublicKey, PublicKey> {
  const least = new Map<number, PublicKey>()
  for (const [agent, { group }] of agents) {
    if (group === undefined) continue
    const known = least.get(group)
    if (known === undefined || agent < known) least.set(group, agent)
  }
  const names = new Map<PublicKey, PublicKey>()
  for (const [agent, { group }] of agents) {
    const name = group === undefined ? undefined : least.get(group)
    if (name !== undefined) names.set(agent, name)
  }
  return names
}

function sameValues(a: AgentTrust, b: AgentTrust): boolean {
  const same = a.accuracy === b.accuracy && a.standing === b.standing && a.gate === b.gate
  return same && sameRounds(a.rounds, b.rounds)
}

/** Predicates under which an agent's accuracy is not what it was. */
function changedPredicates(was: AgentTrust, is: AgentTrust): ReadonlySet<string> {
  const [old, now] = [was.predicates, is.predicates]
  const predicates = new Set([...old?.keys() ?? [], ...now?.keys() ?? []])
  for (const predicate of predicates) {
    if (old?.get(predicate) === now?.get(predicate)) predicates.delete(predicate)
  }
  return predicates
}

function sameRounds(a: AgentTrust['rounds'], b: AgentTrust['rounds']): boolean {
  if ((a?.size ?? 0) !== (b?.size ?? 0)) return false
  return [...a ?? []].every(([round, gate]) => b?.get(round) === gate)
}

/** By predicate: all answers, or those of agents whose own cells or share changed. */
function tableChanges(
  before: Published, after: Published
): ReadonlyMap<string, 'all' | ReadonlySet<PublicKey>> {
  const old = new Map(before.closed.map((closed) => [closed.predicate, closed]))
  const changes = new Map<string, 'all' | ReadonlySet<PublicKey>>()
  for (const closed of after.closed) {
    const was = old.get(closed.predicate)
    old.delete(closed.predicate)
    const change = was === undefined ? 'all' : changeOf(was, closed)
    if (change === 'all' || change.size > 0) changes.set(closed.predicate, change)
  }
  for (const gone of old.keys()) changes.set(gone, 'all')
  return changes
}

function changeOf(was: ClosedTrust, is: ClosedTrust): 'all' | ReadonlySet<PublicKey> {
  const [old, now] = [was.values, is.values]
  const sameList = old.length === now.length && old.every((value, at) => value === now[at])
  if (!sameList || was.turnedBits !== is.turnedBits || !sameCells(was.base, is.base) || !sameCells(was.spread, is.spread)) return 'all'
  const agents = new Set<PublicKey>()
  for (const agent of new Set([...was.own.keys(), ...is.own.keys()])) {
    if (!sameCells(was.own.get(agent), is.own.get(agent))) agents.add(agent)
  }
  for (const agent of new Set([...was.shares.keys(), ...is.shares.keys()])) {
    if (was.shares.get(agent) !== is.shares.get(agent)) agents.add(agent)
  }
  return agents
}

function sameCells(a: Uint16Array | undefined, b: Uint16Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((cell, at) => cell === b[at])
}
