// Tail and random access over a reader: what callers of the log see.
// Rule: only synced frames; one batch in memory at a time.

import { WalError } from './errors.js'
import { FRAME_BYTES_MAX } from './frame.js'
import type { Reader } from './reader.js'
import type { Frame } from './types.js'

/** A log to read from. */
export interface TailSource {
  readonly reader: Reader
  readonly lastSynced: () => number
  /** Calls back after each sync; returns how to stop that. */
  readonly onSynced: (callback: () => void) => () => void
  /** Aborted once the log is closed. */
  readonly closed: AbortSignal
}

const batchBytesMax = FRAME_BYTES_MAX
// Wanted frames this close are read in one go.
const nearFrames = 64

/** Batches of synced frames from a sequence on, until the signal aborts or the log closes. */
export async function* tail(
  source: TailSource, fromSequence: number, signal: AbortSignal
): AsyncGenerator<readonly Frame[], void, undefined> {
  let next = Math.max(1, fromSequence)
  while (!signal.aborted && !source.closed.aborted) {
    if (next > source.lastSynced()) {
      await nextSync(source, signal)
      continue
    }
    const frames = await source.reader.run(next, batchBytesMax)
    yield frames
    next += frames.length
  }
}

/**
 * Frames by sequence, in the order asked for. @throws WalError WAL_CLOSED, WAL_NOT_FOUND, WAL_CORRUPT,
 * WAL_IO
 */
export async function readMany(source: TailSource, sequences: readonly number[]): Promise<readonly Frame[]> {
  if (source.closed.aborted) throw new WalError({ code: 'WAL_CLOSED' })
  const found = new Map<number, Frame>()
  const wanted = [...new Set(sequences)].sort((a, b) => a - b)
  for (const [index, sequence] of wanted.entries()) {
    if (found.has(sequence)) continue
    const known = sequence >= 1 && sequence <= source.lastSynced()
    if (!known) throw new WalError({ code: 'WAL_NOT_FOUND', sequence })
    const near = (wanted[index + 1] ?? Infinity) - sequence <= nearFrames
    const run = await source.reader.run(sequence, near ? batchBytesMax : 1)
    for (const { sequence: at, type, payload } of pick(run, wanted, index)) {
      // A copy: a view would keep the whole run in memory.
      found.set(at, { sequence: at, type, payload: Buffer.from(payload) })
    }
  }
  return sequences.map((sequence) => frameOf(found, sequence))
}

/** The frames of a run that are wanted, both ascending. */
function pick(run: readonly Frame[], wanted: readonly number[], index: number): readonly Frame[] {
  const first = wanted[index] ?? 0
  const picked: Frame[] = []
  for (let next = index; next < wanted.length; next += 1) {
    const frame = run[(wanted[next] ?? Infinity) - first]
    if (frame === undefined) break
    picked.push(frame)
  }
  return picked
}

function frameOf(found: ReadonlyMap<number, Frame>, sequence: number): Frame {
  const frame = found.get(sequence)
  if (frame === undefined) throw new WalError({ code: 'WAL_NOT_FOUND', sequence })
  return frame
}

function nextSync(source: TailSource, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      stop()
      signal.removeEventListener('abort', finish)
      source.closed.removeEventListener('abort', finish)
      resolve()
    }
    const stop = source.onSynced(finish)
    signal.addEventListener('abort', finish)
    source.closed.addEventListener('abort', finish)
  })
}
