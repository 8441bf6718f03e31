// What was said about one key, as trust takes it in.

import type { PublicKey } from '../base/index.js'
import { roundOf } from './budget.js'

/** One answer to a key. */
export interface BallotCluster {
  /** Canonical bytes of the value that stands for it, as lower-case hex; absent = too long to be a class. */
  readonly value?: string | undefined
  /** BLAKE3 of those bytes as hex: the order of clusters. */
  readonly hash: string
}

/** What one agent gives one cluster of a key. */
export interface BallotRow {
  readonly agent: PublicKey
  /** Index into the clusters of the key. */
  readonly cluster: number
  /** Q16, 1..65,536. */
  readonly weightQ: number
  readonly timestampMs: number
}

/** An agent's latest vote on another agent's assertion, if it has weight. */
export interface Endorsement {
  readonly voter: PublicKey
  readonly author: PublicKey
  readonly timestampMs: number
}

/** What an agent said for a cluster at another time than that of its row: it costs vote budget alone. */
export interface SpentBallot {
  readonly agent: PublicKey
  /** Index into the clusters of the key, or one behind the last. */
  readonly cluster: number
  readonly timestampMs: number
}

/** All ballots of one (subject, predicate). */
export interface KeyBallots {
  readonly subject: string
  readonly predicate: string
  readonly cardinality: 'one' | 'many'
  /** True where values count as equal by their bytes alone: only there confusion makes sense. */
  readonly exact: boolean
  /** A constraint and no fact: its ballots are in no track record; absent = a fact. */
  readonly constraint?: boolean | undefined
  /** Values that the epoch allows, as hex; absent = any. */
  readonly vocabulary?: readonly string[] | undefined
  readonly clusters: readonly BallotCluster[]
  readonly rows: readonly BallotRow[]
  readonly endorsements: readonly Endorsement[]
  /** Agents without a row whose trust an answer for this key depends on all the same; absent = none. */
  readonly silent?: readonly PublicKey[] | undefined
  /** What lenses that leave records out may hear besides the rows; absent = nothing. */
  readonly spent?: readonly SpentBallot[] | undefined
}

/** The spent ballots of a key: one for each agent, cluster and round in which that agent has no row there. */
export function spentByRound({ rows, spent = [] }: KeyBallots, roundMs: number): readonly SpentBallot[] {
  if (spent.length === 0) return spent
  const inRound = ({ agent, cluster, timestampMs }: SpentBallot): SpentBallot => (
    { agent, cluster, timestampMs: roundOf(timestampMs, roundMs) * roundMs })
  const told = new Set(rows.map((row) => spentText(inRound(row))))
  const kept = new Map(spent.map(inRound).map((ballot) => [spentText(ballot), ballot]))
  return [...kept].flatMap(([text, ballot]) => (told.has(text) ? [] : [ballot]))
}

/** True when two sets of ballots of one key say the same, in whatever order each lists it. */
export function sameBallots(a: KeyBallots, b: KeyBallots): boolean {
  return a.cardinality === b.cardinality && a.exact === b.exact &&
    (a.constraint === true) === (b.constraint === true) &&
    (a.vocabulary === undefined) === (b.vocabulary === undefined) &&
    sameLists(a.vocabulary ?? [], b.vocabulary ?? []) &&
    sameLists(a.clusters.map(({ hash }) => hash), b.clusters.map(({ hash }) => hash)) &&
    sameLists(a.rows.map((row) => rowText(a, row)), b.rows.map((row) => rowText(b, row))) &&
    sameLists(a.endorsements.map(endorsementText), b.endorsements.map(endorsementText)) &&
    sameLists(a.silent ?? [], b.silent ?? []) &&
    sameLists((a.spent ?? []).map(spentText), (b.spent ?? []).map(spentText))
}

function sameLists(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  if (a.every((text, at) => text === b[at])) return true
  const [left, right] = [[...a].sort(), [...b].sort()]
  return left.every((text, at) => text === right[at])
}

function rowText({ clusters }: KeyBallots, { agent, cluster, weightQ, timestampMs }: BallotRow): string {
  return `${agent} ${weightQ} ${timestampMs} ${clusters[cluster]?.hash ?? ''}`
}

function endorsementText({ voter, author, timestampMs }: Endorsement): string {
  return `${voter} ${author} ${timestampMs}`
}

function spentText({ agent, cluster, timestampMs }: SpentBallot): string {
  return `${agent} ${cluster} ${timestampMs}`
}
