// What commands say of the last audit.

import { describe, expect, it } from 'vitest'
import { auditText } from '../../src/cli/commands/state.js'

const state = {
  frontier_root: 'f', records: 1, blocks: 7, feeds: 1, heads: [], forks: 0, pending_blocks: 0, wanted_blocks: 0,
  unsealed: 0, quarantined: 0, dirty_marks: 0
}
const last = { at: 0, peer: 'p', blocks: 7, damaged: 0, repaired: 0, open: 0 }

describe('the last audit in a line', () => {
  it('says that there was none, when it was, and what it found', () => {
    expect(auditText(state)).toBe('not since the start')
    expect(auditText({ ...state, last_audit: last })).toBe('1970-01-01T00:00:00.000Z, 7 blocks, none damaged')
    expect(auditText({ ...state, last_audit: { ...last, damaged: 3, repaired: 2, open: 1 } }))
      .toBe('1970-01-01T00:00:00.000Z, 7 blocks, 3 damaged, 2 put back, 1 not given back yet')
  })
})
