// What scripts print of odd cases.

import { describe, expect, it } from 'vitest'
import type { ProcessNode } from '../../scripts/cluster/process-node.js'
import { printConflict } from '../../scripts/demo/judge.js'
import type { Story } from '../../scripts/demo/story.js'
import { hoursText } from '../../scripts/sim/report.js'

describe('the demo', () => {
  it('shows an answer that has no runner-up', async () => {
    const said: string[] = []
    const story: Story = { chapter: () => undefined, say: (text) => void said.push(text) }
    const winner = { object: 'SLE', assertion_hash: 'ab', agent_id: 'cd', timestamp: 0 }
    const answer = { winner, share: 1, agents: 3, ballots: 3, evidence: { digest: 'ef', assertions: 3 } }
    await printConflict([{ get: async () => answer } as unknown as ProcessNode], story)
    expect(said[0]).toContain('SLE')
    expect(said.join()).not.toContain('runner-up')
  })
})

describe('the simulator', () => {
  it('does not print a short run as none', () => {
    const minute = 60_000
    expect([minute, 30 * minute, 60 * minute, 1_500 * minute].map(hoursText))
      .toEqual(['0.02 virtual hours', '0.50 virtual hours', '1.0 virtual hours', '25.0 virtual hours'])
  })
})
