// Places of sessions: how many run at once, and which one gives its place up when all are taken.
// Rule: nobody keeps others out for long. Of the sessions that have had their time the one that moved the
// fewest bytes a second goes first, those with peers that the operator chose last; for such a peer a session
// with any other goes at once. Who is displaced is not blamed: it may be slow.

import type { Clock, PeerName } from '../base/index.js'
import type { SessionRun } from './session-run.js'

/** Numbers of the places; see options.ts. */
export interface PlaceOptions {
  readonly placesMax: number
  readonly graceMs: number
}

/** What places need. */
export interface PlaceDeps {
  /** The operator named this peer: configured, of an invite, dialled by hand. */
  isChosen(peer: PeerName): boolean
  /** Ends a session whose place another one gets. */
  displace(run: SessionRun, peer: PeerName): void
  readonly clock: Clock
}

/** Places for sessions of one kind. */
export interface SessionPlaces {
  /** A place is free for this peer, or another session would give up its own. */
  hasRoom(peer: PeerName): boolean
  /** Takes a place, where `hasRoom` said so in this turn. */
  take(peer: PeerName, run: SessionRun): void
  leave(run: SessionRun): void
  readonly taken: number
}

interface Place {
  readonly peer: PeerName
  readonly run: SessionRun
  readonly sinceMs: number
  readonly chosen: boolean
}

/** Places, all free. Cost: a look at each session, when all places are taken. */
export function createSessionPlaces(options: PlaceOptions, deps: PlaceDeps): SessionPlaces {
  const places = new Map<SessionRun, Place>()
  const weakest = (peer: PeerName): Place | undefined => {
    const chosen = deps.isChosen(peer)
    const nowMs = deps.clock.monotonicMs()
    const mayGo = (place: Place): boolean => {
      return nowMs - place.sinceMs >= options.graceMs || (chosen && !place.chosen)
    }
    const ranked = [...places.values()].filter(mayGo).map((place) => ({ place, pace: paceOf(place, nowMs) }))
    ranked.sort((a, b) => Number(a.place.chosen) - Number(b.place.chosen) || a.pace - b.pace)
    return ranked[0]?.place
  }
  return {
    hasRoom: (peer) => places.size < options.placesMax || weakest(peer) !== undefined,
    take(peer, run) {
      const going = places.size < options.placesMax ? undefined : weakest(peer)
      places.set(run, { peer, run, sinceMs: deps.clock.monotonicMs(), chosen: deps.isChosen(peer) })
      if (going === undefined) return
      places.delete(going.run)
      deps.displace(going.run, going.peer)
    },
    leave: (run) => void places.delete(run),
    get taken() { return places.size }
  }
}

/** Useful bytes a second, since the session began. Of equals the oldest stands first: the order of a map. */
function paceOf({ run, sinceMs }: Place, nowMs: number): number {
  return (run.progress().usefulBytes * 1_000) / Math.max(1, nowMs - sinceMs)
}
