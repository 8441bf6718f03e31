// The way in for blocks of other nodes, from gossip, sync or a file. A block is durable in the ledger
// before it is accepted; one whose predecessor is missing waits in dag's bounded pending set, fully
// checked, and follows its predecessor into the ledger.
// A block that was here and lost its rows is put back and not admitted once more: its rows would be counted
// twice, and in the middle of a feed it would be a second tip, a fork that never was.
// Rule: `reject` only for what the sender could have checked itself; whatever depends on this node (clock,
// disk, what its log has taken of a node already) only puts a block off.

import { assert, type Clock, type Hash, type Log, type Verdict } from '../base/index.js'
import {
  blockBytesMax, decodeBlock, isAhead, openBody, verifyHeader, type AdmissionRules, type Block,
  type BlockHeader, type Dag, type OpenedRecord, type RepairOutcome
} from '../dag/index.js'
import type { VerifySignature } from '../record/index.js'
import { keys, type Store } from '../store/index.js'
import type { Wal } from '../wal/index.js'
import type { DiskRoom } from './disk-room.js'
import { FRAME } from './frames.js'
import type { IngestOptions } from './options.js'
import { wasHere } from './repair.js'
import { createSignatureBudget, type SignatureBudget } from './signature-budget.js'
import type { PreparedBlock } from './types.js'
import { verifyJob } from './verify-job.js'
import type { VerifyPool } from './verify-pool.js'

/** What the gate asks. */
export interface BlockGateDeps {
  readonly wal: Wal
  readonly store: Store
  readonly dag: Dag
  readonly pool: VerifyPool
  readonly clock: Clock
  readonly log: Log
  readonly rules: AdmissionRules
  readonly verify: VerifySignature
  readonly room: DiskRoom
  /** Blocks on their way through the ledger, for the ingestor: what was decoded once need not be again. */
  readonly prepared: Map<Hash, PreparedBlock>
  /** A header is good, whatever becomes of its block. */
  readonly onVerified: (header: BlockHeader) => void
  /** Writes the rows of a block anew that the index lost. */
  readonly putBack: (id: Hash, block: Uint8Array) => Promise<RepairOutcome>
  /** A block was handed to the log. */
  readonly onAppended: () => void
  /** Resolves when the index holds the frame. */
  readonly waitFor: (sequence: number) => Promise<void>
}

/** Admits blocks of other nodes. */
export interface BlockGate {
  /**
   * @param block encoded block, any bytes
   * @param from  who delivered it: pending blocks are counted per deliverer
   */
  admit(block: Uint8Array, from: string): Promise<Verdict>
}

interface Gate {
  readonly options: Pick<IngestOptions, 'unappliedBlocksMax'>
  readonly deps: BlockGateDeps
  /** Blocks between their first check and the ledger: a second copy waits for the first one's fate. */
  readonly inFlight: Map<Hash, Promise<Verdict>>
  /** WAL sequences of accepted blocks, some of which the index may not hold yet. */
  readonly unapplied: number[]
  readonly budget: SignatureBudget
}

const ACCEPT: Verdict = { kind: 'accept' }
const KNOWN: Verdict = { kind: 'ignore', why: 'known' }
const NO_ROOM: Verdict = { kind: 'ignore', why: 'no room on the disk' }
const NO_SHARE: Verdict = { kind: 'ignore', why: 'share of its node used up' }
/** How long nothing is asked for after the disk was found too full. */
const NO_ROOM_MS = 60_000

/** A gate over open parts. */
export function createBlockGate(options: Gate['options'], deps: BlockGateDeps): BlockGate {
  const budget = createSignatureBudget(deps.clock)
  const gate: Gate = { options, deps, inFlight: new Map(), unapplied: [], budget }
  return { admit: (block, from) => admit(gate, block, from) }
}

async function admit(gate: Gate, bytes: Uint8Array, from: string): Promise<Verdict> {
  if (bytes.length > blockBytesMax) return { kind: 'reject', why: 'block-length' }
  const decoded = decodeBlock(bytes)
  if (decoded.kind === 'newer') return { kind: 'ignore', why: 'newer version' }
  if (decoded.kind === 'invalid') return { kind: 'reject', why: decoded.rule }
  const { header } = decoded.block
  const placement = place(gate.deps.dag, header)
  if (typeof placement === 'object') return placement
  const running = gate.inFlight.get(header.id)
  if (running !== undefined) return running.then((verdict) => (verdict.kind === 'accept' ? KNOWN : verdict))
  const fate = admitDecoded(gate, decoded.block, bytes, from).finally(() => gate.inFlight.delete(header.id))
  gate.inFlight.set(header.id, fate)
  return fate
}

function place(dag: Dag, header: BlockHeader): Verdict | 'new' | 'gap' {
  const placement = dag.placement(header)
  if (placement.kind === 'invalid') return condemn(dag, header, placement.rule)
  return placement.kind === 'known' ? KNOWN : placement.kind
}

/** Condemns the block id: only for what the header itself commits to. */
function condemn(dag: Dag, header: BlockHeader, why: string): Verdict {
  dag.markInvalid(header.id)
  return { kind: 'reject', why }
}

async function admitDecoded(gate: Gate, block: Block, bytes: Uint8Array, from: string): Promise<Verdict> {
  const { dag, prepared } = gate.deps
  const { header } = block
  const checked = await check(gate, block, from)
  if ('kind' in checked) return checked
  if (!dag.holds(header.id) && header.seq <= dag.highest(header.feed) && await wasHere(header, gate.deps)) {
    return putBack(gate, header, bytes)
  }
  const placement = place(dag, header)
  if (placement === 'gap') {
    dag.pending.add(Uint8Array.from(bytes), header, from)
    return { kind: 'ignore', why: 'gap' }
  }
  if (placement !== 'new') return placement
  prepared.set(header.id, { header, records: checked })
  return append(gate, header, bytes, from)
}

/** What builds on a block that was lost has waited for it. */
async function putBack(gate: Gate, { id }: BlockHeader, bytes: Uint8Array): Promise<Verdict> {
  const outcome = await gate.deps.putBack(id, bytes)
  if (!gate.deps.dag.has(id)) return { kind: 'ignore', why: `lost here, not put back: ${outcome}` }
  await adopt(gate, id)
  return KNOWN
}

/** The opened records of a block whose header and records are good, or the verdict that keeps it out. */
async function check(
  { budget, deps }: Gate, block: Block, from: string
): Promise<Verdict | readonly OpenedRecord[]> {
  const { dag, onVerified, pool, rules, store, verify } = deps
  const { header } = block
  if (!budget.hasRoom(from)) return { kind: 'ignore', why: 'too many bad signatures' }
  const broken = verifyHeader(header, rules, verify)
  if (broken === 'block-signature') budget.charge(from, 1)
  // The id covers the signature, so a forged header never shadows the true block.
  if (broken !== undefined) return condemn(dag, header, broken)
  onVerified(header)
  const deferral = await defer(deps, header, from)
  if (deferral !== undefined) return deferral
  const body = openBody(block)
  if (body.kind === 'invalid') return condemn(dag, header, body.rule)
  const fresh = body.records.filter((record) => store.get(keys.record(record.id)) === undefined)
  const verdicts = await pool.verify(fresh.map((record) => verifyJob(record, rules.networkId)))
  if (verdicts === undefined) return { kind: 'ignore', why: 'busy' }
  if (verdicts.every((valid) => valid)) return body.records
  budget.charge(from, fresh.length)
  return condemn(dag, header, 'record-signature')
}

/** Why a good block is put off: its time has not come, the disk fills up, or its node has had its share. */
async function defer(deps: BlockGateDeps, header: BlockHeader, from: string): Promise<Verdict | undefined> {
  const { clock, dag, room } = deps
  if (isAhead(header, clock.nowMs())) {
    dag.deferred.add(header, from)
    return { kind: 'ignore', why: 'sealed in the future' }
  }
  if (!await room.hasRoom()) {
    dag.allowance.pause(NO_ROOM_MS)
    return NO_ROOM
  }
  return dag.allowance.isOpen(header.nodeKey, from) ? undefined : NO_SHARE
}

async function append(gate: Gate, header: BlockHeader, bytes: Uint8Array, from: string): Promise<Verdict> {
  const { dag, log, onAppended, prepared, wal } = gate.deps
  if (!dag.allowance.take(header.nodeKey, bytes.length, from)) {
    prepared.delete(header.id)
    return NO_SHARE
  }
  dag.reserve(header)
  const written = wal.append(FRAME.foreignBlock, bytes)
  onAppended()
  const followers = adopt(gate, header.id)
  try {
    gate.unapplied.push(await written)
  } catch (error) {
    dag.release(header.id)
    prepared.delete(header.id)
    log.warn({ block: header.id, error: String(error) }, 'block could not be written')
    return { kind: 'ignore', why: 'log' }
  } finally {
    await followers
  }
  await throttle(gate)
  return ACCEPT
}

/** Appends the pending blocks that build on one that has just been handed to the log. */
async function adopt(gate: Gate, id: Hash): Promise<void> {
  const { dag } = gate.deps
  for (const child of dag.pending.takeChildren(id)) {
    if (place(dag, child.header) === 'new') await append(gate, child.header, child.bytes, child.from)
  }
}

async function throttle({ deps, options, unapplied }: Gate): Promise<void> {
  while (unapplied.length > options.unappliedBlocksMax) {
    const oldest = unapplied.shift()
    assert(oldest !== undefined, 'the list of unapplied blocks is not empty')
    // The block is in the ledger, whether the index gets there or not.
    await deps.waitFor(oldest).catch(() => undefined)
  }
}
