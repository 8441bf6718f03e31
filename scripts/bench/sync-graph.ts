// Two nodes' block graphs of many records for the benchmark of sync: real index on disk, real graph; blocks
// carry signatures that say nothing, since nobody checks them here.

import { cp } from 'node:fs/promises'
import {
  blake3Hash, idBytes, networkIdOf, systemClock, type Hash, type Log, type NetworkId, type Verdict
} from '../../src/base/index.js'
import { decodeBlock, openDag, sealBlock, type Block, type BlockHeader, type Dag } from '../../src/dag/index.js'
import { createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { keys, openLevel, openStore, type Store } from '../../src/store/index.js'
import { createFileDisk } from '../../src/wal/index.js'

/** Network of the benchmark. */
export const benchNetwork: NetworkId = networkIdOf(Buffer.alloc(32, 11))
/** Says nothing. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

/** One node: an index, its graph, and admission without the checks of signatures and the ledger. */
export interface GraphPeer {
  readonly name: string
  readonly store: Store
  readonly dag: Dag
  admit(bytes: Uint8Array): Promise<Verdict>
  load(blocks: readonly Block[]): Promise<void>
}

/** Seals blocks of many feeds, turn by turn; each names the last block of another feed as parent. */
export interface Weaver {
  /** @param feeds places of the feeds that take turns */
  next(count: number, recordsPerBlock: number, feeds: readonly number[]): readonly Block[]
}

const recordBytes = 150
const startMs = 1_700_000_000_000
const cacheBytes = 64 * 1_048_576
/** Records written in one batch while a graph is built. */
const batchBlocks = 50

/** A weaver over so many feeds. */
export function createWeaver(feeds: number): Weaver {
  const signers = Array.from({ length: feeds }, (_, place) => idleSigner(`bench feed ${place}`))
  const tips = new Map<number, BlockHeader>()
  let last: BlockHeader | undefined
  let records = 0
  let sealed = 0
  const seal = (place: number, recordCount: number): Block => {
    const signer = signers[place]
    if (signer === undefined) throw new RangeError(`no feed ${place}`)
    const prev = tips.get(place)
    const parents = last === undefined || last === prev ? [] : [last.id]
    const block = sealBlock({
      incarnation: '0011223344556677', seq: (prev?.seq ?? 0) + 1, parents, sealedAtMs: startMs + sealed,
      ...(prev === undefined ? {} : { prev: prev.id })
    }, Array.from({ length: recordCount }, () => recordOf(records++)), signer, benchNetwork)
    sealed += 1
    tips.set(place, block.header)
    last = block.header
    return block
  }
  return {
    next: (count, recordsPerBlock, places) => Array.from({ length: count }, (_, i) => (
      seal(places[i % places.length] ?? 0, recordsPerBlock)
    ))
  }
}

function idleSigner(name: string): Signer {
  const { publicKey } = createSigner(seedFromName(name))
  return { publicKey, sign: (message) => Buffer.concat([Buffer.alloc(32, 1), idBytes(blake3Hash(message))]) }
}

function recordOf(place: number): { readonly id: Hash, readonly bytes: Uint8Array } {
  const bytes = Buffer.alloc(recordBytes, 7)
  bytes.writeDoubleBE(place)
  return { id: blake3Hash(bytes), bytes }
}

/** Writes a graph of so many blocks and records to one directory and copies it to another. */
export async function buildGraphs(
  weaver: Weaver, feeds: number, size: { readonly blocks: number, readonly recordsPerBlock: number },
  directories: readonly [string, string]
): Promise<void> {
  const peer = await openPeer('builder', directories[0])
  const places = Array.from({ length: feeds }, (_, place) => place)
  for (let left = size.blocks; left > 0; left -= batchBlocks) {
    await peer.load(weaver.next(Math.min(left, batchBlocks), size.recordsPerBlock, places))
  }
  await peer.store.close({ clean: true })
  await cp(directories[0], directories[1], { recursive: true })
}

/** Opens a node over a directory. */
export async function openPeer(name: string, directory: string): Promise<GraphPeer> {
  const level = openLevel({ directory, cacheBytes })
  const store = await openStore({ networkId: benchNetwork }, { level, disk: createFileDisk(), log: silent })
  const dag = await openDag({ store, clock: systemClock })
  let queue: Block[] = []
  let turn = Promise.resolve()
  // As in a node, what has come in the meantime is written in one batch.
  const inTurn = (blocks: readonly Block[]): Promise<void> => {
    queue.push(...blocks)
    turn = turn.then(() => {
      const next = queue
      queue = []
      return next.length === 0 ? undefined : writeBlocks(store, dag, next)
    })
    return turn
  }
  const admitBlock = async (block: Block): Promise<void> => {
    dag.reserve(block.header)
    await inTurn([block])
    for (const child of dag.pending.takeChildren(block.header.id)) await admit(child.bytes)
  }
  const admit = async (bytes: Uint8Array): Promise<Verdict> => {
    const decoded = decodeBlock(bytes)
    if (decoded.kind !== 'ok') return { kind: 'reject', why: decoded.kind }
    const { header } = decoded.block
    const placement = dag.placement(header)
    if (placement.kind === 'new') {
      await admitBlock(decoded.block)
      return { kind: 'accept' }
    }
    if (placement.kind === 'gap') dag.pending.add(Uint8Array.from(bytes), header, name)
    return { kind: 'ignore', why: placement.kind }
  }
  return { name, store, dag, admit, load: inTurn }
}

async function writeBlocks(store: Store, dag: Dag, blocks: readonly Block[]): Promise<void> {
  let batch = store.batch()
  for (const block of blocks) {
    for (const [place, id] of block.ids.entries()) {
      batch.add(keys.record(id), block.records[place] ?? new Uint8Array(0), true)
    }
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
