// Serving side of a sync session: answers one WANT at a time with BLOCKS, MISS and DONE, as far as the
// credit goes.
// Rule: ascending by (feed, seq), forked feeds last; what the peer said it holds waiting is not sent again,
// decided by hash. Cost: one point read a record, paged; a range costs no memory.

import { type Hash } from '../base/index.js'
import { type BlockPlace } from './block-rows.js'
import { type Span } from './claims.js'
import { SYNC_LIMITS, type Run, type WantRange } from './sync-frames.js'
import { type Outbox } from './sync-outbox.js'
import { createPeerPending, type Ending } from './sync-skip.js'
import { type Dag } from './types.js'

/** The serving side. */
export interface Server {
  /** Starts to answer; false while another answer is under way or after too many questions for nothing. */
  serve(ranges: readonly WantRange[]): boolean
  /** The peer wants no more of the answer under way. */
  cut(): void
  /** The peer gave credit back. */
  credit(bytes: number): void
  /** Runs that wait at the peer. */
  peerPending(runs: readonly Run[]): void
  stop(): void
  readonly busy: boolean
  readonly blocksOut: number
}

/** What the serving side needs. */
export interface ServeDeps {
  readonly dag: Dag
  readonly outbox: Outbox
  readonly onProgress: () => void
  readonly onFailure: (cause: unknown) => void
  /** An answer is complete. */
  readonly onIdle: () => void
}

/** Questions without a single block in the answer that a session may ask. An honest peer asks a few. */
const fruitlessMax = 64
/** Credit that a peer can save up. */
const creditMax = 67_108_864

interface Located {
  readonly position: number
  readonly range: WantRange
  readonly top: BlockPlace
  readonly forked: boolean
}

/** What is left of a range beside those before. */
interface Part extends Span {
  readonly located: Located
}

/** A server over the graph. */
export function createServer(
  options: { readonly creditBytes: number, readonly blocksFrameBytes: number }, deps: ServeDeps
): Server {
  const { dag } = deps
  const sender = createBlockSender(options, deps)
  const pending = createPeerPending(dag)
  const session = { over: false }
  let [busy, cut] = [false, false]
  let fruitless = 0

  const servePart = async (part: Part): Promise<number> => {
    const { low, high, located: { top } } = part
    if (cut || session.over) return low
    const skips = await pending.skips(top, part, session)
    let seq = low
    for await (const page of dag.chain(top.id, low, high)) {
      for (const id of page) {
        const block = skips(seq) ? undefined : dag.readBlock(id)
        if (block === undefined && !skips(seq)) return seq
        if (block !== undefined) await sender.push(block)
        if (cut || session.over) return seq
        seq += 1
      }
    }
    return seq
  }
  const answer = async (ranges: readonly WantRange[]): Promise<void> => {
    const before = sender.blocks
    const parts = await locate(dag, ranges, session)
    pending.renew()
    const missed = await serveEach(ranges.length, parts, servePart)
    await sender.flush()
    fruitless = sender.blocks === before ? fruitless + 1 : 0
    busy = false
    if (session.over) return
    if (missed.length > 0) deps.outbox.post({ kind: 'miss', ranges: missed })
    deps.outbox.post({ kind: 'done' })
    deps.onIdle()
  }
  return {
    serve(ranges) {
      if (busy || fruitless >= fruitlessMax) return false
      busy = true
      cut = false
      answer(ranges).catch(deps.onFailure)
      return true
    },
    cut: () => void (cut = true),
    credit: (bytes) => sender.credit(bytes),
    peerPending: (runs) => pending.add(runs),
    stop() {
      session.over = true
      sender.stop()
    },
    get busy() { return busy },
    get blocksOut() { return sender.blocks }
  }
}

/**
 * Serves part after part.
 * @param serve gives the first seq that it did not come past
 * @returns the positions of what could not be served whole
 */
async function serveEach(
  ranges: number, parts: readonly Part[], serve: (part: Part) => Promise<number>
): Promise<readonly number[]> {
  const missed = Array.from<boolean>({ length: ranges }).fill(true)
  /** By feed, the high of the last part that broke off. */
  const broken = new Map<Hash, number>()
  for (const part of parts) {
    const { low, high, located: { position, range, top } } = part
    // What was left to parts before came with them, unless one of these broke off.
    const isLacking = range.low < low && range.low <= (broken.get(top.feed) ?? 0)
    const reached = low > high ? low : await serve(part)
    if (reached <= highOf(part.located)) broken.set(top.feed, highOf(part.located))
    if (reached > high && !isLacking) missed[position] = false
  }
  return [...missed.keys()].filter((position) => missed[position] === true)
}

/** Finds the tops of the ranges; in the order of serving, no block of one chain twice. */
async function locate(
  dag: Dag, ranges: readonly WantRange[], session: Ending
): Promise<readonly Part[]> {
  const tops: Omit<Located, 'forked'>[] = []
  for (const [position, range] of ranges.entries()) {
    if (session.over) break
    const top = await dag.find(range.top)
    if (top !== undefined) tops.push({ position, range, top })
  }
  // All at one moment: a fork may be noticed while tops are looked for.
  const found = tops.map(({ position, range, top }): Located => (
    { position, range, top, forked: dag.isForked(top.feed) }
  ))
  found.sort((a, b) => {
    if (a.forked !== b.forked) return a.forked ? 1 : -1
    if (a.top.feed !== b.top.feed) return a.top.feed < b.top.feed ? -1 : 1
    // The longest first: it holds all others that begin there, and is one walk.
    return a.range.low - b.range.low || highOf(b) - highOf(a)
  })
  return withoutOverlap(found)
}

function highOf({ range, top }: Located): number {
  return Math.min(range.high, top.seq)
}

/**
 * Leaves out what a range before holds: the range itself where both lead to one top, else its lower part. All
 * blocks of a feed without a fork lie on one chain, whichever of them a range leads to.
 */
function withoutOverlap(found: readonly Located[]): readonly Part[] {
  const served = new Map<string, { readonly top: string, readonly high: number }>()
  const parts: Part[] = []
  for (const located of found) {
    const { range, top, forked } = located
    const chain = forked ? top.id : top.feed
    const before = served.get(chain)
    const { high } = before ?? { high: 0 }
    if (range.low <= high && before?.top === top.id) continue
    served.set(chain, { top: top.id, high: Math.max(high, highOf(located)) })
    parts.push({ located, low: Math.max(range.low, high + 1), high: range.high })
  }
  return parts
}

interface BlockSender {
  push(block: Uint8Array): Promise<void>
  flush(): Promise<void>
  credit(bytes: number): void
  stop(): void
  readonly blocks: number
}

/** Packs blocks into frames and stops where the credit ends. */
function createBlockSender(
  options: { readonly creditBytes: number, readonly blocksFrameBytes: number }, deps: ServeDeps
): BlockSender {
  let credit = options.creditBytes
  let frame: Uint8Array[] = []
  let frameBytes = 0
  let sent = 0
  let stopped = false
  let wake: (() => void) | undefined

  const flush = async (): Promise<void> => {
    if (frame.length === 0 || stopped) return
    deps.outbox.post({ kind: 'blocks', blocks: frame })
    credit -= frameBytes
    sent += frame.length
    frame = []
    frameBytes = 0
    deps.onProgress()
    await deps.outbox.room()
  }
  const push = async (block: Uint8Array): Promise<void> => {
    if (frameBytes + block.length > credit) await flush()
    while (block.length > credit && !stopped) await new Promise<void>((resolve) => (wake = resolve))
    frame.push(block)
    frameBytes += block.length
    if (frameBytes >= options.blocksFrameBytes || frame.length === SYNC_LIMITS.blocksMax) await flush()
  }
  return {
    push, flush,
    credit(bytes) {
      credit = Math.min(credit + bytes, creditMax)
      wake?.()
    },
    stop() {
      stopped = true
      wake?.()
    },
    get blocks() { return sent }
  }
}
