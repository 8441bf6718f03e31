// A cause names the agents whose ballots on the key weigh otherwise, with their accuracy under its predicate.

import { describe, expect, it } from 'vitest'
import type { PublicKey } from '../../src/base/index.js'
import { createTrustCauses } from '../../src/node/trust-cause.js'
import { type AgentTrust, type ClosedTrust, snapshotOf, type TrustSnapshot } from '../../src/trustrank/index.js'
import { agent } from '../lenses/make.js'

const [ann, bob, cid] = [agent('ann'), agent('bob'), agent('cid')]

interface Values {
  readonly p?: number
  readonly q?: number
  readonly rare?: number
  readonly cells?: number
}

/** Ann has accuracies under p and q, Bob has his own cells in the tables of p, Cid never changes. */
function snapshot(generation: number, { p = 500, q = 500, rare = 100, cells = 10 }: Values): TrustSnapshot {
  const value: AgentTrust = { accuracy: 800, standing: 1_024, gate: 1_024 }
  const tables: ClosedTrust = {
    predicate: 'p', turnedBits: 2, values: ['6161', '6162'],
    base: Uint16Array.from([rare, 1_024 - rare]), spread: Uint16Array.from([0, 1_024, 1_024, 0]),
    own: new Map([[bob, Uint16Array.from([cells, 20, 30, 40])]]),
    shares: new Map()
  }
  return snapshotOf({
    mode: 'computed', roundMs: 0, prior: { accuracy: 700, standing: 1_024, gate: 1_024 }, closed: [tables],
    agents: new Map<PublicKey, AgentTrust>([
      [ann, { ...value, predicates: new Map([['p', p], ['q', q]]) }], [bob, value], [cid, value]
    ])
  }, { generation })
}

/** What a cause says of the step from the usual values to others, about a key under the predicate. */
function causeOf(predicate: string, values: Values): unknown {
  const kept = [snapshot(1, {}), snapshot(2, values)]
  const causes = createTrustCauses({ past: (sought) => kept.find(({ generation }) => generation === sought) })
  const { tables, agents } = causes(predicate, { from: 1, to: 2, agents: [ann, bob, cid] })
  return {
    tables,
    agents: agents.map(({ agent: who, accuracyBefore: was, accuracyAfter: is }) => [who, was, is])
  }
}

describe('the cause of a changed answer', () => {
  it('shows the accuracy under the predicate of the key, where that alone changed', () => {
    expect(causeOf('p', { p: 100 })).toEqual({ tables: false, agents: [[ann, 500, 100]] })
  })

  it('does not name an agent that changed under another predicate', () => {
    expect(causeOf('p', { q: 100 })).toEqual({ tables: false, agents: [] })
  })

  it('names everyone with a ballot, the changed first, where base rates of the predicate changed', () => {
    const others = [bob, cid].sort().map((who) => [who, 800, 800])
    expect(causeOf('p', { rare: 900, p: 501 })).toEqual({ tables: true, agents: [[ann, 500, 501], ...others] })
    expect(causeOf('q', { rare: 900 })).toEqual({ tables: false, agents: [] })
  })

  it('names the agent whose own table changed', () => {
    expect(causeOf('p', { cells: 900 })).toEqual({ tables: true, agents: [[bob, 800, 800]] })
  })
})
