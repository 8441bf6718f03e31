// What a node had accepted and not sealed when it stopped, brought back from the `u/` rows at start.

import type { Clock } from '../base/index.js'
import { openRecord } from '../record/index.js'
import { behind, decodeNumberRow, encodeNumberRow, keys, parseId, ranges, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import type { Backlog } from './backlog.js'
import { releaseTime } from './quarantine-rows.js'

const PAGE_ROWS = 1_024

/** Fills the backlog from the `u/` rows; a record whose time has not come by this clock goes to `Q:`. */
export async function loadUnsealed(store: Store, wal: Wal, backlog: Backlog, clock: Clock): Promise<void> {
  for (let rest = ranges.unsealed(); ;) {
    const found = await store.rangeAll({ limit: PAGE_ROWS, ...rest })
    const frames = await wal.readMany(found.map(([, value]) => decodeNumberRow(value)))
    const batch = store.batch()
    found.forEach(([key], index) => {
      const id = parseId('unsealed', key)
      const frame = frames[index]
      const opened = frame === undefined ? undefined : openRecord(frame.payload)
      if (frame === undefined || opened === undefined || opened.grade === 'invalid') return
      const releaseMs = releaseTime(opened.timestampMs)
      if (releaseMs <= clock.nowMs()) return void backlog.add(opened, frame.sequence, true)
      batch.remove(key)
      batch.add(keys.quarantined(releaseMs, id), encodeNumberRow(frame.sequence))
    })
    await store.write(batch)
    const last = found[found.length - 1]
    if (last === undefined || found.length < PAGE_ROWS) return
    rest = behind(rest, last[0])
  }
}
