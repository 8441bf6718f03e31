// Gathering: all that was said about one (subject, predicate).
// Rule: S rows say what is asked of an assertion; the record itself is opened for objects and sources that
// are too long for a row. Records were verified when their block was admitted, so no signature
// is checked here.

import { equalBytes, utf8Text, type Hash, type PublicKey } from '../base/index.js'
import { objectValue, openRecord, type Assertion, type Value } from '../record/index.js'
import { badRow } from './errors.js'
import { keys } from './keys.js'
import { candidateId, parseCandidate } from './parse.js'
import { behind, ranges } from './ranges.js'
import { BATCH_ROWS, type Entry, type Reader } from './reader.js'
import { decodeCandidateRow, EMPTY } from './rows.js'
import { type GatheredVote, type WalkedVotes, votesOnEach, walkVotes } from './votes.js'

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
  /** Asking for a long one opens the record. */
  readonly source: string | undefined
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

/** Assertions whose votes are looked up between two waits: a few ms. */
const SLICE_ROWS = 512
/** Fewer are looked up here, more off the main thread. */
const LOOKUPS_MAX = 128
/** Bytes of the id that ends the key of a candidate. */
const ID_BYTES = 32
/** Of few assertions no votes are walked. */
const NOT_WALKED: WalkedVotes = { votes: [], next: 0 }

/**
 * Reads the candidates and votes of one key from one state of the index.
 * @throws StoreError STORE_READ_FAILED; STORE_BAD_ROW for a row of another form, also later, when a record is
 *   asked for that is no assertion
 * Cost: about 5 us a candidate and 3 us a vote; where most votes of the index are on other keys, 3 us more a
 *   candidate and 60 us for one with votes. Linear.
 */
export async function gatherKey(
  reader: Reader, subject: string, predicate: string, options: GatherOptions = {}
): Promise<GatheredKey> {
  const records = options.records ?? reader
  const range = ranges.candidates(subject, predicate)
  // Most keys end with the first batch: no iterator in steps is made for them.
  const first = await reader.rangeAll({ limit: BATCH_ROWS, ...range })
  const candidates: GatheredCandidate[] = first.map((row) => new StoredCandidate(row, records))
  const last = first.length < BATCH_ROWS ? undefined : first.at(-1)
  if (last !== undefined) {
    for await (const rows of reader.batches(behind(range, last[0]))) {
      options.signal?.throwIfAborted()
      for (const row of rows) candidates.push(new StoredCandidate(row, records))
    }
  }
  return { subject, predicate, candidates, votes: await votesOnAll(reader, candidates, options.signal) }
}

/** The votes on the assertions of a key. */
async function votesOnAll(
  reader: Reader, candidates: readonly GatheredCandidate[], signal: AbortSignal | undefined
): Promise<readonly GatheredVote[]> {
  signal?.throwIfAborted()
  const ids = candidates.map(({ id }) => id)
  const walked = ids.length > LOOKUPS_MAX ? await walkVotes(reader, ids, signal) : NOT_WALKED
  if (walked.next === ids.length) return walked.votes
  const votes = [...walked.votes]
  for (let at = walked.next; at < ids.length; at += SLICE_ROWS) {
    signal?.throwIfAborted()
    const voted = await votedOf(reader, ids.slice(at, at + SLICE_ROWS))
    for (const list of await votesOnEach(reader, voted)) for (const vote of list) votes.push(vote)
  }
  return votes
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
  const voted = await votedOf(reader, candidates.map(({ id }) => id))
  const found = await votesOnEach(reader, voted)
  for (const [at, id] of voted.entries()) votes.set(id, found[at] ?? [])
  return votes
}

// Those of some assertions that have votes.
async function votedOf(reader: Reader, ids: readonly Hash[]): Promise<readonly Hash[]> {
  const wanted = ids.map(keys.voted)
  const values = wanted.length <= LOOKUPS_MAX ? wanted.map(reader.get) : await reader.getMany(wanted)
  return ids.filter((_, i) => values[i] !== undefined)
}

class StoredCandidate implements GatheredCandidate {
  readonly id: Hash
  readonly agentId: PublicKey
  readonly timestampMs: number
  readonly epoch: Hash | undefined
  readonly confidence: number
  readonly #inline: Uint8Array | undefined
  readonly #source: Uint8Array | 'elsewhere' | undefined
  readonly #records: Pick<Reader, 'get'>
  #record: Assertion | undefined

  constructor([key, value]: Entry, records: Pick<Reader, 'get'>) {
    const { agentId, timestampMs, epoch, confidence, objectBytes, source } = decodeCandidateRow(value)
    this.id = candidateId(key)
    this.agentId = agentId
    this.timestampMs = timestampMs
    this.epoch = epoch
    this.confidence = confidence
    this.#inline = objectBytes
    this.#source = source
    this.#records = records
  }

  get objectBytes(): Uint8Array {
    return this.#inline ?? this.#open().objectBytes
  }

  get object(): Value {
    return objectValue(this.objectBytes)
  }

  get source(): string | undefined {
    if (this.#source === undefined) return undefined
    if (this.#source === 'elsewhere') return this.#open().source
    const text = utf8Text(this.#source)
    if (text === undefined) throw badRow('S:')
    return text
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
