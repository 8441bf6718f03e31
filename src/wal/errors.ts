// Expected failures of the write-ahead log: a closed union of details and the class that carries them.
// Rule: codes are API, texts are not. Nothing else is thrown over what a disk or its bytes can do.

import { CodedError, systemText, unreachable } from '../base/index.js'

/** What about the stored bytes cannot be explained by a crash. */
export type CorruptReason = 'frame' | 'header' | 'size' | 'segment-missing' | 'log-missing'

/** The step at which the disk gave an error. */
export type WalOperation = 'open' | 'read' | 'write' | 'sync' | 'segment' | 'close'

/** Every expected failure. Offsets count bytes from the start of the segment file. */
export type WalErrorDetail =
  /** The log was closed. */
  | { readonly code: 'WAL_CLOSED' }
  /** The log was opened for reading alone. */
  | { readonly code: 'WAL_READ_ONLY' }
  /** A write or sync failed: nothing is acknowledged until the log is opened anew. */
  | { readonly code: 'WAL_FAILED'; readonly operation: WalOperation }
  /** Too many calls wait for room in the queue already. The same append may pass in a moment. */
  | { readonly code: 'WAL_BUSY'; readonly waiting: number }
  /** The disk is full. This append is not stored; one made once there is space will be. */
  | { readonly code: 'WAL_NO_SPACE'; readonly neededBytes: number }
  | { readonly code: 'WAL_FRAME_TOO_LARGE'; readonly frameBytes: number; readonly frameBytesMax: number }
  /** There is no synced frame with this sequence number. */
  | { readonly code: 'WAL_NOT_FOUND'; readonly sequence: number }
  /** There is no log in this directory. */
  | { readonly code: 'WAL_MISSING'; readonly directory: string }
  /** Stored bytes are damaged where a crash cannot have done it. `sequence` is the frame expected there. */
  | {
    readonly code: 'WAL_CORRUPT'
    readonly reason: CorruptReason
    readonly segment: string
    readonly offsetBytes: number
    readonly sequence: number
  }
  /** The log belongs to another network. */
  | { readonly code: 'WAL_OTHER_NETWORK'; readonly segment: string }
  /** The log was written in a format that this program does not know. */
  | { readonly code: 'WAL_VERSION'; readonly segment: string; readonly version: number }
  /** The disk failed outside of the append path; the cause holds its error. */
  | { readonly code: 'WAL_IO'; readonly operation: WalOperation; readonly path: string }

/** An expected failure of the write-ahead log. */
export class WalError extends CodedError<WalErrorDetail> {
  constructor(detail: WalErrorDetail, cause?: unknown) {
    super(detail, textOf(detail, cause), cause === undefined ? undefined : { cause })
  }
}

/** Runs a disk operation and turns its failure into WAL_IO; a WalError passes unchanged. */
export async function guarded<T>(
  operation: WalOperation, path: string, action: () => Promise<T>
): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof WalError) throw error
    throw new WalError({ code: 'WAL_IO', operation, path }, error)
  }
}

/** True for the errors of a disk or quota that is full. */
export function isNoSpace(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ENOSPC' || error.code === 'EDQUOT'
}

function textOf(detail: WalErrorDetail, cause: unknown): string {
  const why = cause === undefined ? '' : `: ${systemText(cause)}`
  switch (detail.code) {
    case 'WAL_CLOSED': return 'the log is closed'
    case 'WAL_READ_ONLY': return 'the log is open for reading alone'
    case 'WAL_FAILED': return `the log takes nothing more until a restart: ${attempt(detail.operation)} failed${why}`
    case 'WAL_BUSY': return `${detail.waiting} calls wait for room in the log already`
    case 'WAL_NO_SPACE': return `the disk is full: ${detail.neededBytes} bytes are needed`
    case 'WAL_FRAME_TOO_LARGE': return `a frame of ${detail.frameBytes} bytes is over ${detail.frameBytesMax}`
    case 'WAL_NOT_FOUND': return `the log holds no frame ${detail.sequence}`
    case 'WAL_MISSING': return `there is no log in ${detail.directory}`
    case 'WAL_CORRUPT': return `the ledger is damaged: ${damageText(detail)}; ${remedy}`
    case 'WAL_OTHER_NETWORK': return `${detail.segment} of the log belongs to another network`
    case 'WAL_VERSION': return `${detail.segment} of the log has version ${detail.version}, unknown to this program`
    case 'WAL_IO': return `${attempt(detail.operation)} ${detail.path} failed${why}`
    default: return unreachable(detail)
  }
}

const remedy = 'while the node is stopped, \'stemedb repair\' saves what is left'

type Damage = Extract<WalErrorDetail, { readonly code: 'WAL_CORRUPT' }>

function damageText({ reason, segment, offsetBytes, sequence }: Damage): string {
  switch (reason) {
    case 'frame': return `${segment} holds no valid frame ${sequence} at byte ${offsetBytes}`
    case 'header': return `the header of ${segment} is not valid`
    case 'size': return `${segment} is longer or shorter than its header says`
    case 'segment-missing': return `${segment} is missing`
    case 'log-missing': return 'all its files are gone, though the index was made from them'
    default: return unreachable(reason)
  }
}

function attempt(operation: WalOperation): string {
  const names = { open: 'opening', read: 'reading', write: 'writing', sync: 'syncing', close: 'closing' }
  return operation === 'segment' ? 'making a segment' : names[operation]
}
