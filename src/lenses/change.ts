// What would change an answer: withdrawals of one agent, or votes of agents that nobody knows yet.
// Rule: nothing here is estimated. Each finding was applied to the records and the lens run again, under the
// same trust; what the new records would do to trust is not foreseen.

import { blake3, hashOf, type Hash, type PublicKey, publicKeyOf, timesQ, utf8Bytes } from '../base/index.js'
import { backersSteps } from './backers.js'
import { bytesKey } from './bytes-key.js'
import type { Density } from './density.js'
import { createLensInput } from './input.js'
import type { Lens, LensResult, Standing } from './lens.js'
import { lensSteps } from './registry.js'
import { sortSteps, type Steps, TURNS_PER_STEP } from './steps.js'
import type { Judgement, KeyRecords, VoteInput } from './types.js'

/** Withdrawals that are listed. */
export const WITHDRAWALS_MAX = 10
/** Agents whose withdrawal is tried, and records that all trials read together, about. */
const TRIES_MAX = 64
const TRIED_RECORDS = 200_000
/** Votes of newcomers that are tried at most. */
const NEWCOMERS_MAX = 1_024
const FULL_WEIGHT = 1_000_000
/** Of two votes of one time the one with the greater id counts. */
const LAST_ID = hashOf(new Uint8Array(32).fill(0xff))

/** An agent without whose ballot the answer would be another. */
export interface Withdrawal {
  readonly agentId: PublicKey
  /** Assertions on which it would have to vote 0, ascending. */
  readonly assertions: readonly Hash[]
  /** What would win then, the best first. */
  readonly winners: readonly Standing[]
}

/** What would change an answer. */
export interface Change {
  /** Q16 bits that the runner-up lacks; with cardinality many, to hold. Absent without a runner-up. */
  readonly lacking?: number | undefined
  /** Fewest agents without a record whose votes for the runner-up do; absent = none found up to 1,024. */
  readonly newcomers?: number | undefined
  /** Agents with most weight first, at most 10. */
  readonly withdrawals: readonly Withdrawal[]
  /** True when no other agent could change the answer alone. */
  readonly complete: boolean
}

/** An answer to be changed, and what it was made of. */
export interface Changeable {
  readonly lens: Lens
  readonly key: KeyRecords
  readonly judgement: Judgement
  readonly result: LensResult
  /** The ballots that the lens weighs. */
  readonly density: Density
}

/** What would change an answer. Cost: that of up to about 80 answers, less for many records. */
export function* changeSteps(given: Changeable): Steps<Change> {
  const { density, lens, result: { winners: [winner], runnerUp } } = given
  const { weighs } = lens
  if (winner === undefined || weighs === 'nothing') return { withdrawals: [], complete: true }
  const rivals = weighs !== undefined && runnerUp !== undefined
  const places = rivals ? placesOf(density, winner, runnerUp) : undefined
  const lacking = places === undefined ? undefined : lackingOf(density, places)
  return {
    lacking,
    newcomers: runnerUp === undefined ? undefined : yield* newcomerSteps(given, runnerUp, lacking),
    ...yield* withdrawalSteps(given, takesAtLeast(given, lacking))
  }
}

/**
 * What an agent must give the winner at least to change the answer by withdrawing: where answers exclude each
 * other and a ballot speaks for one value, as much as the runner-up lacks. Without a rival nobody can.
 * 0 = anybody may.
 */
function takesAtLeast({ lens, density, key, judgement }: Changeable, lacking: number | undefined): number {
  if (lens.weighs === undefined || density.undecided) return 0
  const { tolerance } = judgement.epochs.judging(key.predicate)
  const plain = density.margins === undefined && density.closed === undefined && tolerance === undefined
  return plain ? Math.max(1, lacking ?? Infinity) : 0
}

/** Clusters of winner and runner-up. */
interface Places {
  readonly winner: number
  readonly runnerUp: number
}

function placesOf(density: Density, winner: Standing, runnerUp: Standing): Places | undefined {
  const [first, second] = [clusterOf(density, winner), clusterOf(density, runnerUp)]
  return first === undefined || second === undefined ? undefined : { winner: first, runnerUp: second }
}

/** The least weight that makes the runner-up win: one unit more than a tie that it would lose. */
function lackingOf(density: Density, { winner, runnerUp }: Places): number | undefined {
  const { margins, scores, undecided } = density
  if (undecided) return 1
  if (margins !== undefined) return Math.max(0, -(margins[runnerUp] ?? 0))
  const difference = (scores[winner] ?? 0) - (scores[runnerUp] ?? 0)
  return difference + (hashOfCluster(density, winner) < hashOfCluster(density, runnerUp) ? 1 : 0)
}

function hashOfCluster({ clusters }: Density, cluster: number): string {
  return clusters.list[cluster]?.representative.hash ?? ''
}

function* withdrawalSteps(
  given: Changeable, least: number
): Steps<Pick<Change, 'withdrawals' | 'complete'>> {
  const agents = yield* suspects(given, least)
  const tries = Math.min(TRIES_MAX, Math.max(4, Math.floor(TRIED_RECORDS / sizeOf(given))))
  const found: Withdrawal[] = []
  for (const [tried, agentId] of agents.entries()) {
    if (tried >= tries || found.length >= WITHDRAWALS_MAX) return { withdrawals: found, complete: false }
    const assertions = yield* statedBy(given.density, agentId)
    const votes = assertions.map((assertion) => lateVote(given, agentId, assertion, 0))
    const then = yield* answerWith(given, votes)
    if (then === undefined || !sameAnswer(then, given.result)) {
      found.push({ agentId, assertions, winners: then?.winners ?? [] })
    }
  }
  return { withdrawals: found, complete: true }
}

/**
 * Agents whose withdrawal may change the answer, those that give the winners most first. When whoever gives
 * nothing may matter too (least = 0), all the others follow; else those that speak for clones alone, since
 * another clone then speaks in their place, and may give more where it speaks.
 */
function* suspects({ density, result, judgement }: Changeable, least: number): Steps<readonly PublicKey[]> {
  const wanted = result.winners.flatMap((winner) => clusterOf(density, winner) ?? [])
  const { voices } = density.statements
  const others = new Set(least > 0 ? yield* clonesSpeaking(density) : voices)
  const given = new Map<PublicKey, number>([...others].map((voice) => [voice, 0]))
  for (const backers of (yield* backersSteps(density, judgement.trust, wanted)).values()) {
    for (const { agentId, bits } of backers) given.set(agentId, Math.max(given.get(agentId) ?? 0, bits))
  }
  const able = [...given].filter(([agent, bits]) => bits >= least || others.has(agent))
  const sorted = yield* sortSteps(able, ([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return sorted.map(([agent]) => agent)
}

/** Agents of clone groups that speak for their group somewhere: at most one for each group and cluster. */
function* clonesSpeaking({ rows, spoken, statements, groups }: Density): Steps<readonly PublicKey[]> {
  if (spoken === undefined) return []
  const agents: PublicKey[] = []
  for (const [row, voice] of rows.voice.entries()) {
    if (row % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const agent = statements.voices[voice]
    if (agent === undefined || !spoken.has(row) || groups[voice] === undefined) continue
    agents.push(agent)
  }
  return agents
}

/** The assertions that an agent stands by, ascending. */
function* statedBy({ statements }: Density, agent: PublicKey): Steps<readonly Hash[]> {
  const voice = statements.voices.indexOf(agent)
  const ids = new Set<Hash>()
  for (const [at, statement] of statements.list.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const id = statements.candidates[statement.candidate]?.id
    if (statement.voice === voice && statement.weightQ > 0 && id !== undefined) ids.add(id)
  }
  return [...ids].sort()
}

/** The fewest newcomers with whose votes the answer is another, found by asking for it. */
function* newcomerSteps(
  given: Changeable, runnerUp: Standing, lacking: number | undefined
): Steps<number | undefined> {
  const { clusters, margins } = given.density
  const flips = function* (count: number): Steps<boolean> {
    const votes = Array.from({ length: count }, (_, at) =>
      lateVote(given, newcomer(at), runnerUp.candidate.id, FULL_WEIGHT))
    const then = yield* answerWith(given, votes)
    return then !== undefined && !sameAnswer(then, given.result)
  }
  const { trust } = given.judgement
  const among = margins === undefined ? clusters.list.length : 2
  const bits = trust.weightQ(newcomer(0), among, given.key.predicate)
  const each = timesQ(trust.gateQ(newcomer(0), newestMs(given.key)), bits)
  const guess = lacking === undefined || each === 0 ? 0 : Math.max(1, Math.ceil(lacking / each))
  if (guess > 0 && guess <= NEWCOMERS_MAX && (yield* flips(guess))) {
    if (guess === 1 || !(yield* flips(guess - 1))) return guess
  }
  // Each question reads all records: of many there are too many.
  const affordable = sizeOf(given) * Math.log2(NEWCOMERS_MAX) <= TRIED_RECORDS
  if (!affordable || !(yield* flips(NEWCOMERS_MAX))) return undefined
  let [low, high] = [0, NEWCOMERS_MAX]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (yield* flips(middle)) high = middle
    else low = middle
  }
  return high
}

function newcomer(at: number): PublicKey {
  return publicKeyOf(blake3(utf8Bytes(`an agent without a record ${at}`)))
}

/** The answer of the lens to the same records and these votes. */
function* answerWith(
  { lens, key, judgement }: Changeable, votes: readonly VoteInput[]
): Steps<LensResult | undefined> {
  const changed = { ...key, votes: [...key.votes, ...votes] }
  return yield* lensSteps(lens, createLensInput(changed, { ...judgement, explain: false }))
}

/** A vote that stands after all that is there, at the time of the newest record: nothing ages by it. */
function lateVote({ key }: Changeable, agentId: PublicKey, assertion: Hash, weight: number): VoteInput {
  return { id: LAST_ID, assertion, agentId, timestampMs: newestMs(key), weight }
}

function newestMs({ candidates, votes }: KeyRecords): number {
  let newest = 0
  for (const { timestampMs } of candidates) newest = Math.max(newest, timestampMs)
  for (const { timestampMs } of votes) newest = Math.max(newest, timestampMs)
  return newest
}

function sameAnswer(a: LensResult, b: LensResult): boolean {
  const objects = ({ winners }: LensResult): string =>
    winners.map(({ candidate }) => bytesKey(candidate.objectBytes)).sort().join()
  return a.winners.length === b.winners.length && objects(a) === objects(b)
}

function clusterOf({ clusters, statements }: Density, { candidate }: Standing): number | undefined {
  return clusters.ofCandidate[statements.candidates.indexOf(candidate)]
}

function sizeOf({ key }: Changeable): number {
  return Math.max(1, key.candidates.length + key.votes.length)
}
