// The tree over block ids that an audit compares: made from the keys of the block rows alone, so that it
// says what is in the index and not what the graph in memory believes.
// Shape: 256 branches by the first byte of the id, 256 leaves under each by the second. A leaf is the first
// 16 bytes of BLAKE3 over its ids in order, a branch those of BLAKE3 over its 256 leaves; zeros where nothing
// is.
// Cost: one pass over the keys; memory 16 bytes a leaf that is not empty, 1 MiB at most.

import { blake3, equalBytes, hashOf, type Hash } from '../base/index.js'
import { keys, parseId, ranges, type Reader } from '../store/index.js'
import { AUDIT_LIMITS, auditFanout, auditHashBytes, type AuditNode } from './audit-frames.js'

/** A tree over the block ids of one state of an index. */
export interface AuditTree {
  readonly blocks: number
  /** 256 branches, 16 bytes each. */
  readonly branches: readonly Uint8Array[]
  /** 256 leaves of a branch. */
  leavesOf(branch: number): readonly Uint8Array[]
  /** Ids below a branch, in number. */
  countOf(branch: number): number
}

/** How a pass over many rows proceeds. */
export interface PassOptions {
  /** Waits between two batches of rows, as long as the pass shall rest. */
  readonly pause?: () => Promise<void>
  /** Ends the pass: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

const nothing = new Uint8Array(auditHashBytes)
/** Ids below a branch up to which they are listed themselves: as many bytes as two lists of leaves. */
const listedMax = 256

/** Reads the tree of an index. */
export async function readAuditTree(reader: Reader, options: PassOptions = {}): Promise<AuditTree> {
  const leaves = new Map<number, Uint8Array>()
  const counts = new Array<number>(auditFanout).fill(0)
  let blocks = 0
  let leaf = -1
  let ids: Uint8Array[] = []
  const close = (): void => {
    if (ids.length > 0) leaves.set(leaf, blake3(...ids).subarray(0, auditHashBytes))
    ids = []
  }
  for await (const rows of reader.batches({ keysOnly: true, ...ranges.blocks() })) {
    for (const [key] of rows) {
      const id = key.subarray(key.length - 32)
      const [first = 0, second = 0] = id
      const place = first * auditFanout + second
      if (place !== leaf) close()
      leaf = place
      ids.push(id)
      blocks += 1
      counts[first] = (counts[first] ?? 0) + 1
    }
    options.signal?.throwIfAborted()
    await options.pause?.()
  }
  close()
  const leavesOf = (branch: number): readonly Uint8Array[] =>
    Array.from({ length: auditFanout }, (_, second) => leaves.get(branch * auditFanout + second) ?? nothing)
  const countOf = (branch: number): number => counts[branch] ?? 0
  const branches = branchesOver(leaves)
  return { blocks, branches, leavesOf, countOf }
}

/** The hash of each branch, from the leaves that are not empty. */
function branchesOver(leaves: ReadonlyMap<number, Uint8Array>): readonly Uint8Array[] {
  // All leaves of a branch side by side: hashing one string costs a tenth of hashing 256.
  const joined = new Map<number, Uint8Array>()
  for (const [place, hash] of leaves) {
    const branch = Math.floor(place / auditFanout)
    const bytes = joined.get(branch) ?? new Uint8Array(auditFanout * auditHashBytes)
    bytes.set(hash, (place % auditFanout) * auditHashBytes)
    joined.set(branch, bytes)
  }
  return Array.from({ length: auditFanout }, (_, branch) => {
    const bytes = joined.get(branch)
    return bytes === undefined ? nothing : blake3(bytes).subarray(0, auditHashBytes)
  })
}

/** Places where the other side has something that we may lack: the hashes differ and theirs is not empty. */
export function differing(ours: readonly Uint8Array[], theirs: readonly Uint8Array[]): readonly number[] {
  return [...theirs.keys()].filter((place) => {
    const [mine, other] = [ours[place] ?? nothing, theirs[place] ?? nothing]
    return !equalBytes(mine, other) && !equalBytes(other, nothing)
  })
}

/** A branch as it is answered: its ids if they are few, else its leaves. */
export async function branchNode(reader: Reader, tree: AuditTree, branch: number): Promise<AuditNode> {
  const prefix = Uint8Array.of(branch)
  if (tree.countOf(branch) > listedMax) {
    return { prefix, below: { kind: 'hashes', hashes: tree.leavesOf(branch) } }
  }
  return idsNode(reader, prefix)
}

/** A node with the ids under a prefix, up to 8,192. */
export async function idsNode(reader: Reader, prefix: Uint8Array): Promise<AuditNode> {
  const padded = (fill: number): Hash =>
    hashOf(Buffer.concat([prefix, Buffer.alloc(32 - prefix.length, fill)]))
  const last = keys.block(padded(255))
  const range = { gte: keys.block(padded(0)), lt: Buffer.concat([last, Buffer.of(0)]) }
  const rows = await reader.rangeAll({ keysOnly: true, limit: AUDIT_LIMITS.idsMax, ...range })
  return { prefix, below: { kind: 'ids', ids: rows.map(([key]) => parseId('block', key)) } }
}
