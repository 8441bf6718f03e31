// Seals what the node accepted first into blocks of its own feed: at once when idle, else after a short pause or as
// soon as a block is full. A block is durable in the ledger before anybody hears of it. docs/formats/block.md.

import { assert, BLOCK_LIMITS, type Clock, type Hash, type Log, type Timer } from '../base/index.js'
import {
  encodeBlock, openBody, sealBlock, verifyHeader, verifyLink, type AdmissionRules, type Block, type BlockHeader,
  type Certificate, type Dag
} from '../dag/index.js'
import type { Signer } from '../record/index.js'
import type { Wal } from '../wal/index.js'
import type { Backlog, BacklogEntry } from './backlog.js'
import { encodeOwnBlock, FRAME } from './frames.js'
import type { IngestOptions } from './options.js'

/** The sealer of one feed. */
export interface Sealer {
  /** Something was added to the backlog. */
  wake(): void
  /** Seals all that waits now; resolves with the WAL sequence of the last own block, 0 for none. */
  flush(): Promise<number>
  stop(): Promise<void>
}

/** The feed to seal: one node key and one incarnation. */
export interface FeedIdentity {
  readonly signer: Signer
  /** 16 hex digits. */
  readonly incarnation: string
  readonly feed: Hash
  /** For a closed federation: the governor's certificate, carried at sequence 1. */
  readonly certificate?: Certificate
}

/** What the sealer works on. */
export interface SealerDeps {
  readonly wal: Wal
  readonly dag: Dag
  readonly backlog: Backlog
  readonly clock: Clock
  readonly log: Log
  readonly identity: FeedIdentity
  readonly rules: AdmissionRules
  /** True when a block elsewhere already brought the record. */
  readonly isAdmitted: (id: Hash) => boolean
  /** Takes records back whose time the clock has not reached. */
  readonly hold: (entries: readonly BacklogEntry[]) => Promise<void>
  /** A durable block, ready to be gossiped. */
  readonly publish: (block: Uint8Array, header: BlockHeader) => void
}

/** Header bytes at most, without records: signature, parents, certificate and the fixed fields. */
const HEADER_BYTES_RESERVED = 1_024

/** A sealer for one feed; it works once something waits. */
export function createSealer(
  options: Pick<IngestOptions, 'blockBytesTarget' | 'blockRecordsTarget' | 'sealDelayMs'>,
  deps: SealerDeps
): Sealer {
  const { backlog, clock, wal } = deps
  let tip = tipHeader(deps.dag, deps.identity.feed)
  let lastSealMs = Number.NEGATIVE_INFINITY
  let lastSequence = 0
  let timer: Timer | undefined
  let running: Promise<void> | undefined
  let stopped = false
  /** The last attempt sealed nothing: the log is full or failed, or all that waits is admitted already. */
  let stuck = false

  function isFull(): boolean {
    return (
      backlog.waitingCount >= options.blockRecordsTarget ||
      backlog.waitingBytes >= options.blockBytesTarget - HEADER_BYTES_RESERVED
    )
  }

  function wake(): void {
    if (stopped || running !== undefined || backlog.waitingCount === 0) return
    const pauseMs = isFull() && !stuck ? 0 : options.sealDelayMs
    const waitMs = lastSealMs + pauseMs - clock.monotonicMs()
    if (waitMs <= 0) {
      timer?.cancel()
      timer = undefined
      void run()
      return
    }
    timer ??= clock.setTimer(waitMs, () => {
      timer = undefined
      void run()
    })
  }

  function run(): Promise<void> {
    running ??= sealOne()
      .catch((error: unknown) => {
        deps.log.error({ error: String(error) }, 'sealing failed')
        return false
      })
      .then((sealed) => {
        stuck = !sealed
        running = undefined
        wake()
      })
    return running
  }

  async function sealOne(): Promise<boolean> {
    lastSealMs = clock.monotonicMs()
    const sealedAtMs = Math.max(clock.nowMs(), tip?.sealedAtMs ?? 0)
    const { chosen, early } = choose(sealedAtMs)
    if (early.length > 0) await deps.hold(early)
    if (chosen.length === 0) return false
    backlog.claim(chosen)
    try {
      await write(chosen, sealedAtMs)
    } catch (error) {
      backlog.release(chosen)
      throw error
    }
    return true
  }

  async function write(chosen: readonly BacklogEntry[], sealedAtMs: number): Promise<void> {
    const block = makeBlock(chosen, sealedAtMs)
    const { header } = block
    const sequenceOf = new Map(chosen.map((entry) => [entry.opened.id, entry.sequence]))
    const sequences = block.ids.map((id) => sequenceOf.get(id) ?? 0)
    lastSequence = await wal.append(FRAME.ownBlock, encodeOwnBlock({ header: header.bytes, sequences }))
    deps.dag.reserve(header)
    tip = header
    deps.publish(encodeBlock(header, block.records), header)
  }

  function makeBlock(chosen: readonly BacklogEntry[], sealedAtMs: number): Block {
    const { identity, dag, rules } = deps
    const fields = {
      incarnation: identity.incarnation,
      seq: (tip?.seq ?? 0) + 1,
      parents: dag.completeHeads(identity.feed),
      sealedAtMs,
      ...(tip === undefined ? {} : { prev: tip.id }),
      ...(tip === undefined && identity.certificate !== undefined ? { certificate: identity.certificate } : {})
    }
    const block = sealBlock(fields, chosen.map((entry) => entry.opened), identity.signer, rules.networkId)
    // Peers would refuse what breaks a rule, and all that builds on it: never let it reach the ledger. The records'
    // signatures were checked at the gate.
    assert(verifyHeader(block.header, rules) === undefined, 'an own header is valid')
    assert(openBody(block).kind === 'ok', 'an own body is valid')
    assert(tip === undefined || verifyLink(block.header, tip) === undefined, 'an own block continues its feed')
    return block
  }

  function choose(sealedAtMs: number): { chosen: BacklogEntry[]; early: BacklogEntry[] } {
    const chosen: BacklogEntry[] = []
    const early: BacklogEntry[] = []
    let bytes = HEADER_BYTES_RESERVED
    for (const entry of backlog.waiting()) {
      if (deps.isAdmitted(entry.opened.id)) {
        backlog.remove(entry.opened.id)
        continue
      }
      if (entry.opened.timestampMs > sealedAtMs + BLOCK_LIMITS.recordAheadMsMax) {
        early.push(entry)
        continue
      }
      bytes += entry.opened.bytes.length + 4
      if (chosen.length > 0 && bytes > options.blockBytesTarget) break
      chosen.push(entry)
      if (chosen.length >= options.blockRecordsTarget) break
    }
    return { chosen, early }
  }

  return {
    wake,
    async flush() {
      while (running !== undefined || backlog.waitingCount > 0) {
        if (stopped) break
        await run()
        if (stuck) break
      }
      return lastSequence
    },
    async stop() {
      stopped = true
      timer?.cancel()
      await running
    }
  }
}

function tipHeader(dag: Dag, feed: Hash): BlockHeader | undefined {
  const tip = dag.tipOf(feed)
  return tip === undefined ? undefined : dag.header(tip.id)
}
