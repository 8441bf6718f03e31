// Links: connections that exchanged hellos, grouped by peer.
// Dial rule: of two links to a peer both sides keep the one dialled by the smaller id, so they agree without
// a word. Two links dialled by the same side: the dialler alone closes its older one, since it alone knows
// that the newer works.

import type { PeerLink, PeerName } from '../base/index.js'

/** A greeted connection, as far as the rules care. */
export interface Link {
  readonly id: string
  readonly peer: PeerName
  readonly direction: 'inbound' | 'outbound'
  readonly address: string
}

/** What became of the table by one change. */
export interface LinkChange {
  readonly event?: 'up' | 'down'
  /** Links that the dial rule gives up: close them. */
  readonly surplus: readonly Link[]
}

/** The table of greeted links. */
export interface LinkTable {
  add(link: Link): LinkChange
  remove(id: string): LinkChange
  has(peer: PeerName): boolean
  linksOf(peer: PeerName): readonly Link[]
  /** The link to use: the newest that the dial rule does not give up. */
  best(peer: PeerName): Link | undefined
  peers(gossips: (peer: PeerName) => boolean): readonly PeerLink[]
  clear(): readonly PeerName[]
}

/**
 * The one of two links that goes; undefined when the other side decides.
 * @param held  the link that was there
 * @param fresh the link that came
 */
export function surplusOf(self: PeerName, held: Link, fresh: Link): Link | undefined {
  const heldDialler = diallerOf(self, held)
  const freshDialler = diallerOf(self, fresh)
  if (heldDialler === freshDialler) return heldDialler === self ? held : undefined
  return heldDialler < freshDialler ? fresh : held
}

/** Makes an empty table. */
export function createLinkTable(self: PeerName): LinkTable {
  const byPeer = new Map<PeerName, Link[]>()
  return {
    add(link: Link): LinkChange {
      const held = byPeer.get(link.peer) ?? []
      const surplus = held.map((other) => surplusOf(self, other, link)).filter((one) => one !== undefined)
      byPeer.set(link.peer, surplus.includes(link) ? [link, ...held] : [...held, link])
      return { ...(held.length === 0 ? { event: 'up' } : {}), surplus: [...new Set(surplus)] }
    },
    remove(id: string): LinkChange {
      for (const [peer, links] of byPeer) {
        const left = links.filter((link) => link.id !== id)
        if (left.length === links.length) continue
        if (left.length > 0) byPeer.set(peer, left)
        else byPeer.delete(peer)
        return { ...(left.length === 0 ? { event: 'down' } : {}), surplus: [] }
      }
      return { surplus: [] }
    },
    has: (peer) => byPeer.has(peer),
    linksOf: (peer) => byPeer.get(peer) ?? [],
    best: (peer) => byPeer.get(peer)?.at(-1),
    peers: (gossips) => [...byPeer].flatMap(([peer, links]) => {
      const link = links.at(-1)
      if (link === undefined) return []
      return [{ peer, direction: link.direction, address: link.address, gossip: gossips(peer) }]
    }),
    clear(): readonly PeerName[] {
      const gone = [...byPeer.keys()]
      byPeer.clear()
      return gone
    }
  }
}

function diallerOf(self: PeerName, link: Link): PeerName {
  return link.direction === 'outbound' ? self : link.peer
}
