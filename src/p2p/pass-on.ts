// Passing on what a sync session brought: nobody gossips that. After a partition the other peers lack it too,
// and would wait for their turn; where gossip works there is little to bring, and seldom.

import type { Clock, PeerName } from '../base/index.js'

/** What passing on needs. */
export interface PassOnDeps {
  peers(): readonly PeerName[]
  /** Wants a session with a peer. */
  request(peer: PeerName): void
  readonly clock: Clock
}

/**
 * Makes the function to call after a session that brought blocks, with its peer: the others are asked for a
 * session each, at most once in `syncEveryMs`.
 */
export function createPassOn(
  options: { readonly syncEveryMs: number }, deps: PassOnDeps
): (from: PeerName) => void {
  let notBeforeMs = 0
  return (from) => {
    const now = deps.clock.monotonicMs()
    if (now < notBeforeMs) return
    notBeforeMs = now + options.syncEveryMs
    for (const peer of deps.peers()) if (peer !== from) deps.request(peer)
  }
}
