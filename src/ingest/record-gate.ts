// The way in for a local client's records: cheapest checks first, then the signature, then the ledger. A
// record is acknowledged when its frame is synced.
// Rule: idempotent. The same bytes again give the same id and store nothing.

import { RECORD_LIMITS, TIME_LIMITS, type Clock, type Hash, type NetworkId } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import { openRecord } from '../record/index.js'
import { keys, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import type { Backlog } from './backlog.js'
import { FRAME } from './frames.js'
import type { IngestOptions } from './options.js'
import { releaseTime } from './quarantine-rows.js'
import type { Quarantine } from './quarantine.js'
import { BUSY, logRefusal, refused } from './refusals.js'
import type { AdmitResult } from './types.js'
import { verifyJob } from './verify-job.js'
import type { VerifyPool } from './verify-pool.js'

/** What the gate asks. */
export interface RecordGateDeps {
  readonly wal: Wal
  readonly store: Store
  readonly backlog: Backlog
  readonly quarantine: Quarantine
  readonly pool: VerifyPool
  readonly clock: Clock
  readonly networkId: NetworkId
  /** New records wait to be sealed. */
  readonly onAccepted: () => void
}

/** Admits records of local clients. */
export interface RecordGate {
  /** One result a record, in order. */
  admit(records: readonly Uint8Array[]): Promise<readonly AdmitResult[]>
}

interface Gate {
  readonly options: Pick<IngestOptions, 'backlogRecordsMax' | 'backlogBytesMax'>
  readonly deps: RecordGateDeps
  /** Records between their first check and their frame: a second copy waits for the first one's fate. */
  readonly inFlight: Map<Hash, Slot>
  /** Their bytes. */
  inFlightBytes: number
}

/** One call of `admit`. */
interface Call {
  readonly results: (AdmitResult | undefined)[]
  readonly candidates: Candidate[]
  readonly copies: { readonly index: number; readonly first: Slot }[]
  /** Resolves when the candidates have their results. */
  readonly done: PromiseWithResolvers<void>
}

/** The place of one record in a call. */
interface Slot {
  readonly call: Call
  readonly index: number
}

interface Candidate {
  readonly index: number
  readonly opened: OpenedRecord
  /** The backlog's count of arrivals when the index did not hold the record. */
  readonly absentAt: number
}

/** A candidate with a good signature; `releaseMs` when it goes to the quarantine first. */
interface Accepted extends Candidate {
  readonly releaseMs?: number
}

/** A gate over open parts. */
export function createRecordGate(options: Gate['options'], deps: RecordGateDeps): RecordGate {
  const gate: Gate = { options, deps, inFlight: new Map(), inFlightBytes: 0 }
  return { admit: (records) => admit(gate, records) }
}

async function admit(gate: Gate, records: readonly Uint8Array[]): Promise<readonly AdmitResult[]> {
  const results = new Array<AdmitResult | undefined>(records.length).fill(undefined)
  const call: Call = { results, candidates: [], copies: [], done: Promise.withResolvers<void>() }
  records.forEach((bytes, index) => sort(gate, call, bytes, index))
  try {
    await write(gate, call, await verify(gate, call))
  } finally {
    for (const { opened } of call.candidates) {
      gate.inFlight.delete(opened.id)
      gate.inFlightBytes -= opened.bytes.length
    }
    call.done.resolve()
  }
  for (const { index, first } of call.copies) results[index] = await fateOf(first)
  return results.map((result) => result ?? BUSY)
}

/** Gives a record its result where that takes neither signature nor ledger. */
function sort(gate: Gate, call: Call, bytes: Uint8Array, index: number): void {
  // Before the bytes are read at all: who is too busy must not spend its time on saying so.
  const opened = isBusy(gate) ? BUSY : open(bytes)
  if ('kind' in opened) {
    call.results[index] = opened
    return
  }
  // Asked before the index: until its frame is synced, nobody is told that the record is here.
  const first = gate.inFlight.get(opened.id)
  if (first !== undefined) {
    call.copies.push({ index, first })
    return
  }
  const answer = answerAtOnce(gate.deps, opened)
  call.results[index] = answer
  if (answer !== undefined) return
  call.candidates.push({ index, opened, absentAt: gate.deps.backlog.arrivals })
  gate.inFlight.set(opened.id, { call, index })
  gate.inFlightBytes += opened.bytes.length
}

function open(bytes: Uint8Array): AdmitResult | OpenedRecord {
  if (bytes.length > RECORD_LIMITS.recordBytesMax) return refused('RECORD_TOO_LARGE', 'record bytes')
  const opened = openRecord(bytes)
  if (opened.grade === 'invalid') return refused('RECORD_INVALID', opened.rule)
  return opened.grade === 'inert' ? refused('RECORD_INERT', opened.rule) : opened
}

/** The result of a record that is here already, or that cannot be taken; undefined to go on with it. */
function answerAtOnce(deps: RecordGateDeps, { id, timestampMs }: OpenedRecord): AdmitResult | undefined {
  if (deps.backlog.get(id) !== undefined || deps.store.get(keys.record(id)) !== undefined) {
    return { kind: 'known', id }
  }
  if (deps.quarantine.has(id, timestampMs)) {
    return { kind: 'quarantined', id, releaseMs: releaseTime(timestampMs) }
  }
  if (timestampMs > deps.clock.nowMs() + TIME_LIMITS.quarantineAheadMsMax) {
    return refused('RECORD_TOO_FAR_AHEAD', 'timestamp more than 30 days ahead')
  }
  return undefined
}

function isBusy({ options, deps, inFlight, inFlightBytes }: Gate): boolean {
  const { backlog } = deps
  if (backlog.size + inFlight.size >= options.backlogRecordsMax) return true
  return backlog.bytes + inFlightBytes >= options.backlogBytesMax
}

/** The candidates with a good signature and a place to go; the others get their results. */
async function verify({ deps }: Gate, { candidates, results }: Call): Promise<readonly Accepted[]> {
  const verdicts = await deps.pool.verify(candidates.map(({ opened }) => verifyJob(opened, deps.networkId)))
  const accepted: Accepted[] = []
  candidates.forEach((candidate, position) => {
    const verdict = verdicts === undefined ? BUSY : place(deps, candidate.opened, verdicts[position] === true)
    if (typeof verdict === 'number') accepted.push({ ...candidate, releaseMs: verdict })
    else if (verdict === undefined) accepted.push(candidate)
    else results[candidate.index] = verdict
  })
  return accepted
}

/** A release time for the quarantine, undefined for admission at once, or a refusal. */
function place(deps: RecordGateDeps, opened: OpenedRecord, valid: boolean): AdmitResult | number | undefined {
  if (!valid) return refused('RECORD_SIGNATURE', 'signature')
  const releaseMs = releaseTime(opened.timestampMs)
  if (releaseMs <= deps.clock.nowMs()) return undefined
  return deps.quarantine.reserve(opened) ? releaseMs : refused('QUARANTINE_FULL', 'quarantine')
}

async function write({ deps }: Gate, { results }: Call, accepted: readonly Accepted[]): Promise<void> {
  if (accepted.length === 0) return
  const frames = accepted.map(({ opened }) => ({ type: FRAME.record, payload: opened.bytes }))
  try {
    const sequences = await deps.wal.appendMany(frames)
    accepted.forEach(({ index, opened, absentAt, releaseMs }, position) => {
      const { id } = opened
      if (releaseMs === undefined) deps.backlog.add(opened, sequences[position] ?? 0, false, absentAt)
      results[index] = releaseMs === undefined ? { kind: 'admitted', id } : { kind: 'quarantined', id, releaseMs }
    })
    deps.onAccepted()
  } catch (error) {
    const refusal = logRefusal(error)
    for (const { index, opened } of accepted) {
      deps.quarantine.cancel(opened.id)
      results[index] = refusal
    }
  }
}

/** What a copy is told: the first one was admitted, so this one is known. */
async function fateOf({ call, index }: Slot): Promise<AdmitResult> {
  await call.done.promise
  const result = call.results[index] ?? BUSY
  return result.kind === 'admitted' ? { kind: 'known', id: result.id } : result
}
