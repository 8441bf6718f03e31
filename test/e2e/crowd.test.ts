// Fourteen nodes behind one IP address: each later one dials the two before it, and all of them at once the
// first. libp2p's defaults refuse the sixth dial of a second and give such neighbours a score of -45.

import { afterAll, expect, it } from 'vitest'
import { createFederation } from '../../scripts/cluster/federation.js'
import { waitFor, waitForEqualTags } from '../../scripts/cluster/process-node.js'
import { addressOf, peersOf } from './observe.js'

const count = 14
const federation = await createFederation({ name: 'crowd' })

afterAll(() => federation.end())

it('fourteen nodes on one address all gossip with the first, and converge', async () => {
  const first = await federation.start(federation.founder, [])
  const members = await Promise.all(
    Array.from({ length: count - 1 }, (_, i) => federation.member(`node ${i}`)))
  const others = await Promise.all(members.map((member) => federation.start(member, [addressOf(first)])))
  const nodes = [first, ...others]
  await waitFor('gossip with all', 60_000, async () => {
    const peers = await peersOf(first)
    return peers.length === count - 1 && peers.every(({ gossip }) => gossip)
  })
  await Promise.all(nodes.map((node) => federation.write(node, `from ${node.name}`)))
  const states = await waitForEqualTags(nodes, 60_000)
  expect(states.map(({ records, forks }) => [records, forks])).toEqual(nodes.map(() => [count, 0]))
}, 240_000)
