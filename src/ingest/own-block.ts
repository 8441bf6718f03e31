// What goes into the next block of a feed of ours, and the block made of it.
// Rule: a block that peers would refuse, and all that builds on it with it, never reaches the ledger.

import { assert, BLOCK_LIMITS, type Hash } from '../base/index.js'
import {
  sealBlock, verifyHeader, verifyLink, verifyTimes, type AdmissionRules, type Block, type BlockHeader,
  type Certificate, type Dag
} from '../dag/index.js'
import type { Signer, VerifySignature } from '../record/index.js'
import type { Backlog, BacklogEntry } from './backlog.js'
import type { IngestOptions } from './options.js'

/** The feed to seal: one node key and one incarnation. */
export interface FeedIdentity {
  readonly signer: Signer
  /** 16 hex digits. */
  readonly incarnation: string
  readonly feed: Hash
  /** For a closed federation: the governor's certificate, carried at sequence 1. */
  readonly certificate?: Certificate
}

/** How full a block may be. */
export type BlockTargets = Pick<IngestOptions, 'blockBytesTarget' | 'blockRecordsTarget'>

/** Records for the next block, oldest first; those that no block may hold yet; those in a block already. */
export interface Choice {
  readonly chosen: readonly BacklogEntry[]
  readonly early: readonly BacklogEntry[]
  readonly admitted: readonly BacklogEntry[]
}

/** Header bytes at most, without records: signature, parents, certificate and the fixed fields. */
const HEADER_BYTES_RESERVED = 1_024
/** Length prefix of a record in a block. */
const RECORD_HEAD_BYTES = 4

/** True when what waits fills a block. */
export function fillsBlock(backlog: Backlog, targets: BlockTargets): boolean {
  if (backlog.waitingCount >= targets.blockRecordsTarget) return true
  return backlog.waitingBytes >= targets.blockBytesTarget - HEADER_BYTES_RESERVED
}

/**
 * Chooses from what waits.
 * @param isAdmitted true when an admitted block, of another node then, holds the record
 */
export function chooseRecords(
  backlog: Backlog, targets: BlockTargets, sealedAtMs: number, isAdmitted: (id: Hash) => boolean
): Choice {
  const chosen: BacklogEntry[] = []
  const early: BacklogEntry[] = []
  const admitted: BacklogEntry[] = []
  let bytes = HEADER_BYTES_RESERVED
  for (const entry of backlog.waiting()) {
    const { id, timestampMs } = entry.opened
    if (isAdmitted(id)) {
      admitted.push(entry)
      continue
    }
    if (timestampMs > sealedAtMs + BLOCK_LIMITS.recordAheadMsMax) {
      early.push(entry)
      continue
    }
    bytes += entry.opened.bytes.length + RECORD_HEAD_BYTES
    if (chosen.length > 0 && bytes > targets.blockBytesTarget) break
    chosen.push(entry)
    if (chosen.length >= targets.blockRecordsTarget) break
  }
  return { chosen, early, admitted }
}

/** The next block of the feed. @param tip the feed's last block; absent before the first one */
export function makeOwnBlock(
  chosen: readonly BacklogEntry[],
  sealedAtMs: number,
  tip: BlockHeader | undefined,
  deps: {
    readonly identity: FeedIdentity
    readonly dag: Dag
    readonly rules: AdmissionRules
    readonly verify: VerifySignature
  }
): Block {
  const { identity, dag, rules, verify } = deps
  const { certificate } = identity
  const fields = {
    incarnation: identity.incarnation,
    seq: (tip?.seq ?? 0) + 1,
    parents: dag.completeHeads(identity.feed),
    sealedAtMs,
    ...(tip === undefined ? {} : { prev: tip.id }),
    ...(tip === undefined && certificate !== undefined ? { certificate } : {})
  }
  const records = chosen.map((entry) => entry.opened)
  const block = sealBlock(fields, records, identity.signer, rules.networkId)
  // Of the body, the sealer made ids, root and length, and the gate checked form and signatures.
  assert(verifyTimes(block.header, records) === undefined, 'an own body is valid')
  assert(verifyHeader(block.header, rules, verify) === undefined, 'an own header is valid')
  assert(tip === undefined || verifyLink(block.header, tip) === undefined, 'an own block continues its feed')
  return block
}
