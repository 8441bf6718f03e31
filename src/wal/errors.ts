// Expected failures of the write-ahead log: a closed union of details and the class that carries them.
// Rule: codes are API, texts are not. Nothing else is thrown over what a disk or its bytes can do.

import { CodedError } from '../base/index.js'

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
    super(detail, describe(detail), cause === undefined ? undefined : { cause })
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

function describe(detail: WalErrorDetail): string {
  const { code, ...rest } = detail
  return `${code} ${JSON.stringify(rest)}`
}
