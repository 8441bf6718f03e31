// Audit, the asking side: compares the tree over the own block ids with a peer's, top down, and fetches what
// the own index lost, together with blocks whose rows were found changed. Bytes in, bytes out; no sockets.
// Rule: nothing that the peer names is believed. A block is put back only if the repair finds that it was
// here, and what is asked for is bounded: the rest is the next audit's.
// Source: docs/formats/sync.md, "Audit".

import { fromHex, toHex, type Hash } from '../base/index.js'
import { keys, type Reader } from '../store/index.js'
import {
  AUDIT_LIMITS, auditFanout, decodeAuditFrame, encodeAuditFrame, type AuditNode
} from './audit-frames.js'
import { differing, readAuditTree, type AuditTree, type PassOptions } from './audit-tree.js'
import { blockIdOf, decodeBlock } from './block.js'
import { SyncError, type SyncFailure } from './errors.js'
import { decodeFrame } from './sync-decode.js'
import { syncFrameBytesMax } from './sync-frames.js'

/**
 * What became of a fetched block: its rows are back; they lack nothing, since it came by another way;
 * nothing shows (yet) that it was here, as for a new block or a branch of a fork, which sync brings; or it is
 * not what it should be.
 */
export type RepairOutcome = 'repaired' | 'whole' | 'unknown' | 'invalid'

/** What an audit found. */
export interface AuditResult {
  /** Blocks in the own tree. */
  readonly blocks: number
  /** Blocks put back. */
  readonly repaired: readonly Hash[]
  /** Damaged blocks that the peer did not give either. */
  readonly lost: readonly Hash[]
  readonly rounds: number
  readonly bytesIn: number
}

/** What the asking side needs. */
export interface AuditDeps extends PassOptions {
  readonly reader: Reader
  readonly send: (frame: Uint8Array) => Promise<void>
  /** Writes the rows of a block anew if it was here. The bytes are a view of a frame. */
  readonly repair: (id: Hash, block: Uint8Array) => Promise<RepairOutcome>
  /** Blocks known to be damaged. */
  readonly damaged: readonly Hash[]
}

/** One side of an audit, as the link drives it. */
export interface AuditSession {
  /** Opens the audit: for the side that opened the link. */
  start(): Promise<void>
  /** Takes the peer's next frame; resolves when the next one may come. Never rejects. */
  receive(frame: Uint8Array): Promise<void>
  /** The peer will send nothing more. */
  closed(): void
  abort(): void
}

/** The asking side. */
export interface Audit extends AuditSession {
  /** Settles once: the result, or SyncError. The link can be closed then. */
  readonly done: Promise<AuditResult>
}

/** Blocks fetched in one audit. */
export const auditFetchMax = 1_024
/** Ids and hashes that a peer may list in one audit: four times a first answer in which all differs. */
const listedMax = 262_144
/** Frames of one audit: twice what the longest honest one takes. */
const framesMax = 8_192
/** Times that a block is fetched: once to see where it belongs, once more in that order. */
const triesMax = 2

/** What is known of a block to fetch. */
interface Wanted {
  readonly id: Hash
  tries: number
  /** Where it belongs, once it was seen. */
  seq: number
}

/** An audit against a peer. */
export function createAudit(deps: AuditDeps): Audit {
  return new AskingSide(deps)
}

class AskingSide implements Audit {
  readonly done: Promise<AuditResult>
  readonly #settled: PromiseWithResolvers<AuditResult> = Promise.withResolvers()
  readonly #deps: AuditDeps
  readonly #wanted = new Map<Hash, Wanted>()
  readonly #repaired: Hash[] = []
  #tree: AuditTree | undefined
  /** Leaves whose ids are still to be asked for, as 2-byte prefixes in hex. */
  #asks: string[] = []
  #expects: 'branch' | 'blocks' | 'nothing' = 'nothing'
  /** The blocks of the question under way, and those of them that have not come. */
  #asked: readonly Wanted[] = []
  #fetching = new Map<Hash, Wanted>()
  #listed = 0
  #frames = 0
  #rounds = 0
  #bytesIn = 0
  #over = false

  constructor(deps: AuditDeps) {
    this.#deps = deps
    this.done = this.#settled.promise
    this.done.catch(() => undefined)
    for (const id of deps.damaged.slice(0, auditFetchMax)) this.#want(id)
  }

  async start(): Promise<void> {
    try {
      this.#tree = await readAuditTree(this.#deps.reader, this.#deps)
      const { blocks, branches } = this.#tree
      this.#expects = 'branch'
      await this.#send(encodeAuditFrame({ kind: 'audit', blocks, hashes: branches }))
    } catch (cause) {
      this.#fail({ code: 'SYNC_ABORTED' }, 'the audit could not begin', cause)
    }
  }

  async receive(bytes: Uint8Array): Promise<void> {
    if (this.#over) return
    this.#bytesIn += bytes.length
    try {
      this.#frames += 1
      if (bytes.length > syncFrameBytesMax) this.#oversized(bytes.length)
      else if (this.#frames > framesMax) this.#limit('frames')
      else if (this.#expects === 'branch') await this.#takeBranch(bytes)
      else if (this.#expects === 'blocks') await this.#takeAnswer(bytes)
      else this.#unexpected('frame')
    } catch (cause) {
      this.#fail({ code: 'SYNC_ABORTED' }, 'the audit broke off on this side', cause)
    }
  }

  closed(): void {
    this.#fail({ code: 'SYNC_LINK' }, 'the peer hung up')
  }

  abort(): void {
    this.#fail({ code: 'SYNC_ABORTED' }, 'the audit was given up')
  }

  async #takeBranch(bytes: Uint8Array): Promise<void> {
    const frame = decodeAuditFrame(bytes)
    if (frame?.kind !== 'branch') return this.#malformed('branch')
    for (const node of frame.nodes) {
      this.#look(node)
      await this.#deps.pause?.()
    }
    if (this.#listed > listedMax) return this.#limit('ids')
    // A frame that says nothing and promises more would be a way to keep a node busy for ever.
    if (frame.more && frame.nodes.length === 0) return this.#unexpected('branch')
    if (!frame.more) await this.#next()
  }

  /** Compares one node of the peer's tree with ours. */
  #look({ prefix, below }: AuditNode): void {
    if (below.kind === 'ids') {
      this.#listed += 1 + below.ids.length
      for (const id of below.ids) if (this.#deps.reader.get(keys.block(id)) === undefined) this.#want(id)
      return
    }
    this.#listed += auditFanout
    const [branch = 0] = prefix
    if (prefix.length !== 1) return
    for (const leaf of differing(this.#tree?.leavesOf(branch) ?? [], below.hashes)) {
      const ask = toHex(Uint8Array.of(branch, leaf))
      if (this.#asks.length < auditFanout * auditFanout && this.#asks.at(-1) !== ask) this.#asks.push(ask)
    }
  }

  /** Asks for the next ids, then for the next blocks, until nothing is left. */
  async #next(): Promise<void> {
    const asks = this.#wanted.size < auditFetchMax ? this.#asks.splice(0, AUDIT_LIMITS.asksMax) : []
    if (asks.length > 0) {
      const prefixes = asks.flatMap((ask) => fromHex(ask) ?? [])
      return this.#send(encodeAuditFrame({ kind: 'ask', prefixes }))
    }
    // Highest first: what shows that a block was here is often the one above it.
    const open = [...this.#wanted.values()].sort((a, b) => a.tries - b.tries || b.seq - a.seq)
    this.#asked = open.filter(({ tries }) => tries < triesMax).slice(0, AUDIT_LIMITS.fetchMax)
    if (this.#asked.length === 0) return this.#finish()
    this.#fetching = new Map(this.#asked.map((wanted) => [wanted.id, wanted]))
    for (const wanted of this.#asked) wanted.tries += 1
    this.#expects = 'blocks'
    await this.#send(encodeAuditFrame({ kind: 'fetch', ids: this.#asked.map(({ id }) => id) }))
  }

  async #takeAnswer(bytes: Uint8Array): Promise<void> {
    const frame = decodeFrame(bytes)
    switch (frame.kind) {
      case 'blocks': return this.#takeBlocks(frame.blocks)
      case 'miss': {
        const asked = this.#asked
        for (const position of frame.ranges) {
          const wanted = asked[position]
          if (wanted !== undefined) wanted.tries = triesMax
        }
        return
      }
      case 'done': return this.#next()
      case 'malformed': return this.#malformed(frame.what)
      default: return this.#unexpected(frame.kind)
    }
  }

  async #takeBlocks(blocks: readonly Uint8Array[]): Promise<void> {
    for (const block of blocks) {
      const id = blockIdOf(block)
      const wanted = id === undefined ? undefined : this.#fetching.get(id)
      if (wanted === undefined) {
        return this.#fail({ code: 'SYNC_UNREQUESTED' }, 'the peer sent a block that nobody asked for')
      }
      this.#fetching.delete(wanted.id)
      await this.#putBack(wanted, block)
    }
  }

  async #putBack(wanted: Wanted, block: Uint8Array): Promise<void> {
    const { id } = wanted
    const outcome = await this.#deps.repair(id, block)
    if (outcome === 'invalid') {
      return this.#fail({ code: 'SYNC_BAD_BLOCK', why: 'audit' }, 'the peer sent an invalid block')
    }
    if (outcome === 'repaired') this.#repaired.push(id)
    if (outcome !== 'unknown') return void this.#wanted.delete(id)
    const decoded = decodeBlock(block)
    wanted.seq = decoded.kind === 'ok' ? decoded.block.header.seq : 0
  }

  #want(id: Hash): void {
    if (this.#wanted.size >= auditFetchMax || this.#wanted.has(id)) return
    this.#wanted.set(id, { id, tries: 0, seq: 0 })
  }

  async #send(frame: Uint8Array): Promise<void> {
    this.#rounds += 1
    await this.#deps.send(frame)
  }

  #finish(): void {
    this.#over = true
    const damaged = new Set(this.#deps.damaged)
    this.#settled.resolve({
      blocks: this.#tree?.blocks ?? 0, repaired: this.#repaired,
      lost: [...this.#wanted.keys()].filter((id) => damaged.has(id)),
      rounds: this.#rounds, bytesIn: this.#bytesIn
    })
  }

  #oversized(bytes: number): void {
    this.#fail({ code: 'SYNC_OVERSIZED', bytes }, 'a frame is too large')
  }

  #limit(what: string): void {
    this.#fail({ code: 'SYNC_LIMIT', what }, `the peer sends too many ${what}`)
  }

  #malformed(what: string): void {
    this.#fail({ code: 'SYNC_FRAME', what }, `a frame is malformed: ${what}`)
  }

  #unexpected(what: string): void {
    this.#fail({ code: 'SYNC_UNEXPECTED', what }, `a frame out of turn: ${what}`)
  }

  #fail(failure: SyncFailure, message: string, cause?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#settled.reject(new SyncError(failure, message, cause === undefined ? undefined : { cause }))
  }
}
