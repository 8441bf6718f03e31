// Rebuild of an index: the ledger is read whole first, for an index is not given up for one that cannot be
// rebuilt. Then the index is condemned, and an offline node does what a start does with such a one.

import { wait } from '../base/index.js'
import { readDirectory, whileLocked, type NodeConfig, type StemeNode } from '../node/index.js'
import { createFileDisk, scanWal, WalError } from '../wal/index.js'
import { factsOfIndex, withIndex, type IndexFacts } from './offline-store.js'
import { startProgress } from './progress.js'
import { runNode } from './serve.js'
import { checkInterrupt, type Shell } from './shell.js'

/** What a rebuild ended with. */
export interface RebuildReport extends IndexFacts {
  /** The index holds what it held before; null when that was not whole, or lagged behind the ledger. */
  readonly same: boolean | null
  readonly seconds: number
}

const pollMs = 100

/**
 * Rebuilds the index of a data directory on which no node runs.
 * @throws NodeError, StoreError STORE_LOCKED, STORE_FOREIGN_NETWORK, WalError WAL_CORRUPT and the like,
 * CliError CLI_INTERRUPTED: the next start, or another rebuild, goes on
 */
export async function rebuildDirectory(shell: Shell, config: NodeConfig): Promise<RebuildReport> {
  const startedMs = shell.clock.monotonicMs()
  const before = await whileLocked(config.dataDir, () => condemnIndex(shell, config.dataDir))
  await runNode(shell, config, (node) => viewsMade(shell, node), 'offline')
  const after = await whileLocked(config.dataDir, async () =>
    withIndex(await readDirectory(config.dataDir), factsOfIndex))
  const facts = after ?? { records: 0, rows_digest: '' }
  const same = before === undefined ? null
    : before.rows_digest === facts.rows_digest && before.view_digest === facts.view_digest
  return { ...facts, same, seconds: Math.round(shell.clock.monotonicMs() - startedMs) / 1_000 }
}

/** Marks the index as one to rebuild; gives what a whole one held. */
async function condemnIndex(shell: Shell, path: string): Promise<IndexFacts | undefined> {
  const directory = await readDirectory(path)
  const { networkId } = directory.opened
  return withIndex(directory, async (store) => {
    await checkFrames(directory.paths.wal, networkId, store.provenSequence)
    checkInterrupt(shell)
    const found = store.unclean ? undefined : await factsOfIndex(store)
    if (!store.needsRebuild) await store.condemn()
    return found?.view_digest === undefined ? undefined : found
  })
}

/** Reads every frame. @throws WalError WAL_CORRUPT at the first damaged place */
async function checkFrames(
  directory: string, networkId: Parameters<typeof scanWal>[0]['networkId'], provenSequence: number
): Promise<void> {
  const { damaged } = await scanWal({ directory, networkId, provenSequence }, { disk: createFileDisk() })
  const [first] = damaged
  if (first === undefined) return
  const { segment, offsetBytes, fromSequence: sequence } = first
  throw new WalError({ code: 'WAL_CORRUPT', reason: 'frame', segment, offsetBytes, sequence })
}

async function viewsMade(shell: Shell, node: StemeNode): Promise<void> {
  const progress = startProgress(shell.output, shell.clock, 'computing', 'views')
  let most = 0
  for (;;) {
    checkInterrupt(shell)
    const stats = node.stats()
    const { ingest_behind_frames: behind = 0, materializer_marks_count: marks = 0 } = stats
    if (behind === 0 && marks === 0 && stats['trust_unsettled'] === 0) break
    most = Math.max(most, marks)
    progress.at(most - marks, most)
    await wait(shell.clock, pollMs, shell.signal)
  }
  progress.end()
}
