// Gathering: all that was said about one (subject, predicate).
// Rule: S rows say what lenses ask of an assertion; the record itself is opened for what is long or asked of
// few: objects beyond the row, sources. Records were verified when their block was admitted, so no signature
// is checked here.

import { equalBytes, type Hash, type PublicKey } from '../base/index.js'
import { objectValue, openRecord, type Assertion, type Value } from '../record/index.js'
import { badRow } from './errors.js'
import { keys } from './keys.js'
import { candidateId, parseCandidate, parseVote } from './parse.js'
import { ranges } from './ranges.js'
import type { Entry, Reader } from './reader.js'
import { decodeCandidateRow, decodeVoteRow, EMPTY, type CandidateRow } from './rows.js'

/** An effective assertion, from its row, and from its record as far as that is asked for. */
export interface GatheredCandidate {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly epoch: Hash | undefined
  /** Millionths. */
  readonly confidence: number
  readonly object: Value
  /** Canonical DAG-CBOR of the object. Asking for a long one opens the record. */
  readonly objectBytes: Uint8Array
  /** Opens the record. */
  readonly source: string | undefined
}

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
  readonly candidates: readonly GatheredCandidate[]
  readonly votes: readonly GatheredVote[]
}

/** How a key is gathered. */
export interface GatherOptions {
  /** Aborts between two slices, with its reason. */
  readonly signal?: AbortSignal
  /** Where records are read when they are asked for, perhaps after `reader` was closed. Default: `reader`. */
  readonly records?: Pick<Reader, 'get'>
}

/** Candidates that are read between two waits: a few ms. */
const SLICE_ROWS = 512
/** Fewer are looked up here, more off the main thread. */
const LOOKUPS_MAX = 128
/** Bytes of the id that ends the key of a candidate. */
const ID_BYTES = 32
/** Fewer assertions have their votes read side by side, more with few iterators. */
const VOTE_RANGES_MAX = 8

/**
 * Reads the candidates and votes of one key from one state of the index.
 * @throws StoreError STORE_READ_FAILED; STORE_BAD_ROW for a row of another form, also later, when a record is
 *   asked for that is no assertion
 * Cost: about 10 us a candidate, 60 us more for one with votes; linear.
 */
export async function gatherKey(
  reader: Reader, subject: string, predicate: string, options: GatherOptions = {}
): Promise<GatheredKey> {
  const records = options.records ?? reader
  const rows = await reader.rangeAll(ranges.candidates(subject, predicate))
  const candidates: GatheredCandidate[] = []
  const votes: GatheredVote[] = []
  for (let at = 0; at < rows.length; at += SLICE_ROWS) {
    options.signal?.throwIfAborted()
    const slice = rows.slice(at, at + SLICE_ROWS).map((row) => new StoredCandidate(row, records))
    for (const candidate of slice) candidates.push(candidate)
    const voted = await votedOf(reader, slice)
    for (const list of await votesOnEach(reader, voted)) for (const vote of list) votes.push(vote)
  }
  return { subject, predicate, candidates, votes }
}

/**
 * Reads the candidates and votes of every key, in key order: one walk over all S rows.
 * @throws StoreError as `gatherKey`
 * Cost: about 6 us a candidate, 60 us more for one with votes; it waits for nothing but reads.
 */
export async function* gatherAll(reader: Reader): AsyncGenerator<GatheredKey> {
  let open: OpenKey | undefined
  let prefix: Uint8Array = EMPTY
  for await (const rows of reader.batches(ranges.candidates())) {
    const candidates = rows.map((row) => new StoredCandidate(row, reader))
    const votes = await votesByCandidate(reader, candidates)
    for (const [at, [row]] of rows.entries()) {
      const candidate = candidates[at]
      const about = row.subarray(0, row.length - ID_BYTES)
      if (candidate === undefined) continue
      if (open === undefined || !equalBytes(about, prefix)) {
        if (open !== undefined) yield open.key
        const { subject, predicate } = parseCandidate(row)
        const said = { candidates: [] as GatheredCandidate[], votes: [] as GatheredVote[] }
        open = { key: { subject, predicate, ...said }, ...said }
        prefix = about
      }
      open.candidates.push(candidate)
      for (const vote of votes.get(candidate.id) ?? []) open.votes.push(vote)
    }
  }
  if (open !== undefined) yield open.key
}

/** A key whose rows are being read. */
interface OpenKey {
  readonly key: GatheredKey
  readonly candidates: GatheredCandidate[]
  readonly votes: GatheredVote[]
}

async function votesByCandidate(
  reader: Reader, candidates: readonly GatheredCandidate[]
): Promise<ReadonlyMap<Hash, readonly GatheredVote[]>> {
  const votes = new Map<Hash, readonly GatheredVote[]>()
  const voted = await votedOf(reader, candidates)
  const found = await votesOnEach(reader, voted)
  for (const [at, { id }] of voted.entries()) {
    votes.set(id, found[at] ?? [])
  }
  return votes
}

/** The effective votes on one assertion, ascending by (agent, timestamp, id). */
export async function votesOn(reader: Reader, assertion: Hash): Promise<readonly GatheredVote[]> {
  return votesIn(await reader.rangeAll(ranges.votes(assertion)))
}

function votesIn(rows: readonly Entry[]): readonly GatheredVote[] {
  return rows.map(([key, value]) => {
    const parts = parseVote(key)
    if (parts === undefined) throw badRow('V:')
    return { ...parts, weight: decodeVoteRow(value) }
  })
}

/** The same for many assertions, in their order. */
async function votesOnEach(
  reader: Reader, voted: readonly GatheredCandidate[]
): Promise<readonly (readonly GatheredVote[])[]> {
  if (voted.length <= VOTE_RANGES_MAX) return Promise.all(voted.map(({ id }) => votesOn(reader, id)))
  return (await reader.rangesAll(voted.map(({ id }) => ranges.votes(id)))).map(votesIn)
}

// Those of some candidates that have votes.
async function votedOf(
  reader: Reader, candidates: readonly GatheredCandidate[]
): Promise<readonly GatheredCandidate[]> {
  const wanted = candidates.map(({ id }) => keys.voted(id))
  const values = wanted.length <= LOOKUPS_MAX ? wanted.map(reader.get) : await reader.getMany(wanted)
  return candidates.filter((_, i) => values[i] !== undefined)
}

class StoredCandidate implements GatheredCandidate {
  readonly id: Hash
  readonly #row: CandidateRow
  readonly #records: Pick<Reader, 'get'>
  #record: Assertion | undefined

  constructor([key, value]: Entry, records: Pick<Reader, 'get'>) {
    this.id = candidateId(key)
    this.#row = decodeCandidateRow(value)
    this.#records = records
  }

  get agentId(): PublicKey {
    return this.#row.agentId
  }

  get timestampMs(): number {
    return this.#row.timestampMs
  }

  get epoch(): Hash | undefined {
    return this.#row.epoch
  }

  get confidence(): number {
    return this.#row.confidence
  }

  get objectBytes(): Uint8Array {
    return this.#row.objectBytes ?? this.#open().objectBytes
  }

  get object(): Value {
    return objectValue(this.objectBytes)
  }

  get source(): string | undefined {
    return this.#open().source
  }

  #open(): Assertion {
    this.#record ??= assertionIn(this.#records.get(keys.record(this.id)))
    return this.#record
  }
}

function assertionIn(bytes: Uint8Array | undefined): Assertion {
  const opened = bytes === undefined ? undefined : openRecord(bytes)
  if (opened?.grade !== 'effective' || opened.record.kind !== 'assertion') throw badRow('S:')
  return opened.record
}
