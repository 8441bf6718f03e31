import { expect, it } from 'vitest'
import { areEqual, type State, type StateTag } from '../../scripts/cluster/process-node.js'

const tag: StateTag = {
  tag_version: 1, frontier_root: 'f', records: 2, schema_version: 1, view_version: 1, trust_digest: 't',
  view_digest: 'v', signed: 'by one'
}
const state: State = { frontier_root: 'f', records: 2, blocks: 1, unsealed: 0, dirty_marks: 0, forks: 0, tag }
const other = (more: Partial<StateTag>): State => ({ ...state, tag: { ...tag, ...more } })

it('calls states equal when all of their tags but the signature are', () => {
  expect(areEqual([state, other({ signed: 'by another' })])).toBe(true)
  expect(areEqual([])).toBe(false)
})

it.each([
  other({ tag_version: 2 }), other({ frontier_root: 'g' }), other({ records: 3 }), other({ schema_version: 2 }),
  other({ view_version: 2 }), other({ trust_digest: 'u' }), other({ view_digest: 'w' }),
  { ...state, tag: null }, { ...state, unsealed: 1 }, { ...state, forks: 1 }
])('does not call states equal that differ in one thing (%#)', (different) => {
  expect(areEqual([state, different])).toBe(false)
  expect(areEqual([different, state])).toBe(false)
})
