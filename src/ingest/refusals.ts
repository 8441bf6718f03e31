// Why a local record is not taken, as answers of admission.

import { WalError } from '../wal/index.js'
import type { AdmitRefusal, AdmitResult } from './types.js'

/** Refuses for lack of room: the same record may pass in a moment. */
export const BUSY: AdmitResult = {
  kind: 'refused', code: 'INGEST_BUSY', rule: 'too many records under way'
}

/** Refuses because the node takes no writes yet, or no more. */
export const STOPPING: AdmitResult = {
  kind: 'refused', code: 'NODE_STOPPING', rule: 'the node is starting or stopping'
}

/** Refuses because the index no longer follows the ledger: what would be acknowledged could not be seen. */
export const READ_ONLY: AdmitResult = {
  kind: 'refused', code: 'NODE_READ_ONLY', rule: 'the index has failed; restart the node'
}

/** A refusal with the rule that it rests on. */
export function refused(code: AdmitRefusal, rule: string): AdmitResult {
  return { kind: 'refused', code, rule }
}

/** What a failed append means for its records. Anything but a failure of the log is thrown on. */
export function logRefusal(error: unknown): AdmitResult {
  if (!(error instanceof WalError)) throw error
  if (error.code === 'WAL_NO_SPACE') return refused('NODE_NO_SPACE', 'the disk is full')
  if (error.code === 'WAL_BUSY') return BUSY
  if (error.code === 'WAL_CLOSED') return refused('NODE_STOPPING', 'the node is stopping')
  return refused('NODE_READ_ONLY', 'the log has failed; restart the node')
}
