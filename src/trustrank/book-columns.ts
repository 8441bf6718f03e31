// From the ballots of keys to columns.

import type { PublicKey } from '../base/index.js'
import type { KeyBallots, SpentBallot } from './key-ballots.js'
import { closedPredicates } from './closed-predicates.js'
import type { BallotColumns, ChargedRows, Endorsements } from './columns.js'

/** Most votes of one agent for another that count in a round. */
const ENDORSEMENTS_PER_ROUND = 8

/** True for keys that are items of the columns. */
export function isFact({ constraint }: KeyBallots): boolean {
  return constraint !== true
}

/**
 * Columns of keys.
 * @param all   in the order of their names
 * @param seeds agents even without a ballot: what genesis says of them holds before they speak
 */
export function columnsOf(
  all: readonly KeyBallots[], seeds: readonly PublicKey[], roundOf: (timeMs: number) => number
): BallotColumns {
  const agents = agentsOf(all, seeds)
  const numbers = new Map(agents.map((agent, at) => [agent, at]))
  const keys = all.filter(isFact)
  const predicates = [...new Set(keys.map(({ predicate }) => predicate))].sort()
  const predicateAt = new Map(predicates.map((predicate, at) => [predicate, at]))
  const closed = closedPredicates(keys)
  const closedAt = new Map(closed.map(({ predicate }, at) => [predicate, at]))
  const classes = closed.map(({ values }) => new Map(values.map((value, at) => [value, at])))
  const [clusters, rows] = [total(keys, 'clusters'), total(keys, 'rows')]
  const columns = {
    agents, closed, predicates,
    predicateOf: Uint32Array.from(keys, ({ predicate }) => predicateAt.get(predicate) ?? 0),
    clusterFrom: new Uint32Array(keys.length + 1), rowFrom: new Uint32Array(keys.length + 1),
    many: Uint8Array.from(keys, (key) => (key.cardinality === 'many' ? 1 : 0)),
    closedOf: Int32Array.from(keys, (key) => (key.exact ? closedAt.get(key.predicate) ?? -1 : -1)),
    classOf: new Int16Array(clusters).fill(-1),
    agentOf: new Uint32Array(rows), clusterOf: new Uint32Array(rows), weightOf: new Uint32Array(rows),
    timeOf: new Float64Array(rows),
    endorsements: endorsementsOf(all, numbers, roundOf),
    constraintRows: chargedRows(all.flatMap((key) => (isFact(key) ? [] : key.rows)), numbers),
    spent: chargedRows(all.flatMap(({ spent = [] }) => spent), numbers)
  }
  let [cluster, row] = [0, 0]
  for (const [item, key] of keys.entries()) {
    const order = [...key.clusters.keys()].sort((a, b) => (hashAt(key, a) < hashAt(key, b) ? -1 : 1))
    const place = new Map(order.map((from, to) => [from, cluster + to]))
    const known = classes[columns.closedOf[item] ?? -1]
    for (const from of order) columns.classOf[place.get(from) ?? 0] = known?.get(key.clusters[from]?.value ?? '') ?? -1
    for (const ballot of sortedRows(key, numbers, place)) {
      columns.agentOf[row] = numbers.get(ballot.agent) ?? 0
      columns.clusterOf[row] = place.get(ballot.cluster) ?? 0
      columns.weightOf[row] = ballot.weightQ
      columns.timeOf[row] = ballot.timestampMs
      row += 1
    }
    cluster += order.length
    columns.clusterFrom[item + 1] = cluster
    columns.rowFrom[item + 1] = row
  }
  return columns
}

function agentsOf(keys: readonly KeyBallots[], seeds: readonly PublicKey[]): readonly PublicKey[] {
  const agents = new Set<PublicKey>(seeds)
  for (const { rows, endorsements } of keys) {
    for (const { agent } of rows) agents.add(agent)
    for (const { voter, author } of endorsements) agents.add(voter).add(author)
  }
  return [...agents].sort((a, b) => (a < b ? -1 : 1))
}

function total(keys: readonly KeyBallots[], part: 'clusters' | 'rows'): number {
  return keys.reduce((sum, key) => sum + key[part].length, 0)
}

function hashAt(key: KeyBallots, cluster: number): string {
  return key.clusters[cluster]?.hash ?? ''
}

function sortedRows(
  key: KeyBallots, numbers: ReadonlyMap<PublicKey, number>, place: ReadonlyMap<number, number>
): KeyBallots['rows'] {
  const of = (agent: PublicKey): number => numbers.get(agent) ?? 0
  return [...key.rows].sort((a, b) =>
    of(a.agent) - of(b.agent) || (place.get(a.cluster) ?? 0) - (place.get(b.cluster) ?? 0))
}

/** Whoever is no agent of the columns has no standing, and so nothing to charge. */
function chargedRows(
  ballots: readonly SpentBallot[], numbers: ReadonlyMap<PublicKey, number>
): ChargedRows {
  const rows = ballots.filter(({ agent }) => numbers.has(agent))
  return {
    agentOf: Uint32Array.from(rows, ({ agent }) => numbers.get(agent) ?? 0),
    timeOf: Float64Array.from(rows, ({ timestampMs }) => timestampMs)
  }
}

/** Sums by pair of min(8, votes) over rounds, by rising pair. */
function endorsementsOf(
  keys: readonly KeyBallots[], numbers: ReadonlyMap<PublicKey, number>, roundOf: (timeMs: number) => number
): Endorsements {
  const pairs = new Map<number, Map<number, number>>()
  const size = numbers.size
  for (const { endorsements } of keys) {
    for (const { voter, author, timestampMs } of endorsements) {
      const pair = (numbers.get(voter) ?? 0) * size + (numbers.get(author) ?? 0)
      let rounds = pairs.get(pair)
      if (rounds === undefined) pairs.set(pair, rounds = new Map<number, number>())
      const round = roundOf(timestampMs)
      rounds.set(round, Math.min(ENDORSEMENTS_PER_ROUND, (rounds.get(round) ?? 0) + 1))
    }
  }
  const sorted = [...pairs].sort(([a], [b]) => a - b)
  return {
    from: Uint32Array.from(sorted, ([pair]) => Math.floor(pair / size)),
    to: Uint32Array.from(sorted, ([pair]) => pair % size),
    count: Uint32Array.from(sorted, ([, rounds]) => sumOf(rounds.values()))
  }
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}
