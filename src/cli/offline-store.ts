// The index of a data directory that is locked and on which no node runs.

import { existsSync } from 'node:fs'
import { toHex, type Hash } from '../base/index.js'
import { decodeHeader } from '../dag/index.js'
import { viewDigest } from '../materializer/index.js'
import { silentLog, type NodeDirectory } from '../node/index.js'
import { headerOfBlockRow, keys, openLevel, openStore, parseTip, ranges, type Store } from '../store/index.js'
import { createFileDisk } from '../wal/index.js'

/** What an index holds, in digests: equal ones hold the same rows and the same views. */
export interface IndexFacts {
  readonly records: number
  /** Of all rows that follow from the records: content, candidates, votes, epochs, indexes, blocks. */
  readonly rows_digest: string
  /** Absent while views are due. */
  readonly view_digest?: Hash
}

/** Runs work on the index; undefined when there is none. Errors as `openStore`. */
export async function withIndex<T>(
  { paths, opened }: NodeDirectory, work: (store: Store) => Promise<T>
): Promise<T | undefined> {
  if (!existsSync(paths.index)) return undefined
  const store = await openStore(
    { networkId: opened.networkId, markerPath: paths.marker },
    { level: openLevel({ directory: paths.index }), disk: createFileDisk(), log: silentLog }
  )
  try {
    return await work(store)
  } finally {
    // What was left by a crash stays marked so: the next start replays.
    await store.close({ clean: !store.unclean && !store.needsRebuild })
  }
}

/** The digests of an index; undefined for one that cannot be used. */
export async function factsOfIndex(store: Store): Promise<IndexFacts | undefined> {
  if (store.needsRebuild) return undefined
  const { recordCount, digest } = store.totals
  const facts = { records: recordCount, rows_digest: toHex(digest) }
  const [due] = await store.rangeAll({ ...ranges.marks(), limit: 1, keysOnly: true })
  return due === undefined ? { ...facts, view_digest: await viewDigest(store) } : facts
}

/** When the youngest block of all feeds was sealed, in ms; 0 without blocks. */
export async function newestBlockMs(store: Store): Promise<number> {
  let newest = 0
  for await (const rows of store.batches({ ...ranges.tips(), keysOnly: true })) {
    for (const [key] of rows) {
      const row = store.get(keys.block(parseTip(key).block))
      const header = row === undefined ? undefined : decodeHeader(headerOfBlockRow(row))
      if (header?.kind === 'ok') newest = Math.max(newest, header.header.sealedAtMs)
    }
  }
  return newest
}
