// What people read of trust.

import { describe, expect, it } from 'vitest'
import { agentsTable, type AgentAnswer, type ExplainedAgent, explanationText } from '../../src/cli/commands/trust.js'

const agent: AgentAnswer = {
  agent_id: 'a'.repeat(64), accuracy: 0.9375, standing: 1, gate: 1, group: null, seed: false, ballots: 12_345, hits: 99.25
}
const explained: ExplainedAgent = {
  ...agent, published: true, past: [], predicates: [], predicates_total: 0,
  trust: { mode: 'computed', generation: 7, lag_ms: 0, agents: 3, ballots: 21, computed: true },
  reasons: { ballots: 4, hits: 1, audited: 0, clones: [], clones_total: 0, lost: [], gained: [] }
}

function lines(text: string): readonly string[] {
  return text.replace(/\u001b\[\d+m/g, '').split('\n')
}

describe('the table of agents', () => {
  it('has at most 100 columns, says who seeds trust and who copies whom', () => {
    const shown = lines(agentsTable([
      { ...agent, seed: true }, { ...agent, group: agent.agent_id }, { ...agent, group: `${'b'.repeat(60)}cdef` },
      { ...agent, ballots: null, hits: null, standing: 0.25 }
    ]))
    for (const line of shown) expect(line.length).toBeLessThanOrEqual(100)
    expect(shown.slice(1).map((line) => line.split(/  +/).slice(1))).toEqual([
      ['93.8 %', '99 of 12345', 'a seed'], ['93.8 %', '99 of 12345', 'copied'],
      ['93.8 %', '99 of 12345', 'as …cdef'], ['93.8 %', '-', 'at 25 %']
    ])
  })
})

describe('the explanation of an agent', () => {
  it('names what its ballots were worth, what cost it, and what it had before', () => {
    const text = lines(explanationText({
      ...explained, gate: 0.5, past: [{ generation: 6, accuracy: 0.96875, predicates: [{ predicate: 'currency', accuracy: 0.5 }] }],
      predicates: [
        { predicate: 'currency', accuracy: 0.25, ballots: 4, hits: 1 },
        ...Array.from({ length: 11 }, (_, at) => ({ predicate: `p${at}`, accuracy: 0.5, ballots: null, hits: null }))
      ],
      predicates_total: 12,
      reasons: {
        ballots: 404, hits: 101, audited: 2, clones: ['c'.repeat(64)], clones_total: 8,
        lost: [{ subject: 'SL', predicate: 'currency', share: 0.001, weight: 1, audited: true }],
        gained: [{ subject: 'FR', predicate: 'capital', share: 1, weight: 1, audited: false }]
      }
    }))
    expect(text).toContain('accuracy     93.8 %')
    expect(text).toContain("vote budget  leaves 50.0 % of a ballot's weight")
    expect(text).toContain('record       101.0 of 404.0 ballots hold, 25.0 %; 2 on what seeds have judged')
    expect(text).toContain('copies       one voice with 8 others')
    expect(text).toContain('cost it      SL currency: its answer holds with 0.1 %, judged by a seed')
    expect(text).toContain('gained it    FR capital: its answer holds with 100.0 %')
    expect(text).toContain('under        currency: 25.0 %; 1.0 of 4.0 ballots hold')
    expect(text).toContain('under        p8: 50.0 %')
    expect(text.join()).not.toContain('p9')
    expect(text).toContain('also under   2 predicates: --json')
    expect(text).toContain('before       96.9 %, currency 50.0 % in snapshot 6')
  })

  it('does not call an agent one without ballots while the node has not read them', () => {
    const trust = { ...explained.trust, ballots: 0, computed: false }
    const text = lines(explanationText({ ...explained, reasons: null, trust }))
    expect(text).toContain('record    not known yet: the node has not read all ballots since it started')
    expect(text).toContain('trust     computed, snapshot 7, from before the start; its ballots are still being read')
  })

  it('says of a newcomer that it is one', () => {
    const text = lines(explanationText({ ...explained, published: false, reasons: null }))
    expect(text).toContain('accuracy  93.8 %, as every newcomer')
    expect(text).toContain('record    no ballots')
  })
})
