// Tally: ballots weighed by trust and summed by cluster.
// Rule: every number is whole, every sum exact, so neither the order of records nor the engine shows in it.
// The sums are those of the fixed point that the trust comes from (docs/formats/trust.md).

import { type PublicKey, timesQ } from '../base/index.js'
import type { Clusters } from './clusters.js'
import type { Ballots } from './join.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { ClosedView, TrustView } from './types.js'

/** Sums by cluster, Q16 bits unless said otherwise. */
export interface Tally {
  readonly scores: readonly number[]
  /** As scores, from ballots that are not scaled: with cardinality many, clusters do not compete. */
  readonly held: readonly number[]
  /** What every cluster would hold if each speaker gave it its most. */
  readonly heldMost: number
  /** Distinct agents. */
  readonly agents: readonly number[]
  /** Rows of ballots that count, where clone groups speak with one voice; undefined = all do. */
  readonly spoken: ReadonlySet<number> | undefined
}

/** What is weighed, and by what. */
export interface Weighing {
  readonly predicate: string
  /** Answers that do not exclude each other: ballots are not scaled. */
  readonly many: boolean
  readonly ballots: Ballots
  readonly clusters: Clusters
  readonly voices: readonly PublicKey[]
  readonly trust: TrustView
  /** By voice, Q16 bits. */
  readonly weights: readonly number[]
  /** By voice, its clone group; undefined = it stands alone. */
  readonly groups: readonly (number | undefined)[]
  /** By row, Q16: share of its weight that the ballot keeps. */
  readonly gates: readonly number[]
  /** Present where it counts which value an agent says when another is true. */
  readonly closed: ClosedView | undefined
}

/** Sums by cluster; of agents in one clone group the strongest speaks for all. */
export function* tallySteps(weighing: Weighing): Steps<Tally> {
  const { ballots, clusters, voices, weights, gates } = weighing
  const count = clusters.list.length
  const [scores, held, agents] = [zeros(count), zeros(count), zeros(count)]
  const speakers = speakersOf(weighing.groups)
  const rows = speakers === undefined ? undefined : yield* speakingRows(weighing, speakers)
  const most = zeros(voices.length)
  const listed = weighing.closed === undefined ? undefined : yield* listedSteps(weighing.closed, clusters)
  const sum = adder(weighing, listed)
  // A ballot for a listed value is a turn for each of them.
  const turns = Math.ceil(TURNS_PER_STEP / (1 + (listed?.clusters.length ?? 0)))
  for (let row = 0; row < ballots.voice.length; row += 1) {
    if (row % turns === turns - 1) yield
    const voice = ballots.voice[row] ?? 0
    const cluster = ballots.cluster[row] ?? 0
    const speaker = speakers?.[voice] ?? voice
    const gate = gates[row] ?? 0
    const heldQ = timesQ(timesQ(ballots.held[row] ?? 0, gate), weights[voice] ?? 0)
    most[speaker] = Math.max(most[speaker] ?? 0, heldQ)
    agents[cluster] = (agents[cluster] ?? 0) + 1
    if (rows !== undefined && !rows.has(row)) continue
    held[cluster] = (held[cluster] ?? 0) + heldQ
    sum(scores, voice, cluster, timesQ(ballots.weight[row] ?? 0, gate))
  }
  if (weighing.closed !== undefined && listed !== undefined) addBase(weighing.closed, listed, scores)
  return { scores, held, agents, heldMost: most.reduce((all, heldQ) => all + heldQ, 0), spoken: rows }
}

type Add = (scores: number[], voice: number, cluster: number, ballotQ: number) => void

function adder({ voices, weights, closed }: Weighing, listed: Listed | undefined): Add {
  return (scores, voice, cluster, ballotQ) => {
    const said = listed?.classes[cluster] ?? -1
    const agent = voices[voice]
    if (closed === undefined || listed === undefined || agent === undefined || said < 0) {
      scores[cluster] = (scores[cluster] ?? 0) + timesQ(ballotQ, weights[voice] ?? 0)
      return
    }
    const support = closed.support(agent, said)
    for (const at of listed.clusters) {
      scores[at] = (scores[at] ?? 0) + timesQ(ballotQ, support[listed.classes[at] ?? 0] ?? 0)
    }
  }
}

function addBase(closed: ClosedView, { classes, clusters }: Listed, scores: number[]): void {
  if (scores.every((score) => score <= 0)) return
  for (const at of clusters) scores[at] = (scores[at] ?? 0) + (closed.baseBits[classes[at] ?? 0] ?? 0)
}

/** Which clusters are values of a closed predicate. */
interface Listed {
  /** By cluster its class, -1 = none. */
  readonly classes: readonly number[]
  /** Clusters with a class: at most one for each value, whatever else is said. */
  readonly clusters: readonly number[]
}

function* listedSteps(closed: ClosedView, clusters: Clusters): Steps<Listed> {
  const [classes, listed]: [number[], number[]] = [[], []]
  for (const [at, { representative }] of clusters.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const own = closed.classOf(representative.first.objectBytes)
    classes.push(own)
    if (own >= 0) listed.push(at)
  }
  return { classes, clusters: listed }
}

/** By voice, the voice that stands for its clone group: the first of it. Undefined when all stand alone. */
function speakersOf(groups: readonly (number | undefined)[]): readonly number[] | undefined {
  const first = new Map<number, number>()
  const speakers = groups.map((group, voice) => {
    if (group === undefined) return voice
    const speaker = first.get(group) ?? voice
    first.set(group, speaker)
    return speaker
  })
  return first.size === 0 ? undefined : speakers
}

/** Rows that count: of each clone group and cluster the one of most weight, of equal ones the smaller key. */
function* speakingRows(weighing: Weighing, speakers: readonly number[]): Steps<ReadonlySet<number>> {
  const { predicate, many, ballots, clusters, voices, trust, gates } = weighing
  // Whoever spreads its ballot over many answers must not take the voice of one that gives it to this alone.
  const given = many ? ballots.held : ballots.weight
  // On an item of two clusters, whatever this one has: the order must not depend on the item.
  const weights = voices.map((agent) => trust.weightQ(agent, 2, predicate))
  const best = new Map<number, { readonly row: number; readonly weight: number }>()
  for (const [row, voice] of ballots.voice.entries()) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const place = (speakers[voice] ?? voice) * clusters.list.length + (ballots.cluster[row] ?? 0)
    const weight = timesQ(timesQ(given[row] ?? 0, gates[row] ?? 0), weights[voice] ?? 0)
    const before = best.get(place)
    const other = voices[ballots.voice[before?.row ?? 0] ?? 0] ?? ''
    const better = before === undefined || weight > before.weight ||
      (weight === before.weight && (voices[voice] ?? '') < other)
    if (better) best.set(place, { row, weight })
  }
  return new Set([...best.values()].map(({ row }) => row))
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0)
}
