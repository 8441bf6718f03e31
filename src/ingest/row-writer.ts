// The index rows of one record, written in the batch of the block that brings it.
// Rule: rows follow from the record alone (and the genesis' governors), never from arrival: a record that
// is here already adds nothing, and a vote may come before its assertion. Keyspace: docs/formats/keyspace.md.

import { unreachable, type Hash, type PublicKey } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import {
  openRecord, type Assertion, type EpochRecord, type StemeRecord, type Value, type Vote
} from '../record/index.js'
import {
  EMPTY, encodeAgentRow, encodeCandidateRow, encodeEpochRow, encodeMarkRow, encodeVoteRow, keys, MARK_IDS_MAX,
  type Batch, type EpochRow, type Reader
} from '../store/index.js'
import type { Target, TargetCache } from './target-cache.js'
import type { AppliedStep } from './types.js'

/** Writes the rows of records into one batch. */
export interface RowWriter {
  /**
   * @param mark    WAL sequence of the block's frame: the number in the dirty marks
   * @param absent  the caller knows that the index does not hold the record
   */
  write(opened: OpenedRecord, mark: number, absent?: boolean): void
  /** Writes the marks: call it once, behind the last record. */
  end(): void
  /** True when this writer wrote the record. */
  has(id: Hash): boolean
  readonly records: AppliedStep['records']
  readonly keys: AppliedStep['keys']
  readonly dirty: boolean
}

/** What a row writer works on. */
export interface RowWriterDeps {
  readonly reader: Pick<Reader, 'get'>
  readonly batch: Pick<Batch, 'add' | 'put'>
  readonly targets: TargetCache
  /** Agents whose epoch records count. */
  readonly governors: ReadonlySet<PublicKey>
}

/** A mark that will be written, with the records that ask for it. */
interface OpenMark {
  readonly target: Target
  readonly sequence: number
  readonly ids: Hash[]
  total: number
}

/** A writer for one batch. It reads what the store holds, and its own writes by memory. */
export function createRowWriter(deps: RowWriterDeps): RowWriter {
  return new BatchRowWriter(deps)
}

class BatchRowWriter implements RowWriter {
  readonly records: { readonly id: Hash; readonly kind: string }[] = []
  readonly keys: Target[] = []
  readonly #reader: Pick<Reader, 'get'>
  readonly #batch: Pick<Batch, 'add' | 'put'>
  readonly #targets: TargetCache
  readonly #governors: ReadonlySet<PublicKey>
  readonly #seen = new Set<Hash>()
  readonly #marks = new Map<string, OpenMark>()
  #dirty = false

  constructor({ reader, batch, targets, governors }: RowWriterDeps) {
    this.#reader = reader
    this.#batch = batch
    this.#targets = targets
    this.#governors = governors
  }

  get dirty(): boolean {
    return this.#dirty
  }

  has(id: Hash): boolean {
    return this.#seen.has(id)
  }

  write(opened: OpenedRecord, mark: number, absent = false): void {
    if (this.#seen.has(opened.id)) return
    const key = keys.record(opened.id)
    if (!absent && this.#reader.get(key) !== undefined) return
    this.#seen.add(opened.id)
    this.#batch.add(key, opened.bytes, true)
    if (opened.grade === 'effective') this.#writeEffective(opened.record, mark)
    this.records.push({ id: opened.id, kind: opened.grade === 'effective' ? opened.record.kind : 'inert' })
  }

  end(): void {
    for (const { target, sequence, ids, total } of this.#marks.values()) {
      const key = keys.blockMark(target.subject, target.predicate, sequence)
      this.#batch.put(key, encodeMarkRow({ ids, total }))
    }
  }

  #writeEffective(record: StemeRecord, sequence: number): void {
    // A stranger's epoch record is inert by the genesis: stored, and of no effect.
    if (record.kind === 'epoch' && !this.#governors.has(record.agentId)) return
    const { agentId, timestampMs, id } = record
    this.#batch.add(keys.byAgent(agentId, timestampMs, id), encodeAgentRow(record.kind), true)
    switch (record.kind) {
      case 'assertion':
        return this.#writeAssertion(record, sequence)
      case 'vote':
        return this.#writeVote(record, sequence)
      case 'epoch':
        return this.#writeEpoch(record)
      default:
        return unreachable(record)
    }
  }

  #writeAssertion(record: Assertion, sequence: number): void {
    const { id, subject, predicate } = record
    const batch = this.#batch
    batch.add(keys.candidate(subject, predicate, id), encodeCandidateRow(record), true)
    batch.add(keys.byPredicate(predicate, subject), EMPTY)
    for (const reference of references(record.object)) {
      batch.add(keys.reference(reference, subject, predicate), EMPTY)
    }
    const target = { subject, predicate }
    this.#targets.set(id, target)
    this.#mark(target, sequence, id)
  }

  #writeVote({ assertion, agentId, timestampMs, id, weight }: Vote, sequence: number): void {
    this.#batch.add(keys.vote(assertion, agentId, timestampMs, id), encodeVoteRow(weight), true)
    const target = this.#targetOf(assertion)
    if (target !== undefined) this.#mark(target, sequence, id)
  }

  #writeEpoch(record: EpochRecord): void {
    this.#batch.add(keys.epoch(record.id), encodeEpochRow(epochRow(record)), true)
    // No mark: the materializer compares the epochs it knows with the rows and sweeps all views.
    this.#dirty = true
  }

  #targetOf(assertion: Hash): Target | undefined {
    const known = this.#targets.get(assertion)
    if (known !== undefined) return known
    const bytes = this.#reader.get(keys.record(assertion))
    const opened = bytes === undefined ? undefined : openRecord(bytes)
    if (opened?.grade !== 'effective' || opened.record.kind !== 'assertion') return undefined
    const target = { subject: opened.record.subject, predicate: opened.record.predicate }
    this.#targets.set(assertion, target)
    return target
  }

  #mark(target: Target, sequence: number, id: Hash): void {
    const name = `${target.subject.length}:${target.subject}${target.predicate}`
    this.#dirty = true
    let mark = this.#marks.get(name)
    if (mark === undefined) {
      this.#marks.set(name, mark = { target, sequence, ids: [], total: 0 })
      this.keys.push(target)
    }
    mark.total += 1
    if (mark.ids.length < MARK_IDS_MAX) mark.ids.push(id)
  }
}

function epochRow(record: EpochRecord): EpochRow {
  const { agentId, timestampMs, name, supersedes } = record
  return { agentId, timestampMs, name, ...(supersedes === undefined ? {} : { supersedes }) }
}

function references(value: Value): readonly string[] {
  const scalars = Array.isArray(value) ? value : [value]
  const found = new Set<string>()
  for (const scalar of scalars) {
    if (typeof scalar === 'object' && 'ref' in scalar) found.add(scalar.ref)
  }
  return [...found]
}
