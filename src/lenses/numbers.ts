// Numbers: the agents, objects and assertions that the records of one key name, each by a small number.
// Why: a text of 64 digits is looked up once for a key, however many lenses, moments and trials read it;
// all that is done to a record besides costs less than such a look-up.
// Rule: numbers follow the order of the records and are in no result.

import { blake3Hash, type Hash, type PublicKey } from '../base/index.js'
import { bytesKey } from './bytes-key.js'
import { type Steps, TURNS_PER_STEP } from './steps.js'
import type { Candidate, KeyRecords, VoteInput } from './types.js'

/** The records of a key as numbers. Columns by index of candidate or of vote. */
export interface KeyNumbers {
  /** By number. */
  readonly agents: readonly PublicKey[]
  /** By candidate, the number of its author. */
  readonly authors: Int32Array
  /** By candidate, the number of its object: equal for equal bytes and for them alone. */
  readonly objects: Int32Array
  readonly objectCount: number
  /** By vote, the number of who votes. */
  readonly voters: Int32Array
  /** By vote, its candidate; -1 = none of this key. */
  readonly targets: Int32Array
  /** By candidate its first vote, and by vote the next on its candidate; in their order, -1 = none. */
  readonly firstVote: Int32Array
  readonly nextVote: Int32Array
  /** BLAKE3 of the bytes of an object, computed when first asked for: it decides ties alone. */
  hashOf(object: number, bytes: Uint8Array): Hash
}

/** Gives the numbers of the records of a key: those of one key are made when first asked for and kept. */
export type Numbering = (
  candidates: readonly Candidate[], votes: readonly VoteInput[]
) => Steps<KeyNumbers>

/** The records of a key with their numbers. */
export interface NumberedKey extends KeyRecords {
  readonly numbers: Numbering
}

/** Keeps the numbers of these records. It may be asked for others: a lens may leave some out. */
export function createNumbering(candidates: readonly Candidate[], votes: readonly VoteInput[]): Numbering {
  const kept: KeptNumbers = { candidates, votes, numbers: undefined }
  return (ofCandidates, ofVotes) => {
    const own = ofCandidates === candidates && ofVotes === votes
    return own ? keptSteps(kept) : numberSteps(ofCandidates, ofVotes)
  }
}

interface KeptNumbers extends Pick<KeyRecords, 'candidates' | 'votes'> {
  numbers: KeyNumbers | undefined
}

function* keptSteps(kept: KeptNumbers): Steps<KeyNumbers> {
  return kept.numbers ??= yield* numberSteps(kept.candidates, kept.votes)
}

/** Numbers what the records name. Cost: O(candidates + votes): two look-ups each. */
export function* numberSteps(
  candidates: readonly Candidate[], votes: readonly VoteInput[]
): Steps<KeyNumbers> {
  const agents: PublicKey[] = []
  const numberOf = numberer(agents)
  const texts: string[] = []
  const objectOf = numberer(texts)
  const [authors, objects] = [new Int32Array(candidates.length), new Int32Array(candidates.length)]
  for (let at = 0; at < candidates.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const candidate = candidates[at] as Candidate
    authors[at] = numberOf(candidate.agentId)
    objects[at] = objectOf(bytesKey(candidate.objectBytes))
  }
  const voters = new Int32Array(votes.length)
  for (let at = 0; at < votes.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    voters[at] = numberOf((votes[at] as VoteInput).agentId)
  }
  const targets = yield* targetSteps(candidates, votes)
  const objectCount = texts.length
  const hashes = new Array<Hash | undefined>(objectCount).fill(undefined)
  const { firstVote, nextVote } = yield* chainSteps(targets, candidates.length)
  return {
    agents, authors, objects, objectCount, voters, targets, firstVote, nextVote,
    hashOf: (object, bytes) => hashes[object] ??= blake3Hash(bytes)
  }
}

/** So few texts are compared one by one: hashing a text for a map costs more. */
const COMPARED_MAX = 8

/** Numbers texts in the order in which they first come, and adds each to the list. */
function numberer<T extends string>(list: T[]): (text: T) => number {
  let numbers: Map<T, number> | undefined
  return (text) => {
    const known = numbers === undefined ? list.indexOf(text) : numbers.get(text) ?? -1
    if (known >= 0) return known
    const number = list.push(text) - 1
    if (numbers !== undefined) numbers.set(text, number)
    else if (list.length > COMPARED_MAX) numbers = new Map(list.map((each, at) => [each, at]))
    return number
  }
}

/** By vote, its candidate. Records of the index come in order: then no id is looked up. */
function* targetSteps(candidates: readonly Candidate[], votes: readonly VoteInput[]): Steps<Int32Array> {
  const targets = new Int32Array(votes.length).fill(-1)
  if (votes.length === 0) return targets
  const ids = yield* columnSteps(candidates, ({ id }) => id)
  const assertions = yield* columnSteps(votes, ({ assertion }) => assertion)
  const ordered = (yield* ascends(ids)) && (yield* ascends(assertions))
  const places = ordered ? undefined : yield* placesOf(ids)
  let next = 0
  for (let at = 0; at < assertions.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    const assertion = assertions[at]
    if (assertion === undefined) continue
    if (places !== undefined) {
      targets[at] = places.get(assertion) ?? -1
      continue
    }
    while ((ids[next] ?? assertion) < assertion) next += 1
    if (ids[next] === assertion) targets[at] = next
  }
  return targets
}

function* columnSteps<T>(items: readonly T[], part: (item: T) => Hash): Steps<readonly Hash[]> {
  const column: Hash[] = []
  for (let at = 0; at < items.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    column.push(part(items[at] as T))
  }
  return column
}

function* ascends(ids: readonly Hash[]): Steps<boolean> {
  for (let at = 1; at < ids.length; at += 1) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    if ((ids[at - 1] ?? '') > (ids[at] ?? '')) return false
  }
  return true
}

function* placesOf(ids: readonly Hash[]): Steps<ReadonlyMap<Hash, number>> {
  const places = new Map<Hash, number>()
  for (const [at, id] of ids.entries()) {
    if (at % TURNS_PER_STEP === TURNS_PER_STEP - 1) yield
    places.set(id, at)
  }
  return places
}

/** Votes of each candidate as a chain, in their order. */
function* chainSteps(
  targets: Int32Array, candidates: number
): Steps<Pick<KeyNumbers, 'firstVote' | 'nextVote'>> {
  const [firstVote, nextVote] = [new Int32Array(candidates).fill(-1), new Int32Array(targets.length).fill(-1)]
  for (let at = targets.length - 1; at >= 0; at -= 1) {
    if (at % TURNS_PER_STEP === 0) yield
    const target = targets[at] ?? -1
    if (target < 0) continue
    nextVote[at] = firstVote[target] ?? -1
    firstVote[target] = at
  }
  return { firstVote, nextVote }
}
