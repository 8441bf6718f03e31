// A node that is nothing but a set of blocks, for tests of replication: admission looks at prev alone, and
// its sync sessions send each other all that the other lacks. The real session is src/dag's.

import {
  blake3, blake3Hash, networkIdOf, utf8Bytes, type Clock, type Hash, type PeerName, type Verdict
} from '../../src/base/index.js'
import {
  decodeBlock, encodeBlock, frontierRootOf, sealBlock, SyncError, type BlockHeader,
  type SyncResult, type SyncSession
} from '../../src/dag/index.js'
import {
  createReplicator, type PeerNetwork, type ReplicationLimits, type Replicator, type ReplicatorDeps,
  type SessionWire
} from '../../src/p2p/index.js'
import { buildAssertion, createSigner, seedFromName, type Signer } from '../../src/record/index.js'
import { seededRandom } from '../fakes/seeded-random.js'
import { quietLog } from '../fakes/until.js'

export const networkId = networkIdOf(blake3(utf8Bytes('replicator tests')))

/** A block as it travels, with its header. */
export interface TestBlock {
  readonly header: BlockHeader
  readonly bytes: Uint8Array
}

const agent = createSigner(seedFromName('agent'))
let made = 0

/** Seals the next block of a feed. */
export function seal(
  signer: Signer, prev?: TestBlock, options: { parents?: readonly Hash[]; sizeBytes?: number } = {}
): TestBlock {
  const records: { id: Hash; bytes: Uint8Array }[] = []
  for (let left = options.sizeBytes ?? 1; left > 0; left -= 16_000) {
    const object = 'x'.repeat(Math.min(left, 16_000))
    const fields = { timestampMs: 1, subject: `s${made++}`, predicate: 'p', object }
    const bytes = buildAssertion(fields, agent, networkId)
    records.push({ id: blake3Hash(bytes), bytes })
  }
  const block = sealBlock(
    {
      incarnation: '00'.repeat(8), seq: (prev?.header.seq ?? 0) + 1, parents: options.parents ?? [], sealedAtMs: 1,
      ...(prev === undefined ? {} : { prev: prev.header.id })
    },
    records, signer, networkId
  )
  return { header: block.header, bytes: encodeBlock(block.header, block.records) }
}

/** A chain of blocks of one feed. */
export function chain(name: string, length: number): readonly TestBlock[] {
  const signer = createSigner(seedFromName(name))
  const blocks: TestBlock[] = []
  for (let i = 0; i < length; i++) blocks.push(seal(signer, blocks.at(-1)))
  return blocks
}

/** A node under test. */
export interface BlockNode {
  readonly network: PeerNetwork
  readonly replicator: Replicator
  readonly blocks: Map<Hash, Uint8Array>
  /** Ends of sessions that ended well. */
  readonly results: { readonly peer: PeerName; readonly result: SyncResult }[]
  /** Sessions opened here or there. */
  opened: number
  /** How its sessions end, where a test says so. */
  ending: Partial<SyncResult>
  /** What its sessions say that they asked for. */
  blocksWanted: number
  /** What admission answers to blocks that it would take. */
  verdict: Verdict
  /** Puts a block in without telling anybody. */
  take(block: TestBlock): void
  /** Seals in and publishes. */
  publish(block: TestBlock): Promise<void>
}

/** Makes a node around a network; `misbehave` makes its sessions fail with a peer's fault. */
export function makeBlockNode(
  network: PeerNetwork, clock: Clock,
  options: {
    limits?: Partial<ReplicationLimits>; misbehave?: boolean; hang?: boolean; seed?: number
    onHave?: NonNullable<ReplicatorDeps['onHave']>
  } = {}
): BlockNode {
  const blocks = new Map<Hash, Uint8Array>()
  const admit = (bytes: Uint8Array): Promise<Verdict> => {
    const decoded = decodeBlock(bytes)
    if (decoded.kind !== 'ok') return Promise.resolve({ kind: 'reject', why: decoded.kind })
    const { header } = decoded.block
    if (blocks.has(header.id)) return Promise.resolve({ kind: 'ignore', why: 'known' })
    if (header.prev !== undefined && !blocks.has(header.prev)) return Promise.resolve({ kind: 'ignore', why: 'gap' })
    if (node.verdict.kind === 'accept') blocks.set(header.id, Uint8Array.from(bytes))
    return Promise.resolve(node.verdict)
  }
  const replicator = createReplicator({ limits: options.limits ?? {} }, {
    network,
    recordCount: () => blocks.size,
    holds: (id) => blocks.has(id),
    admitBlock: admit,
    verifyHeader: (header) => header.ext.length === 0,
    openSession: (wire) => {
      node.opened++
      return new BlockSession(wire, blocks, options, node)
    },
    ...(options.onHave === undefined ? {} : { onHave: options.onHave }),
    onSynced: (peer, result) => node.results.push({ peer, result }),
    clock,
    random: seededRandom(options.seed ?? 1),
    log: quietLog
  })
  const node: BlockNode = {
    network, replicator, blocks, results: [], opened: 0, ending: {}, blocksWanted: 0, verdict: { kind: 'accept' },
    take: (block) => void blocks.set(block.header.id, block.bytes),
    publish: (block) => {
      blocks.set(block.header.id, block.bytes)
      return replicator.publish(block.bytes)
    }
  }
  return node
}

// Frames: 'L' and 32-byte ids of all that is here; 'B' and a block; 'E' for the end.
class BlockSession implements SyncSession {
  readonly #wire: SessionWire
  readonly #blocks: Map<Hash, Uint8Array>
  readonly #settled = Promise.withResolvers<SyncResult>()
  readonly done: Promise<SyncResult> = this.#settled.promise
  readonly #misbehave: boolean
  readonly #hang: boolean
  readonly #node: Pick<BlockNode, 'ending' | 'blocksWanted'>
  #listed = false
  #ended = false
  #in = 0
  #out = 0
  #theirs = 0

  constructor(
    wire: SessionWire, blocks: Map<Hash, Uint8Array>, faults: { misbehave?: boolean; hang?: boolean },
    node: Pick<BlockNode, 'ending' | 'blocksWanted'>
  ) {
    this.#node = node
    this.#wire = wire
    this.#blocks = blocks
    this.#misbehave = faults.misbehave === true
    this.#hang = faults.hang === true
    this.done.catch(() => undefined)
  }

  closed(): void {
    // This protocol ends by a frame of its own.
  }

  start(): Promise<void> {
    return this.#hang ? Promise.resolve() : this.#list()
  }

  async receive(frame: Uint8Array): Promise<void> {
    if (this.#hang) return
    if (this.#misbehave) {
      return this.#settled.reject(new SyncError({ code: 'SYNC_UNREQUESTED' }, 'a fault of the peer'))
    }
    const kind = String.fromCharCode(frame[0] ?? 0)
    if (kind === 'B') {
      const verdict = await this.#wire.admit(frame.subarray(1), this.#wire.peer)
      if (verdict.kind === 'accept') this.#in++
    } else if (kind === 'L') await this.#serve(frame)
    else this.#ended = true
    this.#check()
  }

  progress(): ReturnType<SyncSession['progress']> {
    const { blocksWanted } = this.#node
    return { blocksIn: this.#in, blocksWanted, bytesIn: 0, usefulBytes: 0, remoteRecordCount: this.#theirs }
  }

  abort(): void {
    this.#settled.reject(new SyncError({ code: 'SYNC_ABORTED' }, 'given up'))
  }

  async #serve(frame: Uint8Array): Promise<void> {
    const theirs = new Set<string>()
    for (let at = 1; at < frame.length; at += 32) theirs.add(Buffer.from(frame.subarray(at, at + 32)).toString('hex'))
    this.#theirs = theirs.size
    if (!this.#listed) await this.#list()
    for (const [id, bytes] of this.#blocks) {
      if (theirs.has(id)) continue
      this.#out++
      await this.#wire.send(Buffer.concat([Buffer.from('B'), bytes]))
    }
    await this.#wire.send(Buffer.from('E'))
  }

  #list(): Promise<void> {
    this.#listed = true
    return this.#wire.send(Buffer.from(`4c${[...this.#blocks.keys()].join('')}`, 'hex'))
  }

  #check(): void {
    if (!this.#ended || this.#theirs < 0) return
    this.#settled.resolve({
      converged: true, complete: true, blocksIn: this.#in, blocksOut: this.#out, bytesIn: 0, bytesOut: 0,
      controlBytesIn: 0, controlBytesOut: 0, rounds: 1,
      remote: { frontierRoot: frontierRootOf([]), recordCount: this.#theirs, tipCount: 0 },
      ...this.#node.ending
    })
  }
}
