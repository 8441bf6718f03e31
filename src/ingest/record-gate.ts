// The way in for a local client's records: cheapest checks first, then the signature, then the ledger. A record is
// acknowledged when its frame is synced. Idempotent: the same bytes again give the same id and store nothing.

import { RECORD_LIMITS, TIME_LIMITS, type Clock, type Hash, type NetworkId } from '../base/index.js'
import { idBytes } from '../base/index.js'
import type { OpenedRecord } from '../dag/index.js'
import { openRecord, signedMessage } from '../record/index.js'
import { keys, type Store } from '../store/index.js'
import { WalError, type Wal } from '../wal/index.js'
import type { Backlog } from './backlog.js'
import { FRAME } from './frames.js'
import type { IngestOptions } from './options.js'
import { releaseTime, type Quarantine } from './quarantine.js'
import type { AdmitRefusal, AdmitResult } from './types.js'
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

interface Candidate {
  readonly index: number
  readonly opened: OpenedRecord
}

type Results = (AdmitResult | undefined)[]

/** A gate over open parts. */
export function createRecordGate(
  options: Pick<IngestOptions, 'backlogRecordsMax' | 'backlogBytesMax'>,
  deps: RecordGateDeps
): RecordGate {
  const { backlog, clock, pool, store, wal } = deps
  /** Records between their first check and their frame: a second copy waits for the first one's fate. */
  const inFlight = new Map<Hash, Promise<AdmitResult>>()

  function precheck(bytes: Uint8Array): AdmitResult | OpenedRecord {
    if (bytes.length > RECORD_LIMITS.recordBytesMax) return refused('RECORD_TOO_LARGE', 'record bytes')
    const opened = openRecord(bytes)
    if (opened.grade === 'invalid') return refused('RECORD_INVALID', opened.rule)
    if (opened.grade === 'inert') return refused('RECORD_INERT', opened.rule)
    const { id, timestampMs } = opened
    if (backlog.get(id) !== undefined || store.get(keys.record(id)) !== undefined) return { kind: 'known', id }
    if (deps.quarantine.has(id, timestampMs)) {
      return { kind: 'quarantined', id, releaseMs: releaseTime(timestampMs) }
    }
    if (timestampMs > clock.nowMs() + TIME_LIMITS.quarantineAheadMsMax) {
      return refused('RECORD_TOO_FAR_AHEAD', 'timestamp more than 30 days ahead')
    }
    return opened
  }

  function isBusy(): boolean {
    return (
      backlog.size + inFlight.size >= options.backlogRecordsMax || backlog.bytes >= options.backlogBytesMax
    )
  }

  async function admitAll(candidates: readonly Candidate[], results: Results): Promise<void> {
    const verdicts = await pool.verify(candidates.map(({ opened }) => verifyJob(opened, deps.networkId)))
    const accepted: (Candidate & { readonly releaseMs?: number })[] = []
    candidates.forEach((candidate, position) => {
      const verdict = verdicts === undefined ? BUSY : place(candidate.opened, verdicts[position] === true)
      if (typeof verdict === 'number') accepted.push({ ...candidate, releaseMs: verdict })
      else if (verdict === undefined) accepted.push(candidate)
      else results[candidate.index] = verdict
    })
    await write(accepted, results)
  }

  /** A release time for the quarantine, undefined for admission at once, or a refusal. */
  function place(opened: OpenedRecord, valid: boolean): AdmitResult | number | undefined {
    if (!valid) return refused('RECORD_SIGNATURE', 'signature')
    const releaseMs = releaseTime(opened.timestampMs)
    if (releaseMs <= clock.nowMs()) return undefined
    return deps.quarantine.reserve(opened.agentId) ? releaseMs : refused('QUARANTINE_FULL', 'quarantine')
  }

  async function write(
    accepted: readonly (Candidate & { readonly releaseMs?: number })[],
    results: Results
  ): Promise<void> {
    if (accepted.length === 0) return
    const frames = accepted.map(({ opened }) => ({ type: FRAME.record, payload: opened.bytes }))
    try {
      const sequences = await wal.appendMany(frames)
      accepted.forEach(({ index, opened, releaseMs }, position) => {
        const { id } = opened
        if (releaseMs === undefined) backlog.add(opened, sequences[position] ?? 0, false)
        results[index] = releaseMs === undefined ? { kind: 'admitted', id } : { kind: 'quarantined', id, releaseMs }
      })
      deps.onAccepted()
    } catch (error) {
      const refusal = logRefusal(error)
      for (const { index, opened, releaseMs } of accepted) {
        if (releaseMs !== undefined) deps.quarantine.cancel(opened.agentId)
        results[index] = refusal
      }
    }
  }

  return {
    async admit(records) {
      const results: Results = new Array<AdmitResult | undefined>(records.length).fill(undefined)
      const candidates: Candidate[] = []
      const copies: { readonly index: number; readonly fate: Promise<AdmitResult> }[] = []
      const done = Promise.withResolvers<void>()
      records.forEach((bytes, index) => {
        const checked = precheck(bytes)
        if ('kind' in checked) results[index] = checked
        else if (inFlight.has(checked.id)) {
          const fate = inFlight.get(checked.id)
          if (fate !== undefined) copies.push({ index, fate })
        } else if (isBusy()) results[index] = BUSY
        else {
          candidates.push({ index, opened: checked })
          inFlight.set(checked.id, done.promise.then(() => results[index] ?? BUSY))
        }
      })
      try {
        await admitAll(candidates, results)
      } finally {
        for (const { opened } of candidates) inFlight.delete(opened.id)
        done.resolve()
      }
      for (const { index, fate } of copies) results[index] = asKnown(await fate)
      return results.map((result) => result ?? BUSY)
    }
  }
}

const BUSY: AdmitResult = { kind: 'refused', code: 'INGEST_BUSY', rule: 'too many records under way' }

/** What a pool needs to check the record's signature. */
export function verifyJob(
  opened: OpenedRecord,
  networkId: NetworkId
): { readonly publicKey: Uint8Array; readonly signature: Uint8Array; readonly message: Uint8Array } {
  return {
    publicKey: idBytes(opened.agentId),
    signature: opened.signature,
    message: signedMessage(opened.bytes, networkId)
  }
}

function refused(code: AdmitRefusal, rule: string): AdmitResult {
  return { kind: 'refused', code, rule }
}

function asKnown(result: AdmitResult): AdmitResult {
  return result.kind === 'admitted' ? { kind: 'known', id: result.id } : result
}

function logRefusal(error: unknown): AdmitResult {
  if (!(error instanceof WalError)) throw error
  if (error.code === 'WAL_NO_SPACE') return refused('NODE_NO_SPACE', 'the disk is full')
  if (error.code === 'WAL_CLOSED') return refused('NODE_STOPPING', 'the node is stopping')
  return refused('NODE_READ_ONLY', 'the log has failed; restart the node')
}
