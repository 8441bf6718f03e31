// Ballots: what each agent says about the candidates of one (subject, predicate).
// Rule: one agent, one ballot; the latest vote by (timestamp, id) replaces, weight 0 withdraws, nothing
// else does.
// Source: docs/lenses.md#ballots

import { type Hash, type PublicKey, Q } from '../base/index.js'
import { agedQ, type Ageing } from './ageing.js'
import { type Dated, isLater, type Judging } from './epochs.js'
import { createNumbering, type KeyNumbers, type Numbering } from './numbers.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate, VoteInput } from './types.js'

const MILLION = 1_000_000

/** What a lens leaves out before any ballot is formed; every absent part lets all through. */
export interface BallotFilter {
  /** Only assertions and votes up to this time. */
  readonly asOfMs?: number | undefined
  readonly admits?: ((candidate: Candidate) => boolean) | undefined
  /** Whose assertions and votes count. Candidates of others stay, without weight. */
  readonly hears?: ((agent: PublicKey) => boolean) | undefined
}

/** One agent's weight on one candidate, and the record that says so. */
export interface Statement {
  /** Index into `voices`. */
  readonly voice: number
  /** Index into `candidates`. */
  readonly candidate: number
  readonly weightQ: number
  readonly timestampMs: number
  readonly id: Hash
}

/** All statements on the candidates that a lens looks at. */
export interface Statements {
  readonly candidates: readonly Candidate[]
  readonly voices: readonly PublicKey[]
  readonly list: readonly Statement[]
  readonly numbers: KeyNumbers
  /** Of each candidate its place among all of the key; absent = they are all of them. */
  readonly places?: readonly number[] | undefined
}

/** Weight in Q16 of a confidence or vote weight in millionths. */
export function weightOf(millionths: number): number {
  return Math.floor((millionths * Q) / MILLION)
}

/**
 * The statements of all agents, before they are joined by cluster.
 * @param candidates any order, distinct ids; likewise `votes`; votes on other assertions count nothing
 * @param numbering  that of these records, where others read them too
 * Cost: O(candidates + votes).
 */
export function* stateSteps(
  candidates: readonly Candidate[], votes: readonly VoteInput[], judging: Judging, filter: BallotFilter,
  numbering: Numbering = createNumbering(candidates, votes)
): Steps<Statements> {
  const numbers = yield* numbering(candidates, votes)
  const places = yield* keptPlaces(candidates, judging, filter)
  const kept = places === undefined ? candidates : places.map((place) => candidates[place] as Candidate)
  const own = judging.cardinality === 'one' ? yield* latestOwn(kept, places, numbers, filter) : undefined
  const ageing = ageingOf(kept, votes, judging, filter)
  const roll = new Roll(numbers.agents)
  const latest = new LatestVotes(votes, numbers, filter)
  for (let at = 0; at < kept.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const candidate = kept[at] as Candidate
    const place = places === undefined ? at : places[at] ?? 0
    const author = numbers.authors[place] ?? 0
    // Most candidates have none, and steps of their own cost more than all else here.
    const heard = (numbers.firstVote[place] ?? -1) < 0 ? SILENCE : yield* latest.on(place)
    const counts = filter.hears?.(candidate.agentId) !== false && (own === undefined || own[author] === at)
    if (counts && !latest.has(place, author)) {
      roll.add(author, at, agedQ(weightOf(candidate.confidence), candidate.timestampMs, ageing), candidate)
    }
    for (const index of heard) {
      const voter = numbers.voters[index] ?? 0
      if (voter === author && !counts) continue
      const vote = votes[index] as VoteInput
      roll.add(voter, at, agedQ(weightOf(vote.weight), vote.timestampMs, ageing), vote)
    }
  }
  return { candidates: kept, voices: roll.voices, list: roll.list, numbers, places }
}

/** Collects statements and makes a voice of each agent with its first one. */
class Roll {
  readonly voices: PublicKey[] = []
  readonly list: Statement[] = []
  readonly #agents: readonly PublicKey[]
  /** By number of an agent; -1 = it has said nothing yet. */
  readonly #voiceOf: Int32Array

  constructor(agents: readonly PublicKey[]) {
    this.#agents = agents
    this.#voiceOf = new Int32Array(agents.length).fill(-1)
  }

  add(number: number, candidate: number, weightQ: number, by: Dated): void {
    let voice = this.#voiceOf[number] ?? -1
    const agent = voice < 0 ? this.#agents[number] : undefined
    if (agent !== undefined) {
      voice = this.voices.push(agent) - 1
      this.#voiceOf[number] = voice
    }
    this.list.push({ voice, candidate, weightQ, timestampMs: by.timestampMs, id: by.id })
  }
}

const SILENCE: readonly number[] = []

/** The votes that count: by candidate and agent the greatest (timestamp, id), of those that a lens hears. */
class LatestVotes {
  readonly #votes: readonly VoteInput[]
  readonly #numbers: KeyNumbers
  readonly #filter: BallotFilter
  /** By number of an agent, the last candidate on which a vote of it was heard, and where in the answer. */
  readonly #heardOn: Int32Array
  readonly #slot: Int32Array

  constructor(votes: readonly VoteInput[], numbers: KeyNumbers, filter: BallotFilter) {
    this.#votes = votes
    this.#numbers = numbers
    this.#filter = filter
    const agents = votes.length === 0 ? 0 : numbers.agents.length
    this.#heardOn = new Int32Array(agents).fill(-1)
    this.#slot = new Int32Array(agents)
  }

  /** Indices of votes on the candidate at a place, agents in the order in which they first voted. */
  * on(place: number): Steps<readonly number[]> {
    const { firstVote, nextVote, voters } = this.#numbers
    let vote = firstVote[place] ?? -1
    if (vote < 0) return SILENCE
    const latest: number[] = []
    for (let turn = 1; vote >= 0; vote = nextVote[vote] ?? -1, turn += 1) {
      if (turn % TURNS_PER_STEP === 0) yield
      if (!this.#hears(vote)) continue
      const voter = voters[vote] ?? 0
      const slot = this.#slot[voter] ?? 0
      if (this.#heardOn[voter] !== place) {
        this.#heardOn[voter] = place
        this.#slot[voter] = latest.push(vote) - 1
      } else if (isLater(this.#votes[vote] as VoteInput, this.#votes[latest[slot] ?? 0] as VoteInput)) {
        latest[slot] = vote
      }
    }
    return latest
  }

  /** True when a vote of the agent was heard on the candidate that was asked for last. */
  has(place: number, agent: number): boolean {
    return this.#heardOn[agent] === place
  }

  #hears(index: number): boolean {
    const { asOfMs, hears } = this.#filter
    const { agentId, timestampMs } = this.#votes[index] as VoteInput
    return hears?.(agentId) !== false && (asOfMs === undefined || timestampMs <= asOfMs)
  }
}

/** Places of the candidates that a lens looks at; undefined = all. */
function* keptPlaces(
  candidates: readonly Candidate[], judging: Judging, filter: BallotFilter
): Steps<readonly number[] | undefined> {
  const { asOfMs, admits } = filter
  if (asOfMs === undefined && admits === undefined && judging.allows === undefined) return undefined
  const kept: number[] = []
  for (let at = 0; at < candidates.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const candidate = candidates[at] as Candidate
    if (asOfMs !== undefined && candidate.timestampMs > asOfMs) continue
    if (judging.allows?.(candidate.objectBytes) === false || admits?.(candidate) === false) continue
    kept.push(at)
  }
  return kept
}

/** By number of an author, the one own candidate that counts: the greatest (timestamp, id); -1 = none. */
function* latestOwn(
  kept: readonly Candidate[], places: readonly number[] | undefined, { agents, authors }: KeyNumbers,
  filter: BallotFilter
): Steps<Int32Array> {
  const own = new Int32Array(agents.length).fill(-1)
  for (let at = 0; at < kept.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const candidate = kept[at] as Candidate
    const author = authors[places === undefined ? at : places[at] ?? 0] ?? 0
    if (filter.hears?.(candidate.agentId) === false) continue
    const before = own[author] ?? -1
    if (before < 0 || isLater(candidate, kept[before] as Candidate)) own[author] = at
  }
  return own
}

function ageingOf(
  kept: readonly Candidate[], votes: readonly VoteInput[], judging: Judging, filter: BallotFilter
): Ageing | undefined {
  if (judging.halfLifeMs === undefined) return undefined
  const asOfMs = filter.asOfMs ?? Number.MAX_SAFE_INTEGER
  let newestMs = 0
  for (const { timestampMs } of kept) newestMs = Math.max(newestMs, timestampMs)
  for (const { timestampMs } of votes) if (timestampMs <= asOfMs) newestMs = Math.max(newestMs, timestampMs)
  return { newestMs, halfLifeMs: judging.halfLifeMs }
}
