// All views at once: their digest, and removing them.

import { createViewDigest } from '../lenses/index.js'
import type { Hash } from '../base/index.js'
import { ranges, type Reader, type Store } from '../store/index.js'

/** Views deleted in one batch. */
const DELETE_ROWS = 1_000

/**
 * The view digest of the state that the reader sees: equal on peers that hold the same records and have no
 * marks left. Rejects with the signal's reason once that aborts.
 * Cost: a few us a view; other work goes on between batches of rows.
 */
export async function viewDigest(reader: Reader, signal?: AbortSignal): Promise<Hash> {
  const digest = createViewDigest()
  for await (const rows of reader.batches(ranges.views())) {
    signal?.throwIfAborted()
    for (const [key, value] of rows) digest.add(key, value)
  }
  return digest.digest()
}

/** Deletes every view. Only as a part of a rebuild: until then the keys have no answer. */
export async function dropViews(store: Store): Promise<void> {
  for (;;) {
    const rows = await store.rangeAll({ limit: DELETE_ROWS, keysOnly: true, ...ranges.views() })
    if (rows.length === 0) return
    const batch = store.batch()
    for (const [key] of rows) batch.delete(key)
    await store.write(batch)
  }
}
