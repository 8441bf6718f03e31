// Peer book: what each peer has done, for reports and for the misbehaviour score.
// Rule: points are for what an honest peer never does; they fade; content is never judged by its sender.
// Bounded: past `peersMax` the peer that was heard longest ago is forgotten.

import type { Clock, Hash, PeerName } from '../base/index.js'

/** Counters of one peer since it was first heard. */
export interface PeerStats {
  readonly peer: PeerName
  readonly sessions: number
  readonly sessionsFailed: number
  readonly blocksIn: number
  readonly blocksOut: number
  /** Bytes of sync frames. */
  readonly bytesIn: number
  readonly bytesOut: number
  readonly gossipIn: number
  readonly gossipIgnored: number
  readonly gossipRejected: number
  /** Wall-clock ms of the last session that ended well. */
  readonly lastSyncMs?: number
  /** Its frontier at the end of that session, and whether it was ours. */
  readonly frontierRoot?: Hash
  readonly equalFrontier: boolean
  readonly recordCount?: number
  /** Misbehaviour points that have not faded yet. */
  readonly score: number
}

/** A page of the book, to be counted on. */
export interface PeerPage {
  peer: PeerName
  sessions: number
  sessionsFailed: number
  blocksIn: number
  blocksOut: number
  bytesIn: number
  bytesOut: number
  gossipIn: number
  gossipIgnored: number
  gossipRejected: number
  lastSyncMs: number | undefined
  frontierRoot: Hash | undefined
  equalFrontier: boolean
  recordCount: number | undefined
  heardMs: number
  points: number
  pointsAtMs: number
}

/** The book. */
export interface PeerBook {
  /** The page of a peer, made when it is new. */
  page(peer: PeerName): PeerPage
  /** Adds points. @returns true when the peer is to be disconnected; its points then start from 0 */
  blame(peer: PeerName, points: number): boolean
  stats(): readonly PeerStats[]
}

/** Numbers of the book; see options.ts. */
export interface PeerBookOptions {
  readonly scoreMax: number
  readonly scoreDecayPerMinute: number
  readonly peersMax: number
}

/** Makes an empty book. */
export function createPeerBook(options: PeerBookOptions, clock: Clock): PeerBook {
  // In order of hearing: a page that is used moves to the end.
  const pages = new Map<PeerName, PeerPage>()
  const fade = (page: PeerPage): number => {
    const now = clock.monotonicMs()
    const faded = ((now - page.pointsAtMs) / 60_000) * options.scoreDecayPerMinute
    page.points = Math.max(0, page.points - faded)
    page.pointsAtMs = now
    return page.points
  }
  const page = (peer: PeerName): PeerPage => {
    const known = pages.get(peer) ?? newPage(peer, clock.monotonicMs())
    pages.delete(peer)
    pages.set(peer, known)
    const oldest = pages.keys().next()
    if (pages.size > options.peersMax && oldest.done !== true) pages.delete(oldest.value)
    return known
  }
  return {
    page,
    blame(peer: PeerName, points: number): boolean {
      const entry = page(peer)
      entry.points = fade(entry) + points
      if (entry.points < options.scoreMax) return false
      entry.points = 0
      return true
    },
    stats: () => [...pages.values()].map((entry) => statsOf(entry, fade(entry)))
  }
}

function newPage(peer: PeerName, now: number): PeerPage {
  return {
    peer, sessions: 0, sessionsFailed: 0, blocksIn: 0, blocksOut: 0, bytesIn: 0, bytesOut: 0, gossipIn: 0,
    gossipIgnored: 0, gossipRejected: 0, lastSyncMs: undefined, frontierRoot: undefined, equalFrontier: false,
    recordCount: undefined, heardMs: now, points: 0, pointsAtMs: now
  }
}

function statsOf(page: PeerPage, score: number): PeerStats {
  const { lastSyncMs, frontierRoot, recordCount } = page
  return {
    peer: page.peer,
    sessions: page.sessions,
    sessionsFailed: page.sessionsFailed,
    blocksIn: page.blocksIn,
    blocksOut: page.blocksOut,
    bytesIn: page.bytesIn,
    bytesOut: page.bytesOut,
    gossipIn: page.gossipIn,
    gossipIgnored: page.gossipIgnored,
    gossipRejected: page.gossipRejected,
    equalFrontier: page.equalFrontier,
    score: Math.round(score),
    ...(lastSyncMs === undefined ? {} : { lastSyncMs }),
    ...(frontierRoot === undefined ? {} : { frontierRoot }),
    ...(recordCount === undefined ? {} : { recordCount })
  }
}
