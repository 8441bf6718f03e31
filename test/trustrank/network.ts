// Trust of networks that a test writes down by name.

import { computeTrust, createBallotBook, type TrustSnapshot } from '../../src/trustrank/index.js'
import { keysOf, type NamedNetwork, policyOf } from '../../scripts/vectors/trust.js'

/** Trust computed over all ballots of the network. */
export function trustOf(network: Omit<NamedNetwork, 'name'>): TrustSnapshot {
  const named = { name: '', ...network }
  const policy = policyOf(named)
  const book = createBallotBook(policy.roundMs, policy.seeds)
  for (const key of keysOf(named)) book.put(key)
  return computeTrust(book.columns(), policy).snapshot
}
