// Audit, the answering side: says where its tree over block ids differs, lists ids, and serves blocks by id.
// Rule: one tree a stream, one question at a time, a bounded number of questions; what is not here or is
// damaged here is missed.

import { type Reader } from '../store/index.js'
import {
  AUDIT_LIMITS, decodeAuditFrame, encodeAuditFrame, type AuditFrame, type AuditNode
} from './audit-frames.js'
import { type AuditSession } from './audit-session.js'
import { branchNode, differing, idsNode, readAuditTree, type PassOptions } from './audit-tree.js'
import { SyncError } from './errors.js'
import { encodeFrame } from './sync-encode.js'
import { type Dag } from './types.js'

/** What the answering side needs. */
export interface AuditServeDeps extends PassOptions {
  readonly dag: Pick<Dag, 'readBlock'>
  readonly reader: Reader
  readonly send: (frame: Uint8Array) => Promise<void>
}

/** The answering side; it is over when its peer hangs up. */
export interface AuditServer extends AuditSession {
  /** Rejects with SyncError when the peer does what no honest peer does. */
  readonly done: Promise<void>
}

/** Questions after the first one. An honest peer needs 256 for ids and 48 for blocks at most. */
const questionsMax = 512
/** Bytes after which a frame of nodes or of blocks goes out. */
const frameBytes = 262_144

/** Answers one audit. */
export function createAuditServer(deps: AuditServeDeps): AuditServer {
  const settled = Promise.withResolvers<void>()
  settled.promise.catch(() => undefined)
  let begun = false
  let questions = 0

  const fail = (what: string): void => {
    settled.reject(new SyncError({ code: 'SYNC_UNEXPECTED', what }, `a frame out of turn: ${what}`))
  }
  const answer = async (frame: AuditFrame): Promise<void> => {
    switch (frame.kind) {
      case 'audit': return answerTree(deps, frame.hashes)
      case 'ask': return answerIds(deps, frame.prefixes)
      case 'fetch': return answerBlocks(deps, frame.ids)
      default: return fail(frame.kind)
    }
  }
  return {
    done: settled.promise,
    start: () => Promise.resolve(),
    async receive(bytes) {
      const frame = decodeAuditFrame(bytes)
      if (frame === undefined) {
        return settled.reject(new SyncError({ code: 'SYNC_FRAME', what: 'audit' }, 'a frame is malformed'))
      }
      if ((frame.kind === 'audit') === begun || questions >= questionsMax) return fail(frame.kind)
      begun = true
      questions += 1
      await answer(frame).catch((cause: unknown) => {
        settled.reject(new SyncError({ code: 'SYNC_ABORTED' }, 'the answer broke off', { cause }))
      })
    },
    closed: () => settled.resolve(),
    abort: () => settled.resolve()
  }
}

async function answerTree(deps: AuditServeDeps, hashes: readonly Uint8Array[]): Promise<void> {
  const { reader, send } = deps
  const tree = await readAuditTree(reader, deps)
  await sendNodes(send, differing(hashes, tree.branches), (branch) => branchNode(reader, tree, branch))
}

function answerIds({ reader, send }: AuditServeDeps, prefixes: readonly Uint8Array[]): Promise<void> {
  return sendNodes(send, prefixes, (prefix) => idsNode(reader, prefix))
}

/** Sends a node for each place, several in a frame. */
async function sendNodes<T>(
  send: AuditServeDeps['send'], places: readonly T[], nodeOf: (place: T) => Promise<AuditNode>
): Promise<void> {
  let nodes: AuditNode[] = []
  let bytes = 0
  const flush = async (more: boolean): Promise<void> => {
    await send(encodeAuditFrame({ kind: 'branch', more, nodes }))
    nodes = []
    bytes = 0
  }
  for (const place of places) {
    const node = await nodeOf(place)
    nodes.push(node)
    bytes += sizeOf(node)
    if (bytes >= frameBytes || nodes.length === AUDIT_LIMITS.nodesMax) await flush(true)
  }
  await flush(false)
}

function sizeOf({ below }: AuditNode): number {
  return 8 + (below.kind === 'ids' ? 32 * below.ids.length : 4_096)
}

async function answerBlocks(
  deps: AuditServeDeps, ids: Extract<AuditFrame, { readonly kind: 'fetch' }>['ids']
): Promise<void> {
  const missed: number[] = []
  let blocks: Uint8Array[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (blocks.length > 0) await deps.send(encodeFrame({ kind: 'blocks', blocks }))
    blocks = []
    bytes = 0
  }
  for (const [position, id] of ids.entries()) {
    const block = deps.dag.readBlock(id)
    if (block === undefined) {
      missed.push(position)
      continue
    }
    blocks.push(block)
    bytes += block.length
    if (bytes >= frameBytes) await flush()
  }
  await flush()
  if (missed.length > 0) await deps.send(encodeFrame({ kind: 'miss', ranges: missed }))
  await deps.send(encodeFrame({ kind: 'done' }))
}
