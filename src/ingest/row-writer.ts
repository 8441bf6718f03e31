// The index rows of one record, written in the batch of the block that brings it. Keyspace: docs/formats/keyspace.md.
// Rule: rows follow from the record alone (and the genesis' governors), never from arrival: a record that is here
// already adds nothing, and a vote may come before its assertion.

import { blake3Hash, type Hash, type PublicKey } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import { openRecord, type Assertion, type EpochRecord, type StemeRecord, type Value } from '../record/index.js'
import {
  EMPTY, encodeAgentRow, encodeCandidateRow, encodeEpochRow, encodeVoteRow, keys, type Batch, type EpochRow,
  type Reader
} from '../store/index.js'
import type { AppliedStep } from './types.js'

/** Where an assertion stands: what a vote on it must mark dirty. */
export interface Target {
  readonly subject: string
  readonly predicate: string
}

/** Remembers where lately seen assertions stand, at most `max` of them. */
export interface TargetCache {
  get(assertion: Hash): Target | undefined
  set(assertion: Hash, target: Target): void
}

/** Writes the rows of records into one batch. */
export interface RowWriter {
  /** @param mark WAL sequence of the block's frame: the number in the dirty marks */
  write(opened: OpenedRecord, mark: number): void
  readonly records: AppliedStep['records']
  readonly dirty: boolean
}

/** A cache that forgets the oldest entry at `max`. */
export function createTargetCache(max: number): TargetCache {
  const targets = new Map<Hash, Target>()
  return {
    get: (assertion) => targets.get(assertion),
    set(assertion, target) {
      const oldest = targets.size >= max ? targets.keys().next().value : undefined
      if (oldest !== undefined) targets.delete(oldest)
      targets.set(assertion, target)
    }
  }
}

/**
 * A writer for one batch. It reads what the store holds, and its own writes by memory.
 * @param governors agents whose epoch records count
 */
export function createRowWriter(deps: {
  readonly reader: Reader
  readonly batch: Batch
  readonly targets: TargetCache
  readonly governors: ReadonlySet<PublicKey>
}): RowWriter {
  const { reader, batch, targets } = deps
  const records: { id: Hash; kind: string }[] = []
  const seen = new Set<Hash>()
  const marked = new Set<string>()
  let dirty = false

  function mark(target: Target, sequence: number): void {
    const name = `${target.subject.length}:${target.subject}${target.predicate}`
    dirty = true
    if (marked.has(name)) return
    marked.add(name)
    batch.put(keys.blockMark(target.subject, target.predicate, sequence), EMPTY)
  }

  function writeAssertion(record: Assertion, sequence: number): void {
    const { id, subject, predicate, agentId, timestampMs, epoch } = record
    const objectHash = blake3Hash(record.objectBytes)
    const row = { agentId, timestampMs, objectHash, ...(epoch === undefined ? {} : { epoch }) }
    batch.add(keys.candidate(subject, predicate, id), encodeCandidateRow(row), true)
    batch.add(keys.byPredicate(predicate, subject), EMPTY)
    for (const reference of references(record.object)) {
      batch.add(keys.reference(reference, subject, predicate), EMPTY)
    }
    const target = { subject, predicate }
    targets.set(id, target)
    mark(target, sequence)
  }

  function targetOf(assertion: Hash): Target | undefined {
    const known = targets.get(assertion)
    if (known !== undefined) return known
    const bytes = reader.get(keys.record(assertion))
    const opened = bytes === undefined ? undefined : openRecord(bytes)
    if (opened?.grade !== 'effective' || opened.record.kind !== 'assertion') return undefined
    const target = { subject: opened.record.subject, predicate: opened.record.predicate }
    targets.set(assertion, target)
    return target
  }

  function writeEffective(record: StemeRecord, sequence: number): void {
    // A stranger's epoch record is inert by the genesis: stored, and of no effect.
    if (record.kind === 'epoch' && !deps.governors.has(record.agentId)) return
    batch.add(keys.byAgent(record.agentId, record.timestampMs, record.id), encodeAgentRow(record.kind), true)
    switch (record.kind) {
      case 'assertion':
        return writeAssertion(record, sequence)
      case 'vote': {
        const { assertion, agentId, timestampMs, id, weight } = record
        batch.add(keys.vote(assertion, agentId, timestampMs, id), encodeVoteRow(weight), true)
        const target = targetOf(assertion)
        if (target !== undefined) mark(target, sequence)
        return
      }
      case 'epoch':
        batch.add(keys.epoch(record.id), encodeEpochRow(epochRow(record)), true)
        // No mark: the materializer compares the epochs it knows with the rows and sweeps all views.
        dirty = true
    }
  }

  return {
    write(opened, sequence) {
      const key = keys.record(opened.id)
      if (seen.has(opened.id) || reader.get(key) !== undefined) return
      seen.add(opened.id)
      batch.add(key, opened.bytes, true)
      if (opened.grade === 'effective') writeEffective(opened.record, sequence)
      records.push({ id: opened.id, kind: opened.grade === 'effective' ? opened.record.kind : 'inert' })
    },
    records,
    get dirty() {
      return dirty
    }
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
