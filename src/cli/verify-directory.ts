// Checks a whole data directory, offline: ledger first, then the index against it.

import { existsSync } from 'node:fs'
import { wait, type PublicKey } from '../base/index.js'
import type { AdmissionRules } from '../dag/index.js'
import { readDirectory, silentLog, whileLocked, type NodeDirectory } from '../node/index.js'
import { openLevel, openStore, type Store } from '../store/index.js'
import { createFileDisk, openWal, WalError } from '../wal/index.js'
import { startProgress } from './progress.js'
import { checkInterrupt, type Shell } from './shell.js'
import { checkBlockRows, checkIndexRows, isLeftOut } from './verify-index.js'
import { checkLedger, type CheckHooks } from './verify-ledger.js'

/** What a check found. No faults = sound. */
export interface VerifyReport {
  readonly frames: number
  readonly blocks: number
  readonly records: number
  readonly assertions: number
  readonly votes: number
  readonly epochs: number
  /** Blocks of this node that lie ahead of the clock: the index does not hold them until their time. */
  readonly leftOut: number
  /** Frames that the index has yet to take up when the node starts. */
  readonly replay: number
  /** In words, at most 100. */
  readonly faults: readonly string[]
}

const faultsMax = 100
/** Frames between two pauses, in which signals are heard. */
const pauseFrames = 256

/**
 * Checks a data directory on which no node runs.
 * @throws NodeError, StoreError STORE_LOCKED, CliError CLI_INTERRUPTED
 */
export function verifyDirectory(shell: Shell, path: string): Promise<VerifyReport> {
  return whileLocked(path, () => verifyLocked(shell, path))
}

async function verifyLocked(shell: Shell, path: string): Promise<VerifyReport> {
  const directory = await readDirectory(path)
  const faults: string[] = []
  const fault = (text: string): void => {
    if (faults.length < faultsMax) faults.push(text)
  }
  const nothing = {
    frames: 0, blocks: 0, records: 0, assertions: 0, votes: 0, epochs: 0, leftOut: 0, replay: 0
  }
  if (!existsSync(directory.paths.wal)) return { ...nothing, faults }
  const store = await openIndex(directory)
  try {
    const counts = await check(shell, directory, store, fault)
    return { ...nothing, ...counts, faults }
  } catch (error) {
    if (!(error instanceof WalError)) throw error
    fault(error.message)
    return { ...nothing, faults }
  } finally {
    // What was left by a crash stays marked so: the next start replays.
    await store?.close({ clean: !store.unclean && !store.needsRebuild })
  }
}

async function check(
  shell: Shell, directory: NodeDirectory, store: Store | undefined, fault: (text: string) => void
): Promise<Partial<VerifyReport>> {
  const { opened, paths, nodeKey } = directory
  const { networkId, genesis } = opened
  const rules: AdmissionRules = {
    networkId, admission: genesis.admission, governors: new Set(genesis.governors),
    feedWorkBits: genesis.feedWorkBits
  }
  const usable = store?.needsRebuild === false ? store : undefined
  if (store?.needsRebuild === true) fault(`the index is not whole (${store.rebuildReason ?? ''}): start rebuilds it`)
  const wal = await openWal(
    { directory: paths.wal, networkId, provenSequence: store?.provenSequence ?? 0, readOnly: true },
    { disk: createFileDisk(), random: shell.random, log: silentLog }
  )
  try {
    const found = { leftOut: 0 }
    const hooks = createHooks(shell, { fault, store: usable, self: nodeKey.signer.publicKey, found })
    const ledger = await checkLedger(wal, rules, hooks)
    const replay = ledger.frames - (usable?.replayFrom ?? 0)
    const { frames, blocks, records } = ledger
    const counts = { frames, blocks: blocks.size, records, ...found, replay }
    if (usable === undefined) return counts
    return { ...counts, ...await checkIndexRows(usable, ledger, rules.governors, hooks) }
  } finally {
    await wal.close()
  }
}

interface BlockCheck {
  readonly fault: (text: string) => void
  /** Absent when it is not whole. */
  readonly store: Store | undefined
  /** The key of the node whose directory this is. */
  readonly self: PublicKey
  readonly found: { leftOut: number }
}

function createHooks(shell: Shell, { fault, store, self, found }: BlockCheck): CheckHooks {
  const progress = startProgress(shell.output, shell.clock, 'verifying', 'frames')
  // One moment for all, so that what builds on a block that lies ahead lies ahead too.
  const nowMs = shell.clock.nowMs()
  const hooks: CheckHooks = {
    fault,
    progress: (done, total) => progress.at(done, total),
    async block(block, sequence) {
      if (sequence % pauseFrames === 0) await wait(shell.clock, 0)
      checkInterrupt(shell)
      // Behind the checkpoint the index need not have it yet.
      if (store === undefined || sequence > store.replayFrom) return
      if (isLeftOut(store, block, self, nowMs)) found.leftOut += 1
      else await checkBlockRows(store, block, hooks)
    }
  }
  return hooks
}

async function openIndex({ paths, opened }: NodeDirectory): Promise<Store | undefined> {
  if (!existsSync(paths.index)) return undefined
  return openStore(
    { networkId: opened.networkId, markerPath: paths.marker },
    { level: openLevel({ directory: paths.index }), disk: createFileDisk(), log: silentLog }
  )
}
