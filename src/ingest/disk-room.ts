// Room on the disk for blocks of others: where little is left they are deferred, while local writes go on.

import type { Clock, Disk, Log } from '../base/index.js'
import type { IngestOptions } from './options.js'

/** Watches the free space. */
export interface DiskRoom {
  /** False when blocks of others must wait. Looks at the disk once a second at most. */
  hasRoom(): Promise<boolean>
}

/** Options of the room. */
export type DiskRoomOptions = Pick<IngestOptions, 'freeBytesMin' | 'freePercentMin'>

/** What the room works on. */
export interface DiskRoomDeps {
  readonly disk: Pick<Disk, 'freeBytes' | 'totalBytes'>
  /** A directory on the disk. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

const LOOK_MS = 1_000

/** A room that has not looked yet. */
export function createDiskRoom(options: DiskRoomOptions, deps: DiskRoomDeps): DiskRoom {
  const { disk, directory, clock, log } = deps
  let roomy = true
  let lookedMs = Number.NEGATIVE_INFINITY
  let looking: Promise<boolean> | undefined

  const look = async (): Promise<boolean> => {
    const [free, total] = await Promise.all([disk.freeBytes(directory), disk.totalBytes(directory)])
    const needed = Math.max(options.freeBytesMin, total / 100 * options.freePercentMin)
    const before = roomy
    roomy = free >= needed
    if (before && !roomy) log.warn({ free, needed }, 'little space is left: blocks of other nodes wait')
    if (!before && roomy) log.info({ free }, 'there is space again: blocks of other nodes are admitted')
    return roomy
  }
  return {
    hasRoom() {
      if (looking !== undefined) return looking
      if (clock.monotonicMs() - lookedMs < LOOK_MS) return Promise.resolve(roomy)
      lookedMs = clock.monotonicMs()
      // Who cannot be asked does not speak against it: a full disk refuses by itself.
      looking = look().catch(() => roomy).finally(() => (looking = undefined))
      return looking
    }
  }
}
