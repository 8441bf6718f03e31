// Chase after blocks that gossip named and that are not here: the sender is asked once, then others.
// Rule: whoever sends bogus parents makes us ask no more than one other peer a second; what is not found so
// is left to the periodic comparison.

import type { Clock, Hash, PeerName, Random } from '../base/index.js'

/** What a chase needs. */
export interface ChaseDeps {
  holds(id: Hash): boolean
  /** Connected peers. */
  peers(): readonly PeerName[]
  /** Wants a session with a peer soon. */
  request(peer: PeerName): void
  readonly clock: Clock
  readonly random: Random
}

/** Asks for missing blocks, peer after peer. */
export interface GapChase {
  /** A peer named blocks that are not here: it is asked. */
  missing(from: PeerName, ids: readonly Hash[]): void
  /** A session with a peer has ended, or the peer is gone: what is still missing is asked of another one. */
  ended(peer: PeerName): void
}

/** Blocks that are chased at once; the one chased longest gives way. */
export const chasedMax = 256
/** Peers that one block is asked of: its sender and three others. */
export const askedMax = 4
const otherMs = 1_000

interface Chase {
  readonly asked: Set<PeerName>
  /** Who is being asked. */
  current: PeerName
}

/** A chase after nothing. */
export function createGapChase(deps: ChaseDeps): GapChase {
  const chases = new Map<Hash, Chase>()
  let nextOtherMs = -Infinity

  const another = (waiting: readonly Chase[]): PeerName | undefined => {
    const now = deps.clock.monotonicMs()
    const peers = deps.peers().filter((peer) => waiting.some(({ asked }) => !asked.has(peer)))
    if (peers.length === 0 || now < nextOtherMs) return undefined
    nextOtherMs = now + otherMs
    return peers[deps.random.integer(peers.length)]
  }
  return {
    missing(from, ids) {
      for (const id of ids) {
        const chase = chases.get(id)
        if (chase !== undefined) continue
        chases.set(id, { asked: new Set([from]), current: from })
        const oldest = chases.keys().next()
        if (chases.size > chasedMax && oldest.done !== true) chases.delete(oldest.value)
      }
      deps.request(from)
    },
    ended(peer) {
      const waiting: Chase[] = []
      for (const [id, chase] of chases) {
        if (deps.holds(id)) chases.delete(id)
        else if (chase.current === peer) {
          if (chase.asked.size < askedMax) waiting.push(chase)
          else chases.delete(id)
        }
      }
      const other = waiting.length === 0 ? undefined : another(waiting)
      for (const [id, chase] of chases) {
        if (!waiting.includes(chase)) continue
        if (other === undefined || chase.asked.has(other)) {
          chases.delete(id)
          continue
        }
        chase.asked.add(other)
        chase.current = other
      }
      if (other !== undefined) deps.request(other)
    }
  }
}
