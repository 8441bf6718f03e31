// The write-ahead log: opaque payloads, one writer, any number of readers; the ledger that all else is
// rebuilt from.
// Rule: an append that resolved is on stable storage; what never resolved may vanish, but only whole.
// Format and recovery (torn end or corruption): docs/formats/wal-segment.md.

import { join } from 'node:path'
import { assert } from '../base/index.js'
import { guarded, WalError } from './errors.js'
import { frameBytesOf } from './frame.js'
import { frameBytesMaxOf, walSettings, type WalOptions, type WalSettings } from './options.js'
import { createAppendQueue, type AppendQueue } from './queue.js'
import { createReader, type Reader } from './reader.js'
import { createRecentFrames, type RecentFrames } from './recent.js'
import { recoverLog, type FoundLog, type RecoveredLog } from './recovery.js'
import { createLog, findLog, removeSpares } from './segment-list.js'
import { segmentName } from './segment-files.js'
import { readMany, tail } from './tail.js'
import type { Frame, NewFrame, Wal, WalDeps, WalIdentity } from './types.js'
import { closeWriter, wakeWriter, type Writer } from './writer.js'

/**
 * Opens the log in a directory, or makes a new one there, and repairs its end after a crash.
 * @throws WalError WAL_CORRUPT, WAL_OTHER_NETWORK, WAL_VERSION, WAL_MISSING, WAL_IO
 * Cost: reads the newest segment and all that the store has not covered.
 */
export async function openWal(options: WalOptions, deps: WalDeps): Promise<Wal> {
  const settings = walSettings(options)
  const { found, created } = await findOrCreate(settings, deps)
  if (!settings.readOnly) await removeSpares(deps.disk, settings.directory)
  const recovered = await recoverLog(found, settings, deps)
  const identity = await identityOf(settings, deps, created)
  const queue = createAppendQueue(settings)
  const recent = createRecentFrames(settings.recentBytesMax)
  const listeners = new Set<(lastSynced: number) => void>()
  const writer = await openWriter(settings, deps, { found, recovered, queue, recent, listeners })
  const reader = createReader(settings.directory, {
    disk: deps.disk, codec: recovered.codec, segments: found.segments, recent,
    lastSynced: () => writer.lastSynced
  })
  const closed = new AbortController()
  return walOver({ settings, writer, reader, identity, listeners, closed, closing: undefined })
}

async function findOrCreate(
  settings: WalSettings, deps: WalDeps
): Promise<{ readonly found: FoundLog; readonly created: boolean }> {
  const { directory, provenSequence, segmentBytes } = settings
  const found = await findLog(deps.disk, settings)
  if (found !== undefined) return { found, created: false }
  if (provenSequence > 0) {
    const segment = segmentName(0)
    throw new WalError({ code: 'WAL_CORRUPT', reason: 'log-missing', segment, offsetBytes: 0, sequence: 1 })
  }
  if (settings.readOnly) throw new WalError({ code: 'WAL_MISSING', directory })
  return { found: await createLog(deps.disk, settings, segmentBytes, deps.random), created: true }
}

async function identityOf(settings: WalSettings, deps: WalDeps, created: boolean): Promise<WalIdentity> {
  const { directory } = settings
  const stat = await guarded('open', directory, () => deps.disk.stat(directory))
  if (stat === undefined) throw new WalError({ code: 'WAL_MISSING', directory })
  return { device: stat.device, inode: stat.inode, created }
}

interface Parts {
  readonly found: FoundLog
  readonly recovered: RecoveredLog
  readonly queue: AppendQueue
  readonly recent: RecentFrames
  readonly listeners: ReadonlySet<(lastSynced: number) => void>
}

async function openWriter(settings: WalSettings, deps: WalDeps, parts: Parts): Promise<Writer> {
  const { found, recovered, listeners } = parts
  const entry = found.segments.entries.at(-1)
  assert(entry !== undefined, 'a log has a segment')
  const path = join(settings.directory, segmentName(entry.index))
  const file = await guarded('open', path, () => deps.disk.open(path, settings.readOnly ? 'read' : 'write'))
  return {
    settings, disk: deps.disk, log: deps.log, queue: parts.queue, recent: parts.recent,
    codec: recovered.codec, key: found.key, segments: found.segments,
    entry, file, offset: recovered.endOffset, staleTo: 0,
    lastSynced: recovered.lastSequence, link: recovered.link,
    full: false, failure: undefined, closed: false, turn: undefined, spare: undefined,
    synced(lastSynced) {
      for (const listener of listeners) listener(lastSynced)
    }
  }
}

interface OpenLog {
  readonly settings: WalSettings
  readonly writer: Writer
  readonly reader: Reader
  readonly identity: WalIdentity
  readonly listeners: Set<(lastSynced: number) => void>
  readonly closed: AbortController
  closing: Promise<void> | undefined
}

function walOver(log: OpenLog): Wal {
  return new SegmentedWal(log)
}

/** A class: an object with accessors of its own is a slow one, and each append comes here. */
class SegmentedWal implements Wal {
  readonly identity: WalIdentity
  readonly #log: OpenLog
  readonly #source: Parameters<typeof tail>[0]

  constructor(log: OpenLog) {
    const { reader, closed, writer } = log
    this.#log = log
    this.identity = log.identity
    const onSynced: Wal['onSynced'] = (callback) => this.onSynced(callback)
    this.#source = { reader, lastSynced: () => writer.lastSynced, onSynced, closed: closed.signal }
  }

  get lastSynced(): number { return this.#log.writer.lastSynced }
  get failure(): WalError | undefined { return this.#log.writer.failure }

  append(type: number, payload: Uint8Array): Promise<number> {
    return append(this.#log, [{ type, payload }])
  }

  async appendMany(frames: readonly NewFrame[]): Promise<readonly number[]> {
    if (frames.length === 0) return []
    const first = await append(this.#log, frames)
    return frames.map((_, index) => first + index)
  }

  tail(fromSequence: number, signal: AbortSignal): ReturnType<Wal['tail']> {
    return tail(this.#source, fromSequence, signal)
  }

  async read(sequence: number): Promise<Frame> {
    const [frame] = await readMany(this.#source, [sequence])
    assert(frame !== undefined, 'one frame was asked for')
    return frame
  }

  readMany(sequences: readonly number[]): Promise<readonly Frame[]> {
    return readMany(this.#source, sequences)
  }

  queued(): ReturnType<Wal['queued']> { return this.#log.writer.queue.state() }
  sizeBytes(): number { return this.#log.writer.segments.sizeBytes() }

  onSynced(callback: (lastSynced: number) => void): () => void {
    const { listeners } = this.#log
    listeners.add(callback)
    return () => void listeners.delete(callback)
  }

  close(): Promise<void> {
    return this.#log.closing ??= close(this.#log)
  }
}

function append(log: OpenLog, frames: readonly NewFrame[]): Promise<number> {
  const { writer } = log
  const refusal = refusalOf(log)
  if (refusal !== undefined) return Promise.reject(refusal)
  const frameBytesMax = frameBytesMaxOf(log.settings.segmentBytes)
  let bytes = 0
  for (const { type, payload } of frames) {
    assert(type >= 1 && type <= 255, 'a frame type is 1..255')
    const frameBytes = frameBytesOf(payload.length)
    if (frameBytes > frameBytesMax) {
      return Promise.reject(new WalError({ code: 'WAL_FRAME_TOO_LARGE', frameBytes, frameBytesMax }))
    }
    bytes += frameBytes
  }
  return new Promise((resolve, reject) => {
    if (writer.queue.push({ frames, bytes, resolve, reject })) wakeWriter(writer)
    else reject(new WalError({ code: 'WAL_BUSY', waiting: writer.queue.state().waiting }))
  })
}

function refusalOf(log: OpenLog): WalError | undefined {
  if (log.settings.readOnly) return new WalError({ code: 'WAL_READ_ONLY' })
  if (log.writer.closed) return new WalError({ code: 'WAL_CLOSED' })
  return log.writer.failure
}

async function close(log: OpenLog): Promise<void> {
  await closeWriter(log.writer)
  log.closed.abort()
  await log.reader.close()
}
