// Gossip of blocks: own ones out, foreign ones in.
// Rule: the verdict of admission is the verdict of gossip; `reject` is for what the sender could have
// checked.
// A block over the payload limit travels as its header alone, and whoever lacks it asks by sync.
// Payload: one encoded block or announcement, docs/formats/block.md.

import type { Clock, Hash, Log, PeerName, Timer, Verdict } from '../base/index.js'
import { decodeAnnouncement, decodeHeader, encodeAnnouncement, type BlockHeader } from '../dag/index.js'
import { reasonOf } from './errors.js'
import type { PeerNetwork } from './network.js'

/** What gossip needs. */
export interface GossipDeps {
  readonly network: PeerNetwork
  /** Admitted, or on its way into the ledger. */
  holds(id: Hash): boolean
  admit(block: Uint8Array, from: PeerName): Promise<Verdict>
  /** True when signature, certificate and work of a header hold. */
  verifyHeader(header: BlockHeader): boolean
  /** A peer named blocks that are not here: it is asked, then others. */
  missing(from: PeerName, ids: readonly Hash[]): void
  readonly clock: Clock
  readonly log: Log
}

/** Counters of gossip since the start. */
export interface GossipCounts {
  readonly published: number
  readonly announced: number
  readonly publishFailed: number
}

/** Gossip of blocks. */
export interface BlockGossip {
  /** Publishes an own block. Never throws: what gossip loses sync delivers. */
  publish(block: Uint8Array): Promise<void>
  receive(from: PeerName, payload: Uint8Array): Promise<Verdict>
  counts(): GossipCounts
  stop(): void
}

// Parents arrive a moment after the block that names them when two feeds race; only a lasting lack is a gap.
const parentWaitMs = 250
/** Reasons to ignore a block under which something may be missing. */
const gapWhys: ReadonlySet<string> = new Set(['gap', 'known'])
const waitingPeersMax = 256
const waitingParentsMax = 64

/** Makes the gossip of blocks. */
export function createBlockGossip(options: { payloadBytesMax: number }, deps: GossipDeps): BlockGossip {
  const counts = { published: 0, announced: 0, publishFailed: 0 }
  const waiting = new Map<PeerName, { readonly timer: Timer; readonly parents: Set<Hash> }>()

  const lookForGap = (from: PeerName, header: BlockHeader): void => {
    const { prev } = header
    if (prev !== undefined && !deps.holds(prev)) return deps.missing(from, [prev])
    const missing = header.parents.filter((parent) => !deps.holds(parent))
    if (missing.length === 0) return
    const entry = waiting.get(from) ?? startWaiting(from)
    for (const parent of missing) {
      if (entry !== undefined && entry.parents.size < waitingParentsMax) entry.parents.add(parent)
    }
  }
  const startWaiting = (from: PeerName): { readonly parents: Set<Hash> } | undefined => {
    if (waiting.size >= waitingPeersMax) return undefined
    const parents = new Set<Hash>()
    const timer = deps.clock.setTimer(parentWaitMs, () => {
      waiting.delete(from)
      const missing = [...parents].filter((parent) => !deps.holds(parent))
      if (missing.length > 0) deps.missing(from, missing)
    })
    waiting.set(from, { timer, parents })
    return { parents }
  }
  const receiveBlock = async (from: PeerName, payload: Uint8Array): Promise<Verdict> => {
    const verdict = await deps.admit(payload, from)
    const header = mayShowGap(verdict) ? headerOf(payload) : undefined
    if (header !== undefined) lookForGap(from, header)
    return verdict
  }
  return {
    async publish(block: Uint8Array): Promise<void> {
      const header = block.length > options.payloadBytesMax ? headerOf(block) : undefined
      try {
        await deps.network.publish(header === undefined ? block : encodeAnnouncement(header))
        if (header === undefined) counts.published++
        else counts.announced++
      } catch (error) {
        counts.publishFailed++
        deps.log.warn({ reason: reasonOf(error), bytes: block.length }, 'a block was not published')
      }
    },
    async receive(from: PeerName, payload: Uint8Array): Promise<Verdict> {
      // No honest node sends one, since one that is larger still cuts the gossip stream off.
      if (payload.length > options.payloadBytesMax) return { kind: 'reject', why: 'payload too large' }
      const announced = decodeAnnouncement(payload)
      switch (announced.kind) {
        case 'block': return receiveBlock(from, payload)
        case 'newer': return { kind: 'ignore', why: 'newer version' }
        case 'invalid': return { kind: 'reject', why: announced.rule }
        default: return receiveAnnouncement(from, announced.header, deps)
      }
    },
    counts: () => ({ ...counts }),
    stop(): void {
      for (const { timer } of waiting.values()) timer.cancel()
      waiting.clear()
    }
  }
}

/** Not a block that was put off: what it builds on is put off with it. */
function mayShowGap(verdict: Verdict): boolean {
  return verdict.kind === 'accept' || (verdict.kind === 'ignore' && gapWhys.has(verdict.why))
}

function receiveAnnouncement(from: PeerName, header: BlockHeader, deps: GossipDeps): Verdict {
  if (deps.holds(header.id)) return { kind: 'ignore', why: 'known' }
  if (!deps.verifyHeader(header)) return { kind: 'reject', why: 'header' }
  deps.missing(from, [header.id])
  return { kind: 'accept' }
}

/** The header of a plainly encoded block (encoding byte 0, length, header); undefined for anything else. */
function headerOf(block: Uint8Array): BlockHeader | undefined {
  if (block.length < 3 || block[0] !== 0) return undefined
  const length = (block[1] ?? 0) * 256 + (block[2] ?? 0)
  const decoded = decodeHeader(block.subarray(3, 3 + length))
  return decoded.kind === 'ok' ? decoded.header : undefined
}
