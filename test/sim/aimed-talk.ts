// What a liar that aims says on a sync stream: in good form, about blocks that are there, and never more than
// it must.
// Rule: what a machine owes in such a session is checked from here, since the liar alone knows that it gave
// nothing: a session without anything new ends in time, a frame over the limit ends it at once.

import type { FrameStream } from '../../src/base/index.js'
import { SYNC_DEFAULTS, syncFrameBytesMax, type BlockHeader } from '../../src/dag/index.js'
import { decodeFrame } from '../../src/dag/sync-decode.js'
import { encodeFrame } from '../../src/dag/sync-encode.js'
import { FRAME_TYPES, SYNC_LIMITS, type Run, type Status, type SyncFrame, type WantRange } from '../../src/dag/sync-frames.js'
import type { Habit } from './aims.js'
import { runOf, type KnownBlock, type Library, type OwnFeed } from './library.js'
import { anyHash, type LiarMind } from './liar-blocks.js'
import type { Machine } from './machine.js'
import type { Prng } from './prng.js'
import type { Owner, World } from './world.js'

/** What a talk stands on. */
export interface Talk {
  readonly stream: FrameStream
  /** The liar opened it. */
  readonly opened: boolean
  readonly target: Machine
  readonly mind: LiarMind
  readonly library: Library
  readonly own: OwnFeed
  /** Blocks of feeds of their own, each given away once. */
  readonly spares: KnownBlock[]
  readonly everyMs: number
  readonly prng: Prng
  readonly world: World
  readonly owner: Owner
}

type Speak = (talk: Talk) => Promise<void>

/** A session without anything new ends within this: its own limit, and what links and standstills add. */
const FRUITLESS_MS_MAX = SYNC_DEFAULTS.idleMs + 90_000
/** Far more blocks than there are. */
const ENDLESS = 1_000_000
/** Between two frames that say nothing. */
const NUDGE_MS = 10_000
/** Questions in a row that nothing comes of: a few more are misbehaviour. */
const FRUITLESS_MAX = 60
/** What is said again this often at full pace, and the share of sessions that never slow down. */
const QUICK = 3
const GREEDY_SHARE = 0.03

/** How liars talk, by what they are after. */
export const TALKS: Readonly<Record<Habit, Speak>> = { drip, hold, ask, retire, large }

/** One block every so often, for as long as the session lasts. */
async function drip(talk: Talk): Promise<void> {
  const { own, prng, spares, stream } = talk
  const manner = prng.pick(['new', 'new', 'known', 'ahead'] as const)
  const same = manner === 'known' ? spares.shift() : manner === 'ahead' ? own.ahead : undefined
  const endless = (block: KnownBlock): Run => ({ ...runOf(block.header), high: ENDLESS, top: anyTop(prng) })
  await greet(talk, same === undefined ? runsOf(own) : [endless(same)])
  const watch = watchUse(talk)
  let wanted: WantRange[] = []
  let dripping = false
  try {
    for await (const bytes of stream.frames) {
      watch.heard(bytes)
      const frame = decodeFrame(bytes)
      if (frame.kind !== 'want') continue
      wanted = [...frame.ranges]
      if (dripping) continue
      dripping = true
      void dripOn(talk, () => same ?? nextOf(own, wanted), watch.gave).catch(() => undefined)
    }
  } finally {
    watch.ended()
  }
}

async function dripOn(
  { everyMs, stream, world, owner }: Talk, next: () => KnownBlock | undefined,
  gave: (block: KnownBlock) => void
): Promise<void> {
  for (;;) {
    await world.sleep(everyMs, 'aim', owner)
    const block = next()
    if (block === undefined) await send(stream, { kind: 'done' })
    else {
      gave(block)
      await send(stream, { kind: 'blocks', blocks: [block.bytes] })
    }
  }
}

/** The lowest own block that is asked for; it is not asked for any more then. */
function nextOf({ blocks }: OwnFeed, wanted: WantRange[]): KnownBlock | undefined {
  for (const [position, range] of wanted.entries()) {
    const leadsThere = blocks.some(({ header }) => header.id.startsWith(range.top))
    const block = blocks.find(({ header: { seq } }) => leadsThere && seq >= range.low && seq <= range.high)
    if (block === undefined) continue
    wanted[position] = { ...range, low: block.header.seq + 1 }
    return block
  }
  return undefined
}

/** A session, and nothing in it. */
async function hold(talk: Talk): Promise<void> {
  const { prng, stream, world, owner } = talk
  const manner = prng.pick(['mute', 'status', 'empty', 'invented', 'invented'] as const)
  const listed = manner === 'invented' ? [{ feed: anyTop(prng), low: 1, high: ENDLESS, top: anyTop(prng) }] : []
  if (manner === 'status') await send(stream, statusOf(talk))
  else if (manner !== 'mute') await greet(talk, listed)
  const watch = watchUse(talk)
  const nudge = async (): Promise<void> => {
    for (;;) {
      await world.sleep(NUDGE_MS, 'aim', owner)
      await send(stream, { kind: 'credit', bytes: 1 })
    }
  }
  if (manner !== 'mute') void nudge().catch(() => undefined)
  await listen(stream, watch.heard).finally(watch.ended)
}

/** Questions for what is there, again and again, by one who claims to hold it waiting. */
async function ask(talk: Talk): Promise<void> {
  const { everyMs, library, opened, prng, stream, world, owner } = talk
  if (opened && prng.chance(0.3)) return repeatHave(talk)
  await greet(talk, [], prng.chance(0.7) ? library.runs(SYNC_LIMITS.rangesMax) : [])
  let fruitless = 0
  let blocks = 0
  let once = onceAnAnswer(talk)
  const pauseMs = pausesOf(prng, everyMs / 4)
  for await (const bytes of stream.frames) {
    const frame = decodeFrame(bytes)
    if (frame.kind === 'blocks') {
      for (const block of frame.blocks) once(library.hear(block))
      blocks += frame.blocks.length
      if (prng.chance(0.5)) await send(stream, { kind: 'credit', bytes: bytes.length })
    }
    if (frame.kind !== 'done' && (frame.kind !== 'tips' || frame.more)) continue
    once = onceAnAnswer(talk)
    fruitless = blocks === 0 ? fruitless + 1 : 0
    if (fruitless > FRUITLESS_MAX) break
    blocks = 0
    const listed = frame.kind === 'tips' ? frame.admitted.slice(0, SYNC_LIMITS.rangesMax) : []
    if (frame.kind === 'done') await world.sleep(pauseMs(), 'aim', owner)
    const ranges = listed.length > 0 ? listed.map(({ top, low, high }) => ({ top, low, high }))
      : library.ranges(SYNC_LIMITS.rangesMax)
    if (ranges.length > 0) await send(stream, { kind: 'want', ranges })
  }
  await stream.close()
}

/**
 * Pauses between what a liar says again. Each answer is judged by itself, and the third to one question
 * shows what the hundredth would: most liars wait ever longer then, and keep their place as long as before.
 * A few go on at full pace, until their credit is used up.
 */
function pausesOf(prng: Prng, firstMs: number): () => number {
  const greedy = prng.chance(GREEDY_SHARE)
  let said = 0
  return () => {
    said += 1
    return greedy ? firstMs : Math.min(NUDGE_MS, firstMs * 4 ** Math.max(0, said - QUICK))
  }
}

/** Notes the blocks of an answer: none of an unforked feed comes twice, whatever the question names. */
function onceAnAnswer({ target, world }: Talk): (header: BlockHeader | undefined) => void {
  const seen = new Set<string>()
  return (header) => {
    if (header === undefined || target.life?.parts?.dag.isForked(header.feed) !== false) return
    if (seen.has(header.id)) world.fail('limits hold', `machine ${target.index} sends ${header.id} twice in an answer`)
    seen.add(header.id)
  }
}

/** The same true blocks, said to be held, time and again. */
async function repeatHave({ everyMs, library, owner, prng, stream, world }: Talk): Promise<void> {
  const pauseMs = pausesOf(prng, everyMs)
  for (let again = 0; again < FRUITLESS_MAX; again += 1) {
    const ids = [...library.ids(SYNC_LIMITS.rangesMax)].sort()
    if (ids.length > 0) await send(stream, { kind: 'have', ids })
    await world.sleep(pauseMs(), 'aim', owner)
  }
  await stream.close()
}

/** A block of the machine's own feed that it does not have. */
async function retire(talk: Talk): Promise<void> {
  const { library, prng, stream, target } = talk
  const last = library.lastOf(target.signer.publicKey)
  const yourTip = last === undefined ? undefined
    : { feed: last.feed, seq: last.seq + prng.between(1, 3), id: anyHash(prng) }
  await greet(talk, [], [], yourTip === undefined ? {} : { yourTip })
  await listen(stream)
}

/** A frame over the limit, and then a session as if nothing had been. */
async function large(talk: Talk): Promise<void> {
  const { opened, prng, stream, target, world } = talk
  // Of a later version: its type alone would be no offence.
  const frame = new Uint8Array(syncFrameBytesMax + prng.between(1, 1_000))
  frame[0] = 200
  await stream.send(frame)
  await greet(talk, [{ feed: anyTop(prng), low: 1, high: ENDLESS, top: anyTop(prng) }])
  for await (const bytes of stream.frames) {
    // Who opened has said STATUS and TIPS before it could know.
    if (opened || decodeFrame(bytes).kind === 'want') {
      world.fail('limits hold', `machine ${target.index} takes a frame of ${frame.length} bytes`)
    }
  }
}

/** STATUS and TIPS of a side that is far from equal. */
async function greet(
  talk: Talk, admitted: readonly Run[], pending: readonly Run[] = [], more: Partial<Status> = {}
): Promise<void> {
  await send(talk.stream, { ...statusOf(talk), ...more })
  await send(talk.stream, { kind: 'tips', more: false, admitted, pending })
}

function statusOf({ mind, opened, prng }: Talk): Status {
  return {
    kind: 'status', versions: [1, 1], networkId: mind.networkId, frontierRoot: anyHash(prng), tipCount: 1, recordCount: 1,
    tipsFollow: opened, heads: []
  }
}

/** What a machine keeps open for nothing. */
interface UseWatch {
  gave(block: KnownBlock): void
  heard(frame: Uint8Array): void
  ended(): void
}

/** Tells when a session has lasted too long without anything new. HAVE and audits are none. */
function watchUse({ opened, owner, target, world }: Talk): UseWatch {
  let sinceMs = world.nowMs
  let over = false
  let first = !opened
  const look = (): void => {
    if (over) return
    const forMs = world.nowMs - sinceMs
    if (forMs <= FRUITLESS_MS_MAX) return void world.plan(NUDGE_MS, 'aim', owner, look)
    if (target.life?.started !== true) return
    const which = opened ? 'served' : 'opened'
    world.fail('limits hold', `machine ${target.index} keeps a session it ${which} idle for ${forMs} ms`)
  }
  world.plan(NUDGE_MS, 'aim', owner, look)
  return {
    gave({ header: { id } }) {
      if (target.life?.parts?.dag.holds(id) === false) sinceMs = world.nowMs
    },
    heard(frame) {
      if (first && frame[0] !== FRAME_TYPES.status) over = true
      first = false
    },
    ended: () => void (over = true)
  }
}

function runsOf({ blocks }: OwnFeed): readonly Run[] {
  const inner = new Set(blocks.map(({ header }) => header.prev))
  return blocks.filter(({ header }) => !inner.has(header.id)).map(({ header }) => runOf(header))
}

function anyTop(prng: Prng): string {
  return anyHash(prng).slice(0, 32)
}

async function listen(
  stream: FrameStream, heard: (frame: Uint8Array) => void = () => undefined
): Promise<void> {
  for await (const frame of stream.frames) heard(frame)
}

function send(stream: FrameStream, frame: SyncFrame): Promise<void> {
  return stream.send(encodeFrame(frame))
}
