// Gathering: all that was said about one (subject, predicate), as records.
// Rule: rows of H were verified when their block was admitted, so no signature is checked here. Beyond
// `SLICE_ROWS` candidates the records are read off the main thread, slice by slice.

import type { Hash, PublicKey } from '../base/index.js'
import { openRecord, type Assertion } from '../record/index.js'
import { badRow } from './errors.js'
import { keys } from './keys.js'
import { candidateId, parseVote } from './parse.js'
import { ranges } from './ranges.js'
import type { Reader } from './reader.js'
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

/** Effective assertions about one (subject, predicate), ascending by id, and the effective votes on them. */
export interface GatheredKey {
  readonly subject: string
  readonly predicate: string
  readonly candidates: readonly Assertion[]
  readonly votes: readonly GatheredVote[]
}

/** Candidates that are opened between two waits: about 5 ms. */
const SLICE_ROWS = 128
/** Ranges of votes that are read at once. */
const VOTE_RANGES = 8

/**
 * Reads the candidates and votes of one key from one state of the index.
 * @param signal aborts between two slices, with its reason
 * @throws StoreError STORE_READ_FAILED; STORE_BAD_ROW when an S row has no effective assertion
 * Cost: about 40 us a candidate, 60 us more for one with votes; linear.
 */
export async function gatherKey(
  reader: Reader, subject: string, predicate: string, signal?: AbortSignal
): Promise<GatheredKey> {
  const rows = await reader.rangeAll({ ...ranges.candidates(subject, predicate), keysOnly: true })
  const ids = rows.map(([key]) => candidateId(key))
  const candidates: Assertion[] = []
  const votes: GatheredVote[] = []
  for (let at = 0; at < ids.length; at += SLICE_ROWS) {
    signal?.throwIfAborted()
    const slice = ids.slice(at, at + SLICE_ROWS)
    const voted = await openSlice(reader, slice, candidates)
    for (let i = 0; i < voted.length; i += VOTE_RANGES) {
      const found = await Promise.all(voted.slice(i, i + VOTE_RANGES).map((id) => votesOn(reader, id)))
      for (const list of found) votes.push(...list)
    }
  }
  return { subject, predicate, candidates, votes }
}

/** The effective votes on one assertion, ascending by (agent, timestamp, id). */
export async function votesOn(reader: Reader, assertion: Hash): Promise<readonly GatheredVote[]> {
  const rows = await reader.rangeAll(ranges.votes(assertion))
  return rows.map(([key, value]) => {
    const parts = parseVote(key)
    if (parts === undefined) throw badRow('V:')
    return { ...parts, weight: decodeVoteRow(value) }
  })
}

// Opens the assertions of a slice; gives the ids of those with votes.
async function openSlice(reader: Reader, ids: readonly Hash[], into: Assertion[]): Promise<readonly Hash[]> {
  const wanted = [...ids.map(keys.record), ...ids.map(keys.voted)]
  const values = ids.length < SLICE_ROWS ? wanted.map(reader.get) : await reader.getMany(wanted)
  const voted: Hash[] = []
  ids.forEach((id, i) => {
    into.push(assertionIn(values[i]))
    if (values[ids.length + i] !== undefined) voted.push(id)
  })
  return voted
}

function assertionIn(bytes: Uint8Array | undefined): Assertion {
  const opened = bytes === undefined ? undefined : openRecord(bytes)
  if (opened?.grade !== 'effective' || opened.record.kind !== 'assertion') throw badRow('S:')
  return opened.record
}
