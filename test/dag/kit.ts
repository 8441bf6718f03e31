// Peers in memory: an index, a block graph, and the least admission that keeps its rules. Records are any
// bytes: what they say is not this folder's.

import {
  blake3Hash, idBytes, networkIdOf, utf8Bytes, type Hash, type NetworkId, type Verdict
} from '../../src/base/index.js'
import {
  decodeBlock, encodeBlock, openDag, sealBlock, verifyHeader,
  type AdmissionRules, type Block, type BlockHeader, type Dag, type DagOptions, type SealFields
} from '../../src/dag/index.js'
import { createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { keys, openStore, type Store } from '../../src/store/index.js'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.js'
import { createMemoryDisk } from '../fakes/memory-disk.js'
import { createMemoryIndex, type MemoryIndex } from '../fakes/memory-level.js'
import { seededRandom } from '../fakes/seeded-random.js'

export const networkId: NetworkId = networkIdOf(Buffer.alloc(32, 7))
export const startMs = 1_700_000_000_000
export const silent = {
  debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined
}

export function rules(change: Partial<AdmissionRules> = {}): AdmissionRules {
  return { networkId, admission: 'open', governors: new Set(), feedWorkBits: 0, ...change }
}

/** A signer whose signatures say nothing: for tests of many blocks. */
export function idleSigner(name: string): Signer {
  const { publicKey } = createSigner(seedFromName(name))
  return { publicKey, sign: (message) => Buffer.concat([Buffer.alloc(32, 1), idBytes(blake3Hash(message))]) }
}

/** A record of any bytes. */
export function record(text: string): { readonly id: Hash, readonly bytes: Uint8Array } {
  const bytes = utf8Bytes(text)
  return { id: blake3Hash(bytes), bytes }
}

/** What a block shall hold; two records of its own by default. */
export interface NextOptions extends Partial<SealFields> {
  readonly texts?: readonly string[]
}

/** A chain that one node writes. */
export interface Writer {
  readonly signer: Signer
  next(parents?: readonly Hash[], options?: NextOptions): Block
  /** Goes on from an older block, as a copied disk would. */
  rewind(to: BlockHeader | undefined): void
  readonly tip: BlockHeader | undefined
}

export function createWriter(
  name: string, signer: Signer = idleSigner(name), incarnation = '0011223344556677'
): Writer {
  let tip: BlockHeader | undefined
  let count = 0
  return {
    signer,
    get tip() { return tip },
    rewind(to) { tip = to },
    next(parents = [], options = {}) {
      count += 1
      const { texts = [`${name} ${count} a`, `${name} ${count} b`], ...fields } = options
      const block = sealBlock({
        incarnation, seq: (tip?.seq ?? 0) + 1, ...(tip === undefined ? {} : { prev: tip.id }),
        parents: [...parents].sort(), sealedAtMs: startMs + count, ...fields
      }, texts.map(record), signer, networkId)
      tip = block.header
      return block
    }
  }
}

/** Encoded form of a block. */
export function bytesOf(block: Block): Uint8Array {
  return encodeBlock(block.header, block.records)
}

/** How a peer admits. */
export interface PeerOptions extends Partial<DagOptions> {
  readonly verify?: boolean
  readonly clock?: ManualClock
  /** Turns of the event loop that an admission waits before its turn comes. */
  readonly delays?: () => number
}

/** One peer. */
export interface Peer {
  readonly name: string
  readonly index: MemoryIndex
  readonly store: Store
  readonly dag: Dag
  readonly clock: ManualClock
  /** Every block that came in by `admit`, new or not. */
  readonly delivered: Hash[]
  admit(bytes: Uint8Array, from?: string): Promise<Verdict>
  add(...blocks: readonly Block[]): Promise<void>
  /** Many blocks, each after its prev, in few batches. */
  load(blocks: readonly Block[]): Promise<void>
  /** The same index under a graph read anew. */
  reopen(): Promise<Dag>
}

export async function createPeer(
  name: string, options: PeerOptions = {}, index: MemoryIndex = createMemoryIndex()
): Promise<Peer> {
  const disk = createMemoryDisk(seededRandom(1))
  const store = await openStore({ networkId }, { level: index, disk, log: silent })
  const clock = options.clock ?? createManualClock(startMs)
  const dag = await openDag({ store, clock }, options)
  const delivered: Hash[] = []
  let turn: Promise<unknown> = Promise.resolve()

  const write = async (...blocks: readonly Block[]): Promise<void> => {
    let batch = store.batch()
    for (const block of blocks) {
      for (const [i, id] of block.ids.entries()) batch.add(keys.record(id), at(block.records, i))
      dag.stage(batch, block.header, block.ids)
    }
    for (;;) {
      const more = await dag.settle(batch)
      await store.write(batch)
      dag.commit()
      if (!more) return
      batch = store.batch()
    }
  }
  const admitNew = async (block: Block): Promise<void> => {
    dag.reserve(block.header)
    turn = turn.then(() => write(block))
    await turn
    for (const child of dag.pending.takeChildren(block.header.id)) await admit(child.bytes, child.from)
  }
  const admit = async (bytes: Uint8Array, from = 'nobody'): Promise<Verdict> => {
    const decoded = decodeBlock(bytes)
    if (decoded.kind === 'newer') return { kind: 'ignore', why: 'newer' }
    if (decoded.kind === 'invalid') return { kind: 'reject', why: decoded.rule }
    const { header } = decoded.block
    const rule = options.verify === true ? verifyHeader(header, rules()) : undefined
    if (rule !== undefined) return { kind: 'reject', why: rule }
    const placement = dag.placement(header)
    switch (placement.kind) {
      case 'known': return { kind: 'ignore', why: 'known' }
      case 'invalid': return { kind: 'reject', why: placement.rule }
      case 'gap':
        dag.pending.add(Uint8Array.from(bytes), header, from)
        return { kind: 'ignore', why: 'gap' }
      default:
        if (!dag.allowance.take(header.nodeKey, bytes.length, from)) return { kind: 'ignore', why: 'share' }
        await admitNew(decoded.block)
        return { kind: 'accept' }
    }
  }
  return {
    name, index, store, dag, clock, delivered,
    async admit(bytes, from) {
      const decoded = decodeBlock(bytes)
      if (decoded.kind === 'ok') delivered.push(decoded.block.header.id)
      for (let left = options.delays?.() ?? 0; left > 0; left--) await loopTurn()
      return admit(bytes, from)
    },
    async add(...blocks) {
      for (const block of blocks) await admit(bytesOf(block))
    },
    async load(blocks) {
      for (let at = 0; at < blocks.length; at += 200) await write(...blocks.slice(at, at + 200))
    },
    reopen: () => openDag({ store, clock }, options)
  }
}

/** The item at a place, counted from the end if negative. */
export function at<T>(items: readonly T[], place: number): T {
  const item = items.at(place)
  if (item === undefined) throw new Error(`no item at ${place}`)
  return item
}

/** One turn of the event loop. */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
