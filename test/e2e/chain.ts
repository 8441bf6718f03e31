// Three nodes in a row: what one end writes reaches the other through the middle alone.

import { createFederation, type Federation } from '../../scripts/cluster/federation.js'
import type { ProcessNode } from '../../scripts/cluster/process-node.js'
import { addressOf, waitForGossip } from './observe.js'

/** The nodes; the ends dial the middle. */
export interface Chain {
  readonly federation: Federation
  readonly middle: ProcessNode
  readonly left: ProcessNode
  readonly right: ProcessNode
  /** Names of the ends. */
  readonly peers: readonly string[]
}

// V8 puts collecting off while there is room: resident memory would tell of garbage, not of what is held.
const EAGER = ['--max-semi-space-size=4', '--max-old-space-size=256']

/** Starts a federation of three that gossip; its `end` ends them. */
export async function startChain(name: string): Promise<Chain> {
  const federation = await createFederation({ name })
  const ends = [await federation.member('left'), await federation.member('right')] as const
  const middle = await federation.start(federation.founder, [], { v8: EAGER })
  const [left, right] = await Promise.all([
    federation.start(ends[0], [addressOf(middle)]), federation.start(ends[1], [addressOf(middle)])
  ])
  const peers = ends.map(({ peer }) => peer)
  await waitForGossip(middle, peers)
  return { federation, middle, left, right, peers }
}
