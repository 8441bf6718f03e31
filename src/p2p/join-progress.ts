// Progress of a join: how much has come, how fast, and how much there is.
// The rate is over the last ten seconds of transfer, so that a pause shows.

import type { Clock } from '../base/index.js'

/** Where catching up stands. */
export interface JoinProgress {
  /** Records of foreign blocks admitted since the start, and their bytes as they travelled. */
  readonly records: number
  readonly bytes: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** Most records that a peer said it has; undefined before the first word. */
  readonly remoteRecords?: number
  /** A first session has left nothing to fetch that its peer has, while no other was fetching. */
  readonly synced: boolean
}

/** Counts progress. */
export interface ProgressMeter {
  admitted(records: number, bytes: number): void
  remote(records: number): void
  synced(): void
  progress(): JoinProgress
  /** Resolves at the first call of `synced`. */
  readonly whenSynced: Promise<void>
}

interface Sample {
  readonly atMs: number
  readonly records: number
  readonly bytes: number
}

const windowMs = 10_000
const sampleMs = 500

/** Makes a meter at zero. */
export function createProgressMeter(clock: Clock): ProgressMeter {
  const done = Promise.withResolvers<void>()
  const samples: Sample[] = []
  let records = 0
  let bytes = 0
  let remoteRecords: number | undefined
  let synced = false
  const sample = (now: number): void => {
    const last = samples.at(-1)
    if (last === undefined || now - last.atMs >= sampleMs) samples.push({ atMs: now, records, bytes })
    while ((samples[0]?.atMs ?? now) < now - windowMs) samples.shift()
  }
  return {
    admitted(moreRecords: number, moreBytes: number): void {
      sample(clock.monotonicMs())
      records += moreRecords
      bytes += moreBytes
    },
    remote(count: number): void {
      remoteRecords = Math.max(remoteRecords ?? 0, count)
    },
    synced(): void {
      synced = true
      done.resolve()
    },
    progress(): JoinProgress {
      const now = clock.monotonicMs()
      sample(now)
      const first = samples[0] ?? { atMs: now, records, bytes }
      const seconds = Math.max(1, now - first.atMs) / 1_000
      return {
        records,
        bytes,
        recordsPerSecond: Math.round((records - first.records) / seconds),
        bytesPerSecond: Math.round((bytes - first.bytes) / seconds),
        ...(remoteRecords === undefined ? {} : { remoteRecords }),
        synced
      }
    },
    whenSynced: done.promise
  }
}
