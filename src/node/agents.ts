// What a node says of agents: published trust, and why it is what it is.

import { type Hash, parsePublicKey, type PublicKey } from '../base/index.js'
import { ranges, type Store } from '../store/index.js'
import type { AgentReasons, AgentTrust, TrackRecord, TrustSnapshot } from '../trustrank/index.js'
import { NodeError } from './errors.js'
import type { TrustKeeper } from './trust-keeper.js'

/** The published snapshot in numbers. */
export interface TrustReport {
  readonly mode: TrustSnapshot['mode']
  readonly generation: number
  /** Equal on peers that hold the same records. */
  readonly digest: Hash
  /** The snapshot was computed from all that this frontier holds, and maybe more. */
  readonly frontierRoot?: Hash | undefined
  /** Ms since the oldest ballot that it does not cover; 0 = it covers all. */
  readonly lagMs: number
  /** Agents with published values. */
  readonly agents: number
  /** Rows of ballots that the last computation took in; 0 before the first since the start. */
  readonly ballots: number
  /** False until trust was computed once since the start: records and reasons are not known yet. */
  readonly computed: boolean
}

/** What is published of an agent. Values are steps of 1/1024. */
export interface AgentReport {
  readonly agent: PublicKey
  readonly accuracy: number
  readonly standing: number
  /** Of a ballot in a round that has no other. */
  readonly gate: number
  /** The first key of its clone group; absent = it stands alone. */
  readonly group?: PublicKey | undefined
  /** Genesis names it. */
  readonly seed: boolean
  /** Absent without ballots unless it is a seed, and until trust was computed once. */
  readonly record?: TrackRecord | undefined
}

/** A page of agents: falling accuracy, then rising key. */
export interface AgentPage {
  readonly trust: TrustReport
  readonly agents: readonly AgentReport[]
  /** Where the next page begins; absent = this is the last one. */
  readonly cursor?: string | undefined
}

/** What weighs an agent's ballots under one predicate. */
export interface PredicateAccuracy {
  readonly predicate: string
  /** As published, steps of 1/1024. */
  readonly accuracy: number
}

/** The same with its track record there, Q16; absent until trust was computed once. */
export interface PredicateReport extends PredicateAccuracy {
  readonly record?: Pick<TrackRecord, 'ballots' | 'hits'> | undefined
}

type AgentValues = Pick<AgentReport, 'accuracy' | 'standing' | 'gate' | 'group'>

/** What was published of an agent earlier. */
export interface AgentStep extends AgentValues {
  readonly generation: number
  /** Predicates under which its accuracy was another than in the next snapshot, by name; the first 100. */
  readonly predicates: readonly PredicateAccuracy[]
}

/** Predicates that an explanation names at most. */
export const PREDICATES_NAMED_MAX = 100

/** An agent with the reasons of its values. */
export interface AgentExplanation extends AgentReport {
  readonly trust: TrustReport
  /** False: nothing is published of it, it has what every newcomer has. */
  readonly published: boolean
  /** Under each predicate with ballots or a published accuracy of it: most ballots first, the first 100. */
  readonly predicates: readonly PredicateReport[]
  readonly predicatesTotal: number
  /** Absent without ballots unless it is a seed, and until trust was computed once. */
  readonly reasons?: AgentReasons | undefined
  /** Earlier values, latest first, as far as snapshots are kept and where they differ. */
  readonly past: readonly AgentStep[]
}

/** What reports are made of. */
export interface AgentSource {
  readonly trust: TrustKeeper
  readonly store: Pick<Store, 'rangeAll'>
  readonly seeds: readonly PublicKey[]
}

/** Order and group names of a snapshot's agents: made once. */
interface Roll {
  readonly order: readonly PublicKey[]
  readonly groups: ReadonlyMap<number, PublicKey>
}

const rolls = new WeakMap<TrustSnapshot['agents'], Roll>()

/** The published snapshot in numbers. */
export function reportTrust(trust: TrustKeeper): TrustReport {
  const { mode, generation, digest, frontierRoot, agents } = trust.snapshot()
  return {
    mode, generation, digest, frontierRoot, lagMs: trust.lagMs, agents: agents.size,
    ballots: trust.stats().rows, computed: trust.stats().computationsTotal > 0
  }
}

/**
 * A page of agents.
 * @throws NodeError NODE_CURSOR
 */
export async function agentPage(
  source: AgentSource, cursor: string | undefined, limit: number
): Promise<AgentPage> {
  const snapshot = source.trust.snapshot()
  const { order } = rollOf(snapshot)
  const from = cursor === undefined ? 0 : placeBehind(snapshot, order, cursor)
  const keys = order.slice(from, from + limit)
  const records = await source.trust.records(keys)
  const last = from + limit < order.length ? keys.at(-1) : undefined
  return {
    trust: reportTrust(source.trust),
    agents: keys.map((agent, at) => ({ ...reportOf(source, snapshot, agent), record: records[at] })),
    cursor: last === undefined ? undefined : `${snapshot.accuracy(last)}-${last}`
  }
}

/** What is published of an agent, and why. Undefined for one of whom nothing was ever heard. */
export async function explainAgent(
  source: AgentSource, agent: PublicKey
): Promise<AgentExplanation | undefined> {
  const { trust, store } = source
  const snapshot = trust.snapshot()
  const published = snapshot.agents.has(agent)
  if (!published && !await hasSaid(store, agent)) return undefined
  const [reasons, [record]] = await Promise.all([trust.reasons(agent), trust.records([agent])])
  const report = { ...reportOf(source, snapshot, agent), record }
  const predicates = predicatesOf(snapshot, agent, reasons)
  return {
    ...report, trust: reportTrust(trust), published, reasons, past: pastOf(trust, agent),
    predicates: predicates.slice(0, PREDICATES_NAMED_MAX), predicatesTotal: predicates.length
  }
}

function predicatesOf(
  snapshot: TrustSnapshot, agent: PublicKey, reasons: AgentReasons | undefined
): readonly PredicateReport[] {
  const records = new Map(reasons?.predicates.map((record) => [record.predicate, record]))
  const names = new Set([...records.keys(), ...snapshot.agents.get(agent)?.predicates?.keys() ?? []])
  const ballotsOf = (name: string): number => records.get(name)?.ballots ?? 0
  return [...names].sort((a, b) => ballotsOf(b) - ballotsOf(a) || (a < b ? -1 : 1)).map((predicate) => (
    { predicate, accuracy: snapshot.accuracy(agent, predicate), record: records.get(predicate) }))
}

async function hasSaid(store: AgentSource['store'], agent: PublicKey): Promise<boolean> {
  const rows = await store.rangeAll({ limit: 1, keysOnly: true, ...ranges.byAgent(agent) })
  return rows.length > 0
}

function reportOf({ seeds }: AgentSource, snapshot: TrustSnapshot, agent: PublicKey): AgentReport {
  return { agent, ...valuesOf(snapshot, agent), seed: seeds.includes(agent) }
}

function valuesOf(snapshot: TrustSnapshot, agent: PublicKey): AgentValues {
  const { accuracy, standing, gate, group }: AgentTrust = snapshot.agents.get(agent) ?? snapshot.prior
  const first = group === undefined ? undefined : rollOf(snapshot).groups.get(group)
  return { accuracy, standing, gate, group: first }
}

function pastOf(trust: TrustKeeper, agent: PublicKey): readonly AgentStep[] {
  const steps: AgentStep[] = []
  let after = trust.snapshot()
  for (const snapshot of trust.history()) {
    const [values, later] = [valuesOf(snapshot, agent), valuesOf(after, agent)]
    const predicates = changedPredicates(snapshot, after, agent)
    const same = values.accuracy === later.accuracy && values.standing === later.standing &&
      values.gate === later.gate && values.group === later.group && predicates.length === 0
    if (!same) steps.push({ generation: snapshot.generation, ...values, predicates })
    after = snapshot
  }
  return steps
}

function changedPredicates(
  before: TrustSnapshot, after: TrustSnapshot, agent: PublicKey
): readonly PredicateAccuracy[] {
  const names = [before, after].flatMap(({ agents }) => [...agents.get(agent)?.predicates?.keys() ?? []])
  return [...new Set(names)].sort()
    .map((predicate) => ({ predicate, accuracy: before.accuracy(agent, predicate) }))
    .filter(({ predicate, accuracy }) => accuracy !== after.accuracy(agent, predicate))
    .slice(0, PREDICATES_NAMED_MAX)
}

function rollOf({ agents }: TrustSnapshot): Roll {
  const known = rolls.get(agents)
  if (known !== undefined) return known
  const groups = new Map<number, PublicKey>()
  for (const [agent, { group }] of agents) {
    if (group === undefined) continue
    const first = groups.get(group)
    if (first === undefined || agent < first) groups.set(group, agent)
  }
  const order = [...agents].sort(([a, { accuracy: left }], [b, { accuracy: right }]) =>
    right - left || (a < b ? -1 : 1)).map(([agent]) => agent)
  const roll = { order, groups }
  rolls.set(agents, roll)
  return roll
}

/** Index of the first agent behind a cursor: one of another snapshot still names a place. */
function placeBehind(snapshot: TrustSnapshot, order: readonly PublicKey[], cursor: string): number {
  const [, steps = '', key = ''] = /^(\d{1,4})-([0-9a-f]{64})$/.exec(cursor) ?? []
  const agent = parsePublicKey(key)
  if (agent === undefined) throw new NodeError({ code: 'NODE_CURSOR' }, 'the cursor is not one of this list')
  const accuracy = Number(steps)
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = order[middle]
    const difference = other === undefined ? 0 : snapshot.accuracy(other) - accuracy
    const before = difference > 0 || (difference === 0 && other !== undefined && other <= agent)
    if (before) low = middle + 1
    else high = middle
  }
  return low
}
