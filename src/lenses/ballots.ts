// Ballots: what each agent says about the candidates of one (subject, predicate).
// Rule: one agent, one ballot; the latest vote by (timestamp, id) replaces, weight 0 withdraws, nothing
// else does.
// Source: docs/lenses.md#ballots

import { type Hash, type PublicKey, Q } from '../base/index.js'
import { agedQ, type Ageing } from './ageing.js'
import { type Dated, isLater, type Judging } from './epochs.js'
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
}

/** Weight in Q16 of a confidence or vote weight in millionths. */
export function weightOf(millionths: number): number {
  return Math.floor((millionths * Q) / MILLION)
}

/**
 * The statements of all agents, before they are joined by cluster.
 * @param candidates any order, distinct ids; likewise `votes`; votes on other assertions count nothing
 * Cost: O(candidates + votes).
 */
export function* stateSteps(
  candidates: readonly Candidate[], votes: readonly VoteInput[], judging: Judging, filter: BallotFilter
): Steps<Statements> {
  const kept = yield* keptCandidates(candidates, judging, filter)
  const heardVotes = yield* latestVotes(votes, filter)
  const roll = new Roll()
  const authors = yield* numbersOf(kept, roll)
  const own = judging.cardinality === 'one' ? yield* latestOwn(kept, authors, filter) : undefined
  const ageing = ageingOf(kept, votes, judging, filter)
  for (let at = 0; at < kept.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const candidate = kept[at] as Candidate
    const author = authors[at] ?? 0
    const latest = heardVotes.get(candidate.id)
    const counts = filter.hears?.(candidate.agentId) !== false && (own === undefined || own[author] === at)
    if (counts && latest?.has(candidate.agentId) !== true) {
      roll.add(author, at, agedQ(weightOf(candidate.confidence), candidate.timestampMs, ageing), candidate)
    }
    for (const vote of latest?.values() ?? []) {
      if (vote.agentId === candidate.agentId && !counts) continue
      roll.add(roll.numberOf(vote.agentId), at, agedQ(weightOf(vote.weight), vote.timestampMs, ageing), vote)
    }
  }
  return { candidates: kept, voices: roll.voices, list: roll.list }
}

/**
 * Collects statements and makes a voice of each agent with its first one. Agents have numbers of their own
 * before: looking up an id costs more than all else that is done to a statement.
 */
class Roll {
  readonly voices: PublicKey[] = []
  readonly list: Statement[] = []
  readonly #numbers = new Map<PublicKey, number>()
  readonly #agents: PublicKey[] = []
  /** By number; -1 = it has said nothing yet. */
  readonly #voiceOf: number[] = []

  numberOf(agent: PublicKey): number {
    const known = this.#numbers.get(agent)
    if (known !== undefined) return known
    this.#numbers.set(agent, this.#agents.length)
    this.#voiceOf.push(-1)
    return this.#agents.push(agent) - 1
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

/** By candidate, the number of its author. */
function* numbersOf(kept: readonly Candidate[], roll: Roll): Steps<readonly number[]> {
  const numbers: number[] = []
  for (const [at, { agentId }] of kept.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    numbers.push(roll.numberOf(agentId))
  }
  return numbers
}

function* keptCandidates(
  candidates: readonly Candidate[], judging: Judging, filter: BallotFilter
): Steps<readonly Candidate[]> {
  const { asOfMs, admits } = filter
  if (asOfMs === undefined && admits === undefined && judging.allows === undefined) return candidates
  const kept: Candidate[] = []
  for (const [at, candidate] of candidates.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (asOfMs !== undefined && candidate.timestampMs > asOfMs) continue
    if (judging.allows?.(candidate.objectBytes) === false || admits?.(candidate) === false) continue
    kept.push(candidate)
  }
  return kept
}

/** By assertion and agent, the greatest vote by (timestamp, id). */
function* latestVotes(
  votes: readonly VoteInput[], filter: BallotFilter
): Steps<ReadonlyMap<Hash, ReadonlyMap<PublicKey, VoteInput>>> {
  const latest = new Map<Hash, Map<PublicKey, VoteInput>>()
  if (votes.length === 0) return latest
  for (const [at, vote] of votes.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if (filter.hears?.(vote.agentId) === false) continue
    if (filter.asOfMs !== undefined && vote.timestampMs > filter.asOfMs) continue
    let byAgent = latest.get(vote.assertion)
    if (byAgent === undefined) latest.set(vote.assertion, byAgent = new Map<PublicKey, VoteInput>())
    const before = byAgent.get(vote.agentId)
    if (before === undefined || isLater(vote, before)) byAgent.set(vote.agentId, vote)
  }
  return latest
}

/** By number of an author, the one candidate of its own that counts: the greatest (timestamp, id). */
function* latestOwn(
  kept: readonly Candidate[], authors: readonly number[], filter: BallotFilter
): Steps<readonly number[]> {
  const own: number[] = []
  for (const [at, candidate] of kept.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const author = authors[at] ?? 0
    // Numbers ascend as authors are met: no place is passed over.
    if (author === own.length) own.push(-1)
    if (filter.hears?.(candidate.agentId) === false) continue
    const before = kept[own[author] ?? -1]
    if (before === undefined || isLater(candidate, before)) own[author] = at
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
