// Forks: two blocks of one feed with the same seq.
// Rule: both chains are admitted; the first pair seen is kept as proof. It shows a broken or copied node and
// is no proof of malice.

import { type Hash, type PublicKey } from '../base/index.js'
import { decodeForkRow, encodeForkRow, keys, type Batch } from '../store/index.js'
import { type BlockRows } from './block-rows.js'
import { type BlockHeader } from './header.js'
import { type Fork } from './types.js'

/** Forked feeds, with what is staged on top. */
export interface Forks {
  isForked(feed: Hash): boolean
  /** The key feeds, or has fed, a forked feed. */
  isForkedKey(nodeKey: PublicKey): boolean
  all(): readonly Fork[]
  /** How many feeds have forked. Cost: no read, other than `all`. */
  readonly size: number
  /** The staged block has a rival at its seq. */
  suspect(header: BlockHeader): void
  /** Finds the rivals of suspects and writes the proofs. */
  settle(batch: Batch): Promise<void>
  commit(): void
  abandon(): void
  load(feed: Hash, row: Uint8Array): void
}

/** No forks. `staged` = blocks of the batch under way. */
export function createForks(rows: BlockRows, staged: ReadonlyMap<Hash, BlockHeader>): Forks {
  const proofs = new Map<Hash, readonly [Hash, Hash]>()
  const forkedKeys = new Set<PublicKey>()
  const found = new Map<Hash, readonly [Hash, Hash]>()
  const suspects = new Map<Hash, BlockHeader>()

  const rivalOf = async (header: BlockHeader): Promise<Hash | undefined> => {
    const written = await rows.atSeq(header.feed, header.seq)
    const rival = written.find((id) => id !== header.id)
    if (rival !== undefined) return rival
    for (const { id, feed, seq } of staged.values()) {
      if (feed === header.feed && seq === header.seq && id !== header.id) return id
    }
    return undefined
  }
  const prove = (feed: Hash, pair: readonly [Hash, Hash]): void => {
    proofs.set(feed, pair)
    const { nodeKey } = rows.header(pair[0]) ?? {}
    if (nodeKey !== undefined) forkedKeys.add(nodeKey)
  }
  return {
    isForked: (feed) => proofs.has(feed),
    isForkedKey: (nodeKey) => forkedKeys.has(nodeKey),
    all: () => [...proofs].flatMap(([feed, [one, two]]) => {
      const first = rows.header(one)
      const second = rows.header(two)
      return first === undefined || second === undefined ? [] : [{ feed, seq: first.seq, first, second }]
    }),
    get size() { return proofs.size },
    suspect(header) {
      if (!proofs.has(header.feed) && !suspects.has(header.feed)) suspects.set(header.feed, header)
    },
    async settle(batch) {
      for (const header of suspects.values()) {
        const rival = await rivalOf(header)
        if (rival === undefined) continue
        batch.put(keys.fork(header.feed), encodeForkRow(rival, header.id))
        found.set(header.feed, [rival, header.id])
      }
      suspects.clear()
    },
    commit() {
      for (const [feed, pair] of found) prove(feed, pair)
      found.clear()
    },
    abandon() {
      found.clear()
      suspects.clear()
    },
    load: (feed, row) => prove(feed, decodeForkRow(row))
  }
}
