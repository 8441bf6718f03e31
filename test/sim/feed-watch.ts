// Watches the feeds of honest machines from outside: which feed each seals into, and what it publishes.
// Rule: a feed that was left is never used again, no place of a feed is given to two blocks, nothing is
// sealed ahead of the clock, and own blocks from the future do not stay. All but the last are held against
// the blocks themselves, when they are published: a fork that nobody keeps is one too.

import type { Hash } from '../../src/base/index.js'
import { decodeHeader, type BlockHeader } from '../../src/dag/index.js'
import type { Parts } from '../../src/node/parts.js'
import { START_MS, type Machine } from './machine.js'
import type { World } from './world.js'

/** Who watches. */
export interface FeedWatch {
  /** A cheap look at a running node. */
  look(machine: Machine): void
  /** A machine publishes a block of its own, or the header of one. */
  published(machine: Machine, payload: Uint8Array): void
}

/** A clock this far behind the last block has been set back: what is sealed then belongs into a new feed. */
const BEHIND_MS_MAX = 30_000
/** Blocks this far ahead of the clock wait. */
const AHEAD_MS_MAX = 300_000
/** Own blocks from the future are to be gone this long after they are seen: the node looks every 10 s. */
const AHEAD_STAY_MS = 60_000
/** Between the sealing of a block and its publication, the clock may be set. */
const SEALING_MS_MAX = 5_000
/** A payload begins with its encoding and the length of the header. */
const PREFIX_BYTES = 3

interface Feeds {
  readonly known: Set<Hash>
  readonly left: Set<Hash>
  current: Hash | undefined
  disks: number
  rollbacks: number
  /** Own blocks were ahead of the clock at each look since then. */
  aheadSinceMs: number | undefined
}

/** Nothing was seen yet. */
export function createFeedWatch(world: World): FeedWatch {
  return new Watcher(world)
}

class Watcher implements FeedWatch {
  readonly #world: World
  readonly #feeds = new Map<Machine, Feeds>()
  readonly #places = new Map<string, Hash>()
  readonly #heard = new WeakSet<Parts>()
  /**
   * Feeds that a node was told to end, and when by its clock. A node that dies before it has written down
   * the next one asks its peers anew: of a lie nothing is left then.
   */
  readonly #ended = new WeakMap<Parts, Map<Hash, number>>()

  constructor(world: World) {
    this.#world = world
  }

  look(machine: Machine): void {
    const { life } = machine
    if (life?.parts === undefined) return
    const feeds = this.#feedsOf(machine)
    const { feed } = life.parts.ownFeed.current
    this.#hearEnds(machine, life.parts)
    this.#moveOn(machine, feeds, feed)
    const tip = life.parts.dag.tipOfNode(machine.signer.publicKey)
    const nowMs = START_MS + this.#world.nowMs + machine.offsetMs
    const isHeld = life.heldUntilMs > this.#world.nowMs
    if (isHeld || tip === undefined || tip.sealedAtMs <= nowMs + AHEAD_MS_MAX) {
      return void (feeds.aheadSinceMs = undefined)
    }
    feeds.aheadSinceMs ??= this.#world.nowMs
    if (this.#world.nowMs - feeds.aheadSinceMs < AHEAD_STAY_MS) return
    this.#fail('the future waits', machine, `its own block ${tip.id} lies ahead of its clock and stays`)
  }

  published(machine: Machine, payload: Uint8Array): void {
    const header = headerIn(payload)
    if (header === undefined || header.nodeKey !== machine.signer.publicKey) return
    const { feed, seq, id, sealedAtMs } = header
    const place = `${feed} ${seq}`
    const other = this.#places.get(place)
    if (other !== undefined && other !== id) {
      this.#fail('own feeds never fork', machine, `feed ${feed} seq ${seq}: ${other} and ${id}`)
    }
    this.#places.set(place, id)
    const parts = machine.life?.parts
    const endedMs = (parts === undefined ? undefined : this.#ended.get(parts)?.get(feed)) ?? Infinity
    if (sealedAtMs > endedMs && !machine.clockTouched) {
      this.#fail('a feed that was left is left for good', machine, `${id} was sealed ${sealedAtMs - endedMs} ms later`)
    }
    const nowMs = START_MS + this.#world.nowMs + machine.offsetMs
    const isSet = this.#world.nowMs - machine.clockSetMs < SEALING_MS_MAX
    if (!isSet && sealedAtMs > nowMs + BEHIND_MS_MAX) {
      this.#fail('nothing is sealed ahead of its clock', machine, `${id} by ${sealedAtMs - nowMs} ms`)
    }
  }

  /** From the word on nothing is sealed into a feed, however long it takes to write the next one down. */
  #hearEnds(machine: Machine, parts: Parts): void {
    if (this.#heard.has(parts)) return
    this.#heard.add(parts)
    const ended = new Map<Hash, number>()
    this.#ended.set(parts, ended)
    const { ingest, ownFeed } = parts
    const halt = ingest.halt.bind(ingest)
    ingest.halt = () => {
      const { feed } = ownFeed.current
      const nowMs = START_MS + this.#world.nowMs + machine.offsetMs
      if (!ended.has(feed)) ended.set(feed, nowMs)
      halt()
    }
  }

  #feedsOf(machine: Machine): Feeds {
    const { replaced: disks, rollbacks } = machine
    let feeds = this.#feeds.get(machine)
    if (feeds === undefined || feeds.rollbacks !== rollbacks) {
      // A machine that was rolled back knows nothing of what it left since.
      feeds = {
        known: new Set(), left: new Set(), current: undefined, disks, rollbacks, aheadSinceMs: undefined
      }
      this.#feeds.set(machine, feeds)
    } else if (feeds.disks !== disks) {
      // A new disk, or a copy of the old one: whoever has the old one may go on with its feed.
      for (const feed of feeds.known) feeds.left.add(feed)
      feeds.disks = disks
      feeds.current = undefined
    }
    return feeds
  }

  #moveOn(machine: Machine, feeds: Feeds, feed: Hash): void {
    if (feed === feeds.current) return
    if (feeds.left.has(feed)) this.#fail('a feed that was left is left for good', machine, feed)
    if (feeds.current !== undefined) feeds.left.add(feeds.current)
    feeds.current = feed
    feeds.known.add(feed)
  }

  #fail(invariant: string, { index }: Machine, message: string): void {
    this.#world.fail(invariant, `machine ${index}: ${message}`)
  }
}

function headerIn(payload: Uint8Array): BlockHeader | undefined {
  const end = PREFIX_BYTES + (payload[1] ?? 0) * 256 + (payload[2] ?? 0)
  const decoded = decodeHeader(payload.subarray(PREFIX_BYTES, end))
  return decoded.kind === 'ok' ? decoded.header : undefined
}
