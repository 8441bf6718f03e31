// Repair of a data directory whose ledger is damaged: what is left goes into a new ledger, the damaged one is
// put aside whole, and the index and the place in the own feed are forgotten. The next start rebuilds the
// index, begins a new incarnation and fetches from peers what is missing.
// Rule: the new ledger gets its final name only when it is whole, and the marker goes last, so that a repair
// that is cut off at any point is refused by a start and taken up by another repair.

import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hash } from '../base/index.js'
import { decodeHeader, encodeBlock } from '../dag/index.js'
import { readDirectory, silentLog, syncDirectory, whileLocked, type NodeDirectory } from '../node/index.js'
import {
  decodeBlockRow, keys, parseFeed, ranges, readMarker, StoreError, type Store
} from '../store/index.js'
import { createFileDisk, openWal, salvageWal, scanWal, WalError, type Salvage } from '../wal/index.js'
import { withIndex } from './offline-store.js'
import { startProgress } from './progress.js'
import { salvageLedger, type BlockSource, type SalvageCounts } from './salvage-ledger.js'
import { checkInterrupt, type Shell } from './shell.js'

/** What a repair did; `repaired` false: nothing was damaged, nothing was touched. */
export interface RepairReport extends SalvageCounts {
  readonly repaired: boolean
  /** Valid frames of the damaged ledger, and sequences that are missing among them. */
  readonly frames: number
  readonly missing: number
  /** Where the damaged ledger lies now. */
  readonly aside?: string
}

const NOTHING: RepairReport = {
  repaired: false, frames: 0, missing: 0, blocks: 0, blocksOfIndex: 0, blocksLost: 0, records: 0
}

/**
 * Repairs a data directory on which no node runs.
 * @throws NodeError, StoreError STORE_LOCKED, STORE_FOREIGN_NETWORK, WalError WAL_OTHER_NETWORK, WAL_VERSION,
 *   WAL_NO_SPACE, CliError CLI_INTERRUPTED (another repair starts over)
 */
export function repairDirectory(shell: Shell, path: string): Promise<RepairReport> {
  return whileLocked(path, async () => {
    const directory = await readDirectory(path)
    const { paths } = directory
    if (existsSync(paths.repaired) && !existsSync(paths.wal)) {
      return { ...NOTHING, repaired: true, aside: await swapLedgers(path, directory) }
    }
    if (!existsSync(paths.repaired) && !await isDamaged(directory)) return NOTHING
    await rm(paths.repaired, { recursive: true, force: true })
    const found = await salvage(shell, path, directory)
    return { ...found, repaired: true, aside: await swapLedgers(path, directory) }
  })
}

async function isDamaged({ paths, opened }: NodeDirectory): Promise<boolean> {
  const disk = createFileDisk()
  const marker = await readMarker(disk, paths.marker)
  const provenSequence = typeof marker === 'string' ? 0 : marker.provenSequence
  try {
    const place = { directory: paths.wal, networkId: opened.networkId, provenSequence }
    return (await scanWal(place, { disk })).damagedCount > 0
  } catch (error) {
    if (!(error instanceof WalError)) throw error
    if (error.code === 'WAL_MISSING') return provenSequence > 0
    if (error.code === 'WAL_CORRUPT') return true
    throw error
  }
}

/** Fills a new ledger from the old one and from the index, under a name that says it is whole at the end. */
async function salvage(
  shell: Shell, path: string, directory: NodeDirectory
): Promise<Omit<RepairReport, 'repaired'>> {
  const { paths, opened } = directory
  const { networkId } = opened
  const disk = createFileDisk()
  const unfinished = join(path, 'wal.unfinished')
  await rm(unfinished, { recursive: true, force: true })
  const from = await salvageWal({ directory: paths.wal, networkId }, { disk }).catch(leftOfNothing)
  const to = await openWal(
    { directory: unfinished, networkId, provenSequence: 0 }, { disk, random: shell.random, log: silentLog }
  )
  const progress = startProgress(shell.output, shell.clock, 'repairing', 'frames')
  try {
    const counts = await withBlocks(directory, (index) => salvageLedger({
      from, index, to,
      progress: (done, total) => {
        checkInterrupt(shell)
        progress.at(done, total)
      }
    }))
    await to.close()
    await rename(unfinished, paths.repaired)
    await syncDirectory(path)
    return { ...counts, frames: from.frames, missing: from.missing }
  } finally {
    progress.end()
    await from.close()
    await to.close()
  }
}

/** A log of which not even a header is left gives nothing; its blocks may be in the index. */
function leftOfNothing(error: unknown): Salvage {
  if (!(error instanceof WalError) || (error.code !== 'WAL_MISSING' && error.code !== 'WAL_CORRUPT')) throw error
  return {
    segments: 0, frames: 0, missing: 0,
    * sequences() {},
    read: async () => undefined,
    close: async () => undefined
  }
}

/** Work with the blocks of the index, if there is one that can be used. */
async function withBlocks(
  directory: NodeDirectory, work: (index: BlockSource | undefined) => Promise<SalvageCounts>
): Promise<SalvageCounts> {
  const found = await withIndex(directory, (store) => work(store.needsRebuild ? undefined : blocksOf(store)))
  return found ?? work(undefined)
}

function blocksOf(store: Store): BlockSource {
  return {
    async read(id) {
      try {
        return blockIn(store, id)
      } catch (error) {
        if (error instanceof StoreError) return undefined
        throw error
      }
    },
    async* ids() {
      try {
        for await (const rows of store.batches({ ...ranges.feed(), keysOnly: true })) {
          for (const [key] of rows) yield parseFeed(key).block
        }
      } catch (error) {
        // What cannot be read ends the list: the blocks before it are as good as ever.
        if (!(error instanceof StoreError)) throw error
      }
    }
  }
}

function blockIn(store: Store, id: Hash): Uint8Array | undefined {
  const value = store.get(keys.block(id))
  if (value === undefined) return undefined
  const row = decodeBlockRow(value)
  const header = decodeHeader(row.header)
  const records = row.recordIds.map((record) => store.get(keys.record(record)))
  if (header.kind !== 'ok' || !records.every((bytes) => bytes !== undefined)) return undefined
  return encodeBlock(header.header, records)
}

/** Puts the new ledger in the place of the old one; gives the directory in which the old one lies now. */
async function swapLedgers(path: string, { paths }: NodeDirectory): Promise<string> {
  const aside = asideOf(path, existsSync(paths.wal))
  await mkdir(aside, { recursive: true })
  await rm(paths.index, { recursive: true, force: true })
  await move(paths.incarnation, join(aside, 'incarnation'))
  await move(paths.wal, join(aside, 'wal'))
  await syncDirectory(aside)
  await syncDirectory(path)
  await move(paths.repaired, paths.wal)
  await syncDirectory(path)
  await move(paths.marker, join(aside, 'wal.marker'))
  await syncDirectory(path)
  return aside
}

/** A new place, or the last one when a repair that was cut off had begun to fill it. */
function asideOf(path: string, fresh: boolean): string {
  let number = 1
  while (existsSync(join(path, `damaged-${number}`))) number += 1
  return join(path, `damaged-${fresh || number === 1 ? number : number - 1}`)
}

async function move(from: string, to: string): Promise<void> {
  if (existsSync(from)) await rename(from, to)
}
