// Checks the ledger: every frame, every hash, every signature, every block against its prev.

import { blake3Hash, type Hash } from '../base/index.js'
import {
  decodeBlock, decodeHeader, encodeBlock, verifyBody, verifyHeader, verifyLink,
  type AdmissionRules, type Block, type BlockHeader
} from '../dag/index.js'
import { decodeOwnBlock, FRAME } from '../ingest/index.js'
import { decodeRecord } from '../record/index.js'
import type { Frame, Wal } from '../wal/index.js'

/** What the ledger holds. Memory: one entry a block, none a record but those that are in no block yet. */
export interface LedgerContent {
  readonly frames: number
  readonly records: number
  /** Header of each block, and the sequence of its frame. */
  readonly blocks: ReadonlyMap<Hash, { readonly header: BlockHeader; readonly sequence: number }>
  /** Records that local clients sent, by id, which no block of the ledger holds. */
  readonly unsealed: ReadonlySet<Hash>
}

/** How a check tells what it finds. */
export interface CheckHooks {
  /** Something is wrong, in words. */
  readonly fault: (text: string) => void
  /** Called often; throws to stop. */
  readonly progress: (done: number, total: number) => void
  /** A sound block with its records, in the order of the ledger. */
  readonly block: (block: Block, sequence: number) => Promise<void>
}

/** Reads the whole ledger. @throws WalError for frames that cannot be read */
export async function checkLedger(
  wal: Wal, rules: AdmissionRules, hooks: CheckHooks
): Promise<LedgerContent> {
  const blocks = new Map<Hash, { header: BlockHeader; sequence: number }>()
  const unsealed = new Set<Hash>()
  const total = wal.lastSynced
  let records = 0
  const take = async (block: Block, sequence: number): Promise<void> => {
    const { header, ids } = block
    const prev = header.prev === undefined ? undefined : blocks.get(header.prev)?.header
    const rule = blockFault(block, prev, rules)
    if (rule !== undefined) hooks.fault(`block ${header.id} at frame ${sequence}: ${rule}`)
    blocks.set(header.id, { header, sequence })
    records += ids.length
    for (const id of ids) unsealed.delete(id)
    await hooks.block(block, sequence)
  }
  for await (const frame of framesOf(wal)) {
    hooks.progress(frame.sequence, total)
    if (frame.type === FRAME.record) {
      const fault = recordFault(frame, rules)
      if (fault !== undefined) hooks.fault(fault)
      unsealed.add(blake3Hash(frame.payload))
      continue
    }
    const block = await blockIn(wal, frame)
    if (typeof block === 'string') hooks.fault(`frame ${frame.sequence}: ${block}`)
    else await take(block, frame.sequence)
  }
  return { frames: total, records, blocks, unsealed }
}

async function* framesOf(wal: Wal): AsyncGenerator<Frame, void, undefined> {
  const total = wal.lastSynced
  if (total === 0) return
  const stop = new AbortController()
  for await (const frames of wal.tail(1, stop.signal)) {
    yield* frames
    if ((frames.at(-1)?.sequence ?? 0) >= total) stop.abort()
  }
}

function recordFault(frame: Frame, rules: AdmissionRules): string | undefined {
  const opened = decodeRecord(frame.payload, rules.networkId)
  return opened.grade === 'invalid' ? `record at frame ${frame.sequence}: ${opened.rule}` : undefined
}

/** The block of a frame, or what is wrong with it. */
async function blockIn(wal: Wal, frame: Frame): Promise<Block | string> {
  switch (frame.type) {
    case FRAME.foreignBlock: return decoded(frame.payload)
    case FRAME.ownBlock: {
      const own = decodeOwnBlock(frame.payload)
      const header = own === undefined ? undefined : decodeHeader(own.header)
      if (own === undefined || header?.kind !== 'ok') return 'no form of an own block'
      if (own.sequences.some((sequence) => sequence >= frame.sequence)) return 'names records behind it'
      if (own.sequences.length !== header.header.recordCount) return 'names another number of records'
      const records = await wal.readMany(own.sequences)
      return decoded(encodeBlock(header.header, records.map(({ payload }) => payload)))
    }
    default: return `unknown type ${frame.type}`
  }
}

function decoded(bytes: Uint8Array): Block | string {
  const result = decodeBlock(bytes)
  switch (result.kind) {
    case 'ok': return result.block
    case 'newer': return `a newer ${result.what}`
    default: return result.rule
  }
}

function blockFault(block: Block, prev: BlockHeader | undefined, rules: AdmissionRules): string | undefined {
  const { header } = block
  const headerFault = verifyHeader(header, rules)
  if (headerFault !== undefined) return headerFault
  if (header.prev !== undefined && prev === undefined) return 'its prev is not before it in the ledger'
  const linkFault = prev === undefined ? undefined : verifyLink(header, prev)
  if (linkFault !== undefined) return linkFault
  const body = verifyBody(block, rules.networkId)
  return body.kind === 'invalid' ? body.rule : undefined
}
