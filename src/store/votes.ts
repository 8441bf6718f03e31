// Votes as the index holds them: those on one assertion, and those on many.
// Rule: however many are read, and however, they are the same votes in the same order. Votes on many are read
// along the index (a walk) as long as that is cheaper than looking each assertion up: where most votes of the
// index are on other assertions, the batch that shows it is the last.

import { hashAt, type Hash, type PublicKey } from '../base/index.js'
import { badRow } from './errors.js'
import { FAMILY, keys } from './keys.js'
import { parseVote } from './parse.js'
import { behind, ranges, type KeyRange } from './ranges.js'
import type { Entry, Reader } from './reader.js'
import { decodeVoteRow } from './rows.js'

/** An effective vote, from its row alone. */
export interface GatheredVote {
  readonly id: Hash
  readonly assertion: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  /** Millionths; 0 withdraws. */
  readonly weight: number
}

/** What a walk found. */
export interface WalkedVotes {
  /** Votes on the assertions before `next`, in their order; each one's by (agent, timestamp, id). */
  readonly votes: readonly GatheredVote[]
  /** The first assertion that the walk did not come to; their number when it came to all. */
  readonly next: number
}

/** Fewer assertions have their votes read side by side, more with few iterators. */
const VOTE_RANGES_MAX = 8
/** Rows of a batch of a walk; the first has one for so many assertions. */
const WALK_ROWS_MAX = 1_000
const FIRST_SHARE = 8
/** Rows that are read for as much as finding the votes of one assertion costs. */
const ROWS_PER_VOTED = 16

const ID_AT = FAMILY.vote.length
const ID_END = ID_AT + 32

/** The effective votes on one assertion, ascending by (agent, timestamp, id). */
export async function votesOn(reader: Reader, assertion: Hash): Promise<readonly GatheredVote[]> {
  return (await reader.rangeAll(ranges.votes(assertion))).map(voteIn)
}

/** The same for many assertions, in their order. */
export async function votesOnEach(
  reader: Reader, assertions: readonly Hash[]
): Promise<readonly (readonly GatheredVote[])[]> {
  if (assertions.length <= VOTE_RANGES_MAX) return Promise.all(assertions.map((id) => votesOn(reader, id)))
  const found = await reader.rangesAll(assertions.map((id) => ranges.votes(id)))
  return found.map((rows) => rows.map(voteIn))
}

/**
 * The votes on assertions, as far as walking is cheaper than looking them up.
 * @param ids ascending
 * @throws StoreError STORE_READ_FAILED, STORE_BAD_ROW; the reason of the signal, between two batches
 * Cost: about 3 us a row. What was walked for nothing costs less than an eighth of the lookups or one batch.
 */
export async function walkVotes(
  reader: Reader, ids: readonly Hash[], signal?: AbortSignal
): Promise<WalkedVotes> {
  const [first, last] = [ids[0], ids.at(-1)]
  const walk: Walk = { ids, votes: [], at: 0 }
  if (first === undefined || last === undefined) return { votes: walk.votes, next: 0 }
  const { lt } = ranges.votes(last)
  let range: KeyRange = { gte: keys.voted(first), ...(lt === undefined ? {} : { lt }) }
  for (let limit = Math.min(WALK_ROWS_MAX, Math.ceil(ids.length / FIRST_SHARE));; limit = WALK_ROWS_MAX) {
    signal?.throwIfAborted()
    const rows = await reader.rangeAll({ limit, ...range })
    const pays = takeBatch(walk, rows)
    const end = rows.at(-1)
    if (end === undefined || rows.length < limit) return { votes: walk.votes, next: ids.length }
    if (!pays) return unfinished(walk)
    range = behind(range, end[0])
  }
}

interface Walk {
  readonly ids: readonly Hash[]
  readonly votes: GatheredVote[]
  /** The first assertion that the rows read so far are not behind. */
  at: number
}

/** Takes the votes out of further rows. @returns false when looking them up would have been cheaper */
function takeBatch(walk: Walk, rows: readonly Entry[]): boolean {
  const start = walk.at
  let [voted, others] = [0, 0]
  for (const row of rows) {
    const [key] = row
    if (key.length < ID_END) throw badRow(FAMILY.vote)
    const assertion = hashAt(key, ID_AT)
    while ((walk.ids[walk.at] ?? assertion) < assertion) walk.at += 1
    if (walk.ids[walk.at] !== assertion) others += 1
    else if (key.length === ID_END) voted += 1
    else walk.votes.push(voteIn(row))
  }
  return others <= walk.at - start + ROWS_PER_VOTED * voted
}

/** Leaves out the assertion in the middle of whose votes the walk may have ended. */
function unfinished({ ids, votes, at }: Walk): WalkedVotes {
  const last = ids[at]
  while (votes.length > 0 && votes.at(-1)?.assertion === last) votes.pop()
  return { votes, next: at }
}

function voteIn([key, value]: Entry): GatheredVote {
  const parts = parseVote(key)
  if (parts === undefined) throw badRow(FAMILY.vote)
  return { weight: decodeVoteRow(value), ...parts }
}
